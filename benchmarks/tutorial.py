"""The shape that tutorials teach, which the crawl is measured against."""

import sys
from collections.abc import Iterator
from typing import Any, Self

import sqlalchemy as sa
from scrapy.cmdline import execute
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.linkextractors import LinkExtractor
from scrapy.settings import Settings
from scrapy.spiders import CrawlSpider, Rule
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from crawler.db.session import database_url


class TutorialSpider(CrawlSpider):
    """Follows every link of every page, and yields what looks like an article."""

    name = "tutorial"
    rules = (Rule(LinkExtractor(), callback="parse_page", follow=True),)
    custom_settings = {  # noqa: RUF012 - Scrapy's own declaration
        "ITEM_PIPELINES": {"benchmarks.tutorial.CommitPipeline": 300}
    }

    def __init__(self, home: str, database: str, **arguments: Any):
        super().__init__(**arguments)
        self.start_urls = [home]
        self.allowed_domains = [home.split("/")[2].split(":")[0]]
        self.database = database

    def parse_page(self, response: Response) -> Iterator[dict[str, str]]:
        title = response.css("h1::text, h2::text").get()
        body = "\n\n".join(response.css("p::text").getall())
        if title and "/post/" in response.url:
            yield {"url": response.url, "title": title, "body": body}


class Base(DeclarativeBase):
    pass


class PlainArticle(Base):
    __tablename__ = "articles"

    url: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str]


class CommitPipeline:
    """One ORM session and one commit an item."""

    def __init__(self, crawler: Crawler):
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def open_spider(self) -> None:
        spider: Any = self.crawler.spider
        self.engine = sa.create_engine(database_url(spider.database))
        Base.metadata.create_all(self.engine)

    def process_item(self, item: dict[str, str]) -> dict[str, str]:
        with Session(self.engine) as session:
            session.merge(PlainArticle(**item))
            session.commit()
        return item


def main() -> None:
    settings = Settings({"SPIDER_MODULES": ["benchmarks.tutorial"], "ROBOTSTXT_OBEY": True})
    execute(["scrapy", "crawl", *sys.argv[1:]], settings)


if __name__ == "__main__":
    main()
