"""Fingerprint: what makes two articles the same text, and how long it is."""

from hashlib import sha256

from crawler.items import ArticleItem, PageOutcome
from crawler.text.arabic import fold_line, fold_lines, words


class FingerprintPipeline:
    """Adds the digest of the folded title and body, and how many words the body has."""

    def process_item(self, item: ArticleItem | PageOutcome) -> ArticleItem | PageOutcome:
        if isinstance(item, ArticleItem) and item.title and item.body:
            body = " ".join(filter(None, fold_lines(item.body)))
            item.digest = sha256(f"{fold_line(item.title)}\n{body}".encode()).hexdigest()
            item.word_count = len(words(item.body))
        return item
