"""Evidence: every answer is on disk as WARC before anyone reads it."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import scrapy
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from crawler import __version__
from crawler.db.captures import known_payloads
from crawler.db.group_commit import GroupCommit
from crawler.db.patience import Patience
from crawler.db.session import crawl_engine
from crawler.errors import EvidenceLost
from crawler.items import AnswerHead, Capture
from crawler.warc.records import Exchange, Known
from crawler.warc.writer import Place, WarcWriter

logger = logging.getLogger(__name__)

LINGER = 0.02  # seconds that an answer waits for others: they share one sync of the disk


class EvidenceMiddleware:
    """Writes each exchange of the kinds in WARC_KEEPS and notes in a page's request the capture.

    ``request.meta["capture"]`` is the `Capture` of the last answer. It stands nearest to the
    network, so that it sees each hop of a redirect and the bodies as they came. Exchanges that
    wait at the same moment are written, and synchronised with the disk, together.
    """

    def __init__(self, crawler: Crawler):
        self.crawler = crawler
        self.keeps = set(crawler.settings.getlist("WARC_KEEPS"))
        self.engine = crawl_engine(crawler.settings)
        self.writer = WarcWriter(
            Path(crawler.settings["ARCHIVE_DIR"]) / "warc",
            crawler.spidercls.name,
            _warcinfo(crawler),
            crawler.settings.getint("WARC_MAX_BYTES"),
        )
        self.commits: GroupCommit[Exchange, Place] = GroupCommit(
            self._write, Patience.of(crawler), crawler.settings.getint("BATCH_SIZE"), LINGER
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signals.spider_closed)
        return middleware

    async def spider_closed(self) -> None:
        await self.commits.flush()
        self.writer.close()
        self.engine.dispose()

    async def process_response(self, request: Request, response: Response) -> Response:
        kind = _kind(request)
        # A 304 has no body: that nothing changed stands in the ledger.
        is_kept = kind in self.keeps and response.status != 304
        if not is_kept and kind != "page":
            return response
        exchange = _exchange(request, response)
        place = None
        if is_kept:
            try:
                place = await self.commits.add(exchange)
            except OSError as error:
                raise self._stop(error) from error
            self.crawler.stats.inc_value("warc/revisit" if exchange.known else "warc/response")
        request.meta["capture"] = _capture(exchange, response, place)
        return response

    def _stop(self, error: OSError) -> EvidenceLost:
        """End the crawl: its pages stay as they were, and are due again."""
        reason = f"WARC file not writable: {error.strerror}"
        logger.error("The crawl ends: %s (%s)", reason, error.filename or self.writer.directory)
        engine: Any = self.crawler.engine
        asyncio.ensure_future(engine.close_spider_async(reason=reason))  # noqa: RUF006
        return EvidenceLost(reason)

    # --- in the writer's thread ---------------------------------------------------------------

    def _write(self, batch: list[Exchange]) -> list[Place]:
        pages = [(each.page_id, each.digest) for each in batch if each.page_id]
        if pages:
            with self.engine.connect() as connection:
                known = known_payloads(connection, pages)
            for exchange in batch:
                row = known.get((exchange.page_id, exchange.digest))
                exchange.known = row and Known(row.id, row.url, row.fetched_at)
        return self.writer.write(batch)


def _kind(request: Request) -> str:
    """page, listing, feed, sitemap or robots."""
    if "page_id" in request.meta:
        return "page"
    kind: str = request.meta.get("kind", "robots")
    return kind


def _exchange(request: Request, response: Response) -> Exchange:
    answer: AnswerHead = request.meta["answer_head"]
    return Exchange(
        url=response.url,
        fetched_at=datetime.now(UTC),
        method=request.method,
        request_headers=[
            (_text(name), _text(value))
            for name, values in request.headers.items()
            for value in values
            if name != b"Proxy-Authorization"  # a secret, and the proxy's
        ],
        request_body=request.body,
        protocol=response.protocol or "HTTP/1.1",
        status=response.status,
        reason=answer.reason,
        headers=[
            (_text(name), _text(value))
            for name, value in answer.headers
            if name.lower() != b"transfer-encoding"  # undone
        ],
        payload=response.body,
        ip_address=str(response.ip_address) if response.ip_address else None,
        page_id=request.meta.get("page_id"),
    )


def _text(part: bytes) -> str:
    """A part of a head, of which `Exchange` keeps every byte."""
    return part.decode(errors="surrogateescape")


def _capture(exchange: Exchange, response: Response, place: Place | None) -> Capture:
    return Capture(
        url=exchange.url,
        fetched_at=exchange.fetched_at,
        http_status=exchange.status,
        payload_digest=exchange.digest,
        page_id=exchange.page_id,
        etag=_header(response, "ETag"),
        last_modified=_header(response, "Last-Modified"),
        warc_file=place.file if place else None,
        warc_offset=place.offset if place else None,
        warc_length=place.length if place else None,
        revisit_of_id=exchange.known.capture_id if exchange.known else None,
    )


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1").replace("\x00", "") if value else None


def _warcinfo(crawler: Crawler) -> dict[str, str]:
    settings = crawler.settings
    return {
        "software": f"alkarmel-archive/{__version__} Scrapy/{scrapy.__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "isPartOf": f"{crawler.spidercls.name} run {settings.getint('RUN_ID')}",
        "operator": settings["CRAWLER_CONTACT"] or "",
        "http-header-user-agent": settings["USER_AGENT"],
        "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
    }
