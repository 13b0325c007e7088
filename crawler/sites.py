"""The sites of the archive: each has its spider, whose settings are the site's own."""

import argparse
from typing import Any

from scrapy.settings import BaseSettings
from scrapy.spiderloader import get_spider_loader

from crawler.errors import OperatorError


def spider_of(settings: BaseSettings, name: str) -> Any:
    """The class of a spider; OperatorError where there is none of the name."""
    loader = get_spider_loader(settings)
    if name not in loader.list():
        known = ", ".join(loader.list())
        raise OperatorError(f"There is no spider {name!r}; the spiders are: {known}.")
    return loader.load(name)


def site_settings(settings: BaseSettings, name: str) -> BaseSettings:
    """The settings as a crawl of the site has them."""
    own = settings.copy()
    spider_of(settings, name).update_settings(own)
    return own


def add_site_option(parser: argparse.ArgumentParser) -> None:
    """For commands that work on one site at a time."""
    parser.add_argument(
        "--site",
        metavar="NAME",
        default="alkarmel",
        help="the site's spider (default: %(default)s)",
    )


def all_sites(settings: BaseSettings) -> dict[str, BaseSettings]:
    """Each site by the name of its spider, and its settings."""
    return {name: site_settings(settings, name) for name in get_spider_loader(settings).list()}
