"""A Scrapy project that archives the news site Al-Karmel in PostgreSQL."""

__version__ = "0.1.0"
