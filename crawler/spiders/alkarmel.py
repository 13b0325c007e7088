"""The site of the archive. Another site is another small class like this one."""

from crawler.spiders.news import NewsSpider


class AlkarmelSpider(NewsSpider):
    name = "alkarmel"
