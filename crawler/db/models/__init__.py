"""The tables of the archive, with the rules they keep and a comment for every reader."""

from crawler.db.models.articles import PRECISIONS, Article, RelatedLink
from crawler.db.models.base import Base
from crawler.db.models.crawls import RUN_OUTCOMES, Expectation, Host, Run
from crawler.db.models.duplicates import CommonBand, Containment, Reprint, Signature
from crawler.db.models.history import ORIGINS, REVISED, Removal, Revision
from crawler.db.models.pages import LOOKED_AT_AGAIN, PAGE_STATES, Capture, Page

__all__ = [
    "LOOKED_AT_AGAIN",
    "ORIGINS",
    "PAGE_STATES",
    "PRECISIONS",
    "REVISED",
    "RUN_OUTCOMES",
    "Article",
    "Base",
    "Capture",
    "CommonBand",
    "Containment",
    "Expectation",
    "Host",
    "Page",
    "RelatedLink",
    "Removal",
    "Reprint",
    "Revision",
    "Run",
    "Signature",
]
