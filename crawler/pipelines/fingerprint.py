"""Fingerprint: what makes two articles the same text, and how long it is."""

from hashlib import sha256

from crawler.items import ArticleItem, PageOutcome
from crawler.text.arabic import fold, words


class FingerprintPipeline:
    """Adds the digest of the folded title and body, and the number of words in the body."""

    def process_item(self, item: ArticleItem | PageOutcome) -> ArticleItem | PageOutcome:
        if isinstance(item, ArticleItem) and item.title and item.body:
            folded = f"{fold(item.title)}\n{fold(item.body)}"
            item.digest = sha256(folded.encode()).hexdigest()
            item.word_count = len(words(item.body))
        return item
