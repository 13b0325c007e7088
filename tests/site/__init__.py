"""A replica of an Arabic news site, served on loopback, that lies when it is told to.

site = Site(layout="post", articles=60)
with serve(site) as server:
    site.faults.add("/category/", Status(503, retry_after=2), times=1)
    crawl(server.url)
assert stored == site.truth
"""

from tests.site.exchange import Record, Request, get
from tests.site.faults import (
    DISALLOW_ALL,
    Cut,
    EndlessPages,
    GzipBomb,
    Large,
    Redirect,
    RedirectLoop,
    Slow,
    SoftMissing,
    Status,
    Text,
)
from tests.site.layouts import LAYOUTS
from tests.site.replica import Site, Truth
from tests.site.seed import find_seed_article
from tests.site.server import Server, serve

__all__ = [
    "DISALLOW_ALL",
    "LAYOUTS",
    "Cut",
    "EndlessPages",
    "GzipBomb",
    "Large",
    "Record",
    "Redirect",
    "RedirectLoop",
    "Request",
    "Server",
    "Site",
    "Slow",
    "SoftMissing",
    "Status",
    "Text",
    "Truth",
    "find_seed_article",
    "get",
    "serve",
]
