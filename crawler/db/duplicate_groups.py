"""Groups in SQL: which article's story each article tells, kept true when reprints come and go."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from crawler.db.models import Article

Order = tuple[bool, datetime, str]


def order(published_at: datetime | None, url: str) -> Order:
    """Which of two articles counts as the earlier: by date, undated ones last, then by address.

    Nothing of it depends on when or in what order the articles were fetched.
    """
    return (published_at is None, published_at or datetime.min.replace(tzinfo=UTC), url)


@dataclass(slots=True)
class _Node:
    order: Order
    duplicate_of: int | None
    similarity: float | None
    reprints: dict[int, float] = field(default_factory=dict)  # similarity by article


def regroup(connection: sa.Connection, article_ids: Iterable[int]) -> None:
    """Give articles, and whoever depends on them, the group that follows from `reprints`.

    The rule, from the earliest article to the latest: an article is a duplicate of the earliest
    one that it is a reprint of itself and that is no duplicate; where there is none, it begins a
    group. So every duplicate resembles the article that it is counted with, and a chain of small
    changes does not glue its two ends together.

    Whether an article is a duplicate depends on earlier ones only. An update therefore goes from
    the given articles to later ones, and on only where one became a duplicate or ceased to be.
    """
    graph = _Graph(connection)
    graph.load(article_ids)
    waiting = [(graph.nodes[article].order, article) for article in graph.loaded]
    heapq.heapify(waiting)
    done = set[int]()
    while waiting:
        _, article = heapq.heappop(waiting)
        if article in done:
            continue
        done.add(article)
        if article not in graph.loaded:
            graph.load([article, *(other for _, other in waiting)])
        if graph.decide(article):
            node = graph.nodes[article]
            later = [(graph.nodes[other].order, other) for other in node.reprints]
            for entry in later:
                if entry[0] > node.order:
                    heapq.heappush(waiting, entry)
    graph.write()


class _Graph:
    """The part of the graph of reprints that an update has come to."""

    def __init__(self, connection: sa.Connection):
        self.connection = connection
        self.nodes: dict[int, _Node] = {}
        self.loaded: set[int] = set()  # of these nodes all reprints are known
        self._changed: set[int] = set()

    def load(self, article_ids: Iterable[int]) -> None:
        wanted = sorted(set(article_ids) - self.loaded)
        reprints = defaultdict[int, dict[int, float]](dict)
        for article, neighbour, similarity in self._rows(_REPRINTS, wanted):
            reprints[article][neighbour] = similarity
        neighbours = {article for found in reprints.values() for article in found}
        unknown = sorted((neighbours | set(wanted)) - self.nodes.keys())
        for article, published_at, url, first, similarity in self._rows(_ARTICLES, unknown):
            self.nodes[article] = _Node(order(published_at, url), first, similarity)
        for article in wanted:
            self.nodes[article].reprints = reprints[article]
        self.loaded.update(wanted)

    def _rows(self, query: sa.Executable, article_ids: list[int]) -> list[Any]:
        return list(self.connection.execute(query, {"articles": article_ids}).all())

    def decide(self, article: int) -> bool:
        """Give an article its group; whether it became a duplicate or ceased to be one."""
        node = self.nodes[article]
        firsts = [
            other
            for other in node.reprints
            if self.nodes[other].duplicate_of is None and self.nodes[other].order < node.order
        ]
        first = min(firsts, key=lambda other: self.nodes[other].order, default=None)
        similarity = None if first is None else node.reprints[first]
        turned = (node.duplicate_of is None) != (first is None)
        if (first, similarity) != (node.duplicate_of, node.similarity):
            node.duplicate_of, node.similarity = first, similarity
            self._changed.add(article)
        return turned

    def write(self) -> None:
        rows: list[dict[str, Any]] = [
            {"article": article, "first": node.duplicate_of, "shared": node.similarity}
            for article in sorted(self._changed)
            if (node := self.nodes[article])
        ]
        if rows:
            self.connection.execute(_ASSIGN, rows)


_REPRINTS = sa.text(
    """
    SELECT article_id, other_id, similarity
    FROM reprints WHERE article_id = ANY(CAST(:articles AS bigint[]))
    UNION ALL
    SELECT other_id, article_id, similarity
    FROM reprints WHERE other_id = ANY(CAST(:articles AS bigint[]))
    """
)
_ARTICLES = sa.text(
    """
    SELECT id, published_at, url, duplicate_of_id, duplicate_similarity
    FROM articles WHERE id = ANY(CAST(:articles AS bigint[]))
    """
)
_ASSIGN = (
    sa.update(Article)
    .where(Article.id == sa.bindparam("article"))
    .values(
        duplicate_of_id=sa.bindparam("first", type_=sa.BigInteger),
        duplicate_similarity=sa.bindparam("shared", type_=sa.Float),
    )
)
