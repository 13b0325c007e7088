"""What an observation of an article changes, as a reader of the page would see it."""

import re
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from crawler.db.models import REVISED
from crawler.items import ArticleItem
from crawler.text.arabic import INVISIBLE, SPACES, fold
from crawler.text.relative_dates import find_ago

_UNSEEN = re.compile(rf"[{SPACES}{INVISIBLE}]+")
# «منذ 3 أيام» may be almost four, on a day that began before.
_VAGUENESS = timedelta(days=2)


def changes(item: ArticleItem, article: sa.Row[Any]) -> list[str]:
    """The fields of the stored article that the page now prints otherwise.

    What it prints no longer is no change; nor are white space and invisible characters, nor a
    time that counts from the visit and so runs with the clock. Any other sign is one, a hamza too.
    """
    return [name for name in REVISED if _differs(name, item, article)]


def dates_differ(item: ArticleItem, article: sa.Row[Any]) -> bool:
    """Whether the dates say that two texts are two stories; a missing date says nothing."""
    if item.published_at is None or article.published_at is None:
        return False
    if "day" in (item.published_precision, article.published_precision):
        return bool(abs(item.published_at - article.published_at) >= timedelta(days=1))
    return bool(item.published_at != article.published_at)


def _differs(name: str, item: ArticleItem, article: sa.Row[Any]) -> bool:
    new, old = getattr(item, name), getattr(article, name)
    if new is None or new == old:
        return False
    if name == "published_at":
        return old is None or _is_another_date(item, article)
    return old is None or _UNSEEN.sub("", new) != _UNSEEN.sub("", old)


def _is_another_date(item: ArticleItem, article: sa.Row[Any]) -> bool:
    if item.published_at is None:
        return False
    if item.published_text and find_ago(fold(item.published_text)):
        return bool(abs(item.published_at - article.published_at) >= _VAGUENESS)
    # A day without its clock is not another date than a minute of it; the other way round it is
    # told more exactly.
    return item.published_precision != "day" or dates_differ(item, article)
