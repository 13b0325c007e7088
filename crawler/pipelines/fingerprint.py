"""Fingerprint: what makes two articles the same text or nearly the same, and how long it is."""

from hashlib import sha256

from crawler.items import ArticleItem, PageOutcome
from crawler.text.arabic import fold_line, fold_lines, words


class FingerprintPipeline:
    """Adds the digest of the folded title and body, its signature, and the words of the body."""

    def process_item(self, item: ArticleItem | PageOutcome) -> ArticleItem | PageOutcome:
        if isinstance(item, ArticleItem) and item.title and item.body:
            body = " ".join(filter(None, fold_lines(item.body)))
            item.digest = sha256(f"{fold_line(item.title)}\n{body}".encode()).hexdigest()
            item.word_count = len(words(item.body))
            # Imported with the first article: it takes longer than a crawl without any to start.
            from crawler.text.similarity import signature

            item.signature = signature(item.title, item.body)
        return item
