"""The commands of `scrapy`, each a file."""

import gc

# Modules are loaded to stay: by its usual measure the collector would look through them hundreds
# of times. Pages leave few cycles behind, so that it has little to do in a crawl.
gc.set_threshold(20_000, 20, 20)
