"""The table of contents: pace, paths, the order of stations. The only reader of the environment.

Each name is a Scrapy setting, so ``-s NAME=value`` overrides it for one run.
"""

import os
from pathlib import Path

from dotenv import dotenv_values
from scrapy.settings import default_settings

from crawler import __version__

PROJECT_DIR = Path(__file__).resolve().parent.parent
_environment = {**dotenv_values(PROJECT_DIR / ".env"), **os.environ}

BOT_NAME = "alkarmel-archive"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"

# --- The site -------------------------------------------------------------------------------
ALKARMEL_URL = _environment.get("ALKARMEL_URL") or None
ALKARMEL_TIMEZONE = _environment.get("ALKARMEL_TIMEZONE") or "Asia/Hebron"

# The thin layer that belongs to one site; but for the first two all of it may stay empty. README
# shows how to find the values with `scrapy shell` and `scrapy parse`. The spider of a further
# site has its own in `custom_settings`.
SITE_URL = ALKARMEL_URL
SITE_TIMEZONE = ALKARMEL_TIMEZONE
SITE_HOSTS: list[str] = []  # further hosts of the same site, beside its own and www.
SITE_ARTICLES: list[str] = []  # regular expressions of addresses that are articles
SITE_LISTINGS: list[str] = []  # … that are listings
SITE_IGNORED: list[str] = []  # … that are neither
SITE_SELECTORS: dict[str, str] = {}  # CSS for title, body, published, section, author, image

# --- Discovery: every road can be closed -----------------------------------------------------
DISCOVER_SITEMAPS = True
DISCOVER_FEEDS = True
DISCOVER_LISTINGS = True
DISCOVER_LINKS = True  # addresses of articles that articles link to
DISCOVER_GAPS = True  # backfill only: unseen numbers between known article numbers
SITEMAP_ADDRESSES = ["/sitemap.xml", "/sitemap_index.xml"]  # where robots.txt names none
FEED_ADDRESSES = ["/feed", "/rss"]  # where no page names one
SITEMAPS_PER_CRAWL = 1_000  # documents, against endless indexes
LISTINGS_PER_CRAWL = 2_000  # different listings (sections, tags), without their further pages
LISTING_DEPTH = 3  # clicks from the home page to a listing
PAGES_PER_LISTING = 10_000  # along «next», against endless calendars
GAPS_PER_CRAWL = 2_000  # guessed addresses

# --- Rechecks: looking at archived articles again ---------------------------------------------
# An article changes in its first hours, or seldom. One that is younger than the first number is
# due again after the second, give or take half of it, so that no two archived together come due
# together; the last row is for ever after. All in hours; the age counts from the printed date.
# Where the site gave ETag or Last-Modified, it is asked for the page only if that has changed.
# `python -m benchmarks.rechecks` shows what a table costs and what it catches.
RECHECKS: list[tuple[float | None, float]] = [
    (6, 1),
    (48, 6),
    (14 * 24, 3 * 24),
    (None, 30 * 24),
]
GONE_CONFIRMED_AFTER = 6 * 3600  # seconds; an article missed once is looked for again then
RECHECKS_PER_CRAWL = 1_000  # pages, by an incremental crawl or a worker; 0: none

# --- Pace and manners ------------------------------------------------------------------------
CRAWLER_CONTACT = _environment.get("CRAWLER_CONTACT") or None
USER_AGENT = (
    f"alkarmel-archive/{__version__} (news archive; +{CRAWLER_CONTACT or 'no contact given'})"
)
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = BOT_NAME
ROBOTSTXT_PARSER = "crawler.middlewares.robots.Parser"
# One pace a host, held by all crawls and workers of the database together.
DOWNLOAD_DELAY = 1.0  # seconds; Crawl-delay and AutoThrottle can only lengthen it
DOWNLOAD_DELAY_JITTER = 0
CONCURRENT_REQUESTS = 8
CONCURRENT_REQUESTS_PER_DOMAIN = 8
CONCURRENT_ITEMS = 1  # of one response: Scrapy starts that many tasks for each
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0
RETRY_AFTER_MAX = 600  # seconds that a crawl waits when told to; longer: it goes on without
DOWNLOAD_TIMEOUT = 60
RETRY_TIMES = 2  # at once; afterwards the ledger tries again, later and later
# Without the one of Scrapy's own handler, which would be loaded with it.
RETRY_EXCEPTIONS = [
    error
    for error in default_settings.RETRY_EXCEPTIONS
    if error != "scrapy.core.downloader.handlers.http11.TunnelError"
]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
FETCH_ATTEMPTS = 6  # crawls in which a page may fail before its state is failed
FETCH_BACKOFF = 300  # seconds to the second attempt; four times as long before each further one

