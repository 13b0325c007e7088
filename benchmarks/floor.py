"""The floor that the crawl is measured against: Scrapy that is given the addresses."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from scrapy import Spider
from scrapy.cmdline import execute
from scrapy.http import Request, Response
from scrapy.settings import Settings


class FloorSpider(Spider):
    """Fetches the addresses in a file, one a line, and looks at nothing."""

    name = "floor"

    def __init__(self, addresses: str, **arguments: Any):
        super().__init__(**arguments)
        self.addresses = Path(addresses).read_text().splitlines()

    async def start(self) -> AsyncIterator[Request]:
        for address in self.addresses:
            yield Request(address)

    def parse(self, response: Response) -> None:
        return None


def main() -> None:
    settings = Settings({"SPIDER_MODULES": ["benchmarks.floor"], "ROBOTSTXT_OBEY": True})
    execute(["scrapy", "crawl", *sys.argv[1:]], settings)


if __name__ == "__main__":
    main()