# --- Safety ----------------------------------------------------------------------------------
DOWNLOAD_MAXSIZE = 10 * 1024 * 1024  # as sent and unpacked
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_VERIFY_CERTIFICATES = True
REDIRECT_MAX_TIMES = 5
METAREFRESH_ENABLED = False  # news sites refresh a page every few minutes to itself
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
COOKIES_ENABLED = False
TWISTED_DNS_RESOLVER = "crawler.middlewares.site.PublicHostResolver"

# --- The archive -----------------------------------------------------------------------------
DATABASE_URL = _environment.get("DATABASE_URL") or None
ARCHIVE_DIR = (
    Path(
        _environment.get("ARCHIVE_DIR")
        or (
            "/var/lib/alkarmel-archive"
            if os.geteuid() == 0
            else Path.home() / ".local/share/alkarmel-archive"
        )
    )
    .expanduser()
    .absolute()
)
ARCHIVE_MIN_FREE = 200 * 1024 * 1024  # bytes; with less no crawl starts
DATABASE_PATIENCE = 300  # seconds that a crawl waits for a database that went away
CLAIM_LEASE = 900  # seconds after which others fetch what a crawl that hangs has claimed
BATCH_SIZE = 64  # pages claimed, or items stored, in one transaction

# --- Evidence --------------------------------------------------------------------------------
WARC_KEEPS = ["page"]  # whose answers are kept: page, listing, feed, sitemap, robots
WARC_MAX_BYTES = 1024**3  # of one file; then the next is begun

# --- Operation -------------------------------------------------------------------------------
LOG_DIR = None  # one log file a crawl, here (as seen from ARCHIVE_DIR); None: standard error
LOG_DAYS = 30  # that those files are kept
LOG_JSON = False  # log lines as JSON, for machines
# What `scrapy health` takes for ill, where it differs from LIMITS in crawler/health.py.
HEALTH_LIMITS: dict[str, float] = {}

# --- Alarms ----------------------------------------------------------------------------------
# Where a crawl that ends with 1, 2 or 3 says so: addresses as Apprise writes them, with blanks
# between them, such as mailto://user:password@example.org or slack://…
ALARMS_TO = _environment.get("ALARMS_TO") or None

# --- Stations ----------------------------------------------------------------------------------
ITEM_PIPELINES = {
    "crawler.pipelines.cleaning.CleaningPipeline": 100,
    "crawler.pipelines.validation.ValidationPipeline": 200,
    "crawler.pipelines.fingerprint.FingerprintPipeline": 300,
    "crawler.pipelines.storage.StoragePipeline": 400,
}
SPIDER_MIDDLEWARES = {
    "crawler.middlewares.ledger.LedgerMiddleware": 500,
    # The depth of listings is the spider's, and pages of the ledger have none.
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    # `Site.owns` has the limit; a page that got lost on its way would stay claimed.
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    # It looks for a mistake of spiders, at each request of each crawl.
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,  # nothing asks what it notes
}
DOWNLOAD_HANDLERS = {
    "http": "crawler.download_handler.DownloadHandler",
    "https": "crawler.download_handler.DownloadHandler",
    **dict.fromkeys(("data", "ftp", "s3")),  # no news site is there
}
DOWNLOADER_MIDDLEWARES = {
    "crawler.middlewares.site.SiteMiddleware": 50,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    "crawler.middlewares.pace.PaceMiddleware": 560,
    "crawler.middlewares.evidence.EvidenceMiddleware": 900,  # nearest to the network
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,  # it would forge evidence
}
STATS_CLASS = "crawler.stats.Stats"
EXTENSIONS = {
    "crawler.extensions.progress.ProgressLine": 500,
}
# The consoles are switched off above; to load them all the same would bring a web server along.
EXTENSIONS_BASE = {
    path: order
    for path, order in default_settings.EXTENSIONS_BASE.items()
    if not path.startswith(("scrapy.extensions.remote_control", "scrapy.extensions.telnet"))
}

# Scrapy would read and parse the source of a callback again for nearly every response.
WARN_ON_GENERATOR_RETURN_VALUE = False
# First in, first out: listings and the articles they name take turns, and nothing starves.
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"
LOG_LEVEL = "INFO"
