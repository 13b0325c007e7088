"""What a page says about itself to machines: JSON-LD, OpenGraph and other meta tags, microdata."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from crawler.pages.blocks import text_content
from crawler.pages.document import Document
from crawler.pages.links import absolute_url

# schema.org's Article and what derives from it, as news sites use them.
ARTICLE_TYPES = {
    "AdvertiserContentArticle", "AnalysisNewsArticle", "Article", "AskPublicNewsArticle",
    "BackgroundNewsArticle", "BlogPosting", "LiveBlogPosting", "NewsArticle",
    "OpinionNewsArticle", "Report", "ReportageNewsArticle", "ReviewNewsArticle",
}  # fmt: skip
LISTING_TYPES = {"CollectionPage", "SearchResultsPage", "ProfilePage", "AboutPage", "ContactPage"}

# Field of Metadata -> the names under which meta tags carry it, best first, lower case.
_META = {
    "title": ("og:title", "twitter:title", "dc.title", "sailthru.title", "parsely-title"),
    "published": (
        "article:published_time", "og:article:published_time", "article:published",
        "datepublished", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime",
        "publishdate", "publish-date", "pubdate", "publication_date", "article.published",
        "dc.date.issued", "dcterms.created", "dc.date", "dcterms.date", "date",
    ),
    "modified": (
        "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified",
        "dcterms.modified", "lastmod",
    ),
    "section": ("article:section", "og:article:section", "parsely-section", "section"),
    "author": ("author", "article:author", "parsely-author", "dc.creator", "sailthru.author"),
    "image": ("og:image", "og:image:secure_url", "twitter:image", "twitter:image:src"),
    "description": ("og:description", "description", "twitter:description"),
    "site_name": ("og:site_name", "application-name"),
    "type": ("og:type",),
    "url": ("og:url",),
}  # fmt: skip
_JSON_LD = {
    "title": ("headline", "name"),
    "published": ("datePublished", "dateCreated"),
    "modified": ("dateModified",),
    "section": ("articleSection",),
    "description": ("description",),
    "image": ("image", "thumbnailUrl"),
    "body": ("articleBody", "text"),
    "language": ("inLanguage",),
    "url": ("url", "mainEntityOfPage", "@id"),
}
_MICRODATA = {
    "title": "headline",
    "published": "datePublished",
    "modified": "dateModified",
    "section": "articleSection",
    "author": "author",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One value that a page states, and where: "json-ld", "meta" or "microdata"."""

    value: str
    source: str


@dataclass(slots=True)
class Metadata:
    """Everything that a page states of itself; each list best evidence first."""

    title: list[Claim] = field(default_factory=list)
    published: list[Claim] = field(default_factory=list)
    modified: list[Claim] = field(default_factory=list)
    section: list[Claim] = field(default_factory=list)
    author: list[Claim] = field(default_factory=list)  # persons, and names of unknown kind
    agency: list[Claim] = field(default_factory=list)  # organizations named as author
    image: list[Claim] = field(default_factory=list)
    body: list[Claim] = field(default_factory=list)
    language: list[Claim] = field(default_factory=list)
    url: list[Claim] = field(default_factory=list)
    description: list[Claim] = field(default_factory=list)
    site_name: list[Claim] = field(default_factory=list)
    type: list[Claim] = field(default_factory=list)  # og:type
    schema_types: set[str] = field(default_factory=set)  # of every top JSON-LD node
    articles: int = 0  # JSON-LD articles with different headlines

    @property
    def is_typed(self) -> bool:
        """Whether OpenGraph calls the page an article; some templates call every page so."""
        return any(claim.value.lower() == "article" for claim in self.type)

    def first(self, name: str) -> Claim | None:
        claims: list[Claim] = getattr(self, name)
        return claims[0] if claims else None


def read_metadata(document: Document) -> Metadata:
    """Read all of a page's metadata. Never raises, whatever the scripts and tags hold."""
    metadata = Metadata()
    _add_json_ld(metadata, document)
    _add_meta_tags(metadata, document)
    _add_microdata(metadata, document)
    return metadata


def _add_json_ld(metadata: Metadata, document: Document) -> None:
    articles: list[dict[str, Any]] = []
    scripts = [s for s in document.stated["script"] if "ld+json" in s.get("type", "")]
    for node in (n for script in scripts for n in _nodes(_load(script.text or ""))):
        types = _types(node)
        metadata.schema_types |= types
        if types & ARTICLE_TYPES:
            articles.append(node)
    headlines = {_text(node.get("headline") or node.get("name")) for node in articles}
    metadata.articles = len(headlines)
    if articles:
        article = _own_article(articles, document)
        for name, keys in _JSON_LD.items():
            values = (_text(article.get(key)) for key in keys)
            getattr(metadata, name).extend(Claim(v, "json-ld") for v in values if v)
        # WordPress names the node of the picture («…/#primaryimage»), not its address.
        metadata.image = [claim for claim in metadata.image if "/#" not in claim.value]
        del metadata.title[1:]  # "name" only where there is no headline
        authors = article.get("author") or article.get("creator")
        _add_authors(metadata, authors, _text(article.get("publisher")))


def _add_authors(metadata: Metadata, authors: Any, publisher: str | None) -> None:
    for author in authors if isinstance(authors, list) else [authors]:
        name = _text(author)
        if name and not name.startswith("http"):
            kinds = _types(author) if isinstance(author, dict) else set()
            is_agency = name == publisher or any(kind.endswith("Organization") for kind in kinds)
            (metadata.agency if is_agency else metadata.author).append(Claim(name, "json-ld"))


def _own_article(articles: list[dict[str, Any]], document: Document) -> dict[str, Any]:
    """The article that the page is about: the one with its address, else the fullest."""
    if len(articles) == 1:
        return articles[0]
    for article in articles:
        addresses = (_text(article.get(key)) for key in _JSON_LD["url"])
        if any(absolute_url(a, document.url) == document.url for a in addresses if a):
            return article
    return max(articles, key=lambda article: sum(map(bool, article.values())))


_TRAILING_COMMA = re.compile(r",\s*(?=[}\]])")
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*.*?\*/)\s*")
_DATE_MEMBER = re.compile(r'"(datePublished|dateModified|@type)"\s*:\s*"([^"\\\n]{4,40})"')
_decoder = json.JSONDecoder(strict=False)  # control characters inside strings are common


def _load(script: str) -> Any:
    """The JSON of a script; of broken JSON what can be read surely: its type and dates."""
    source = _WRAPPING.sub("", script).strip()
    for attempt in (source, _TRAILING_COMMA.sub("", source)):
        try:
            return _decoder.raw_decode(attempt)[0]
        except (ValueError, RecursionError):
            continue
    # Most often an unescaped quotation mark in the headline; dates hold none.
    members = _DATE_MEMBER.findall(source)
    return dict(reversed(members))


def _nodes(loaded: Any) -> Iterator[dict[str, Any]]:
    """The top nodes: lists, @graph and a page's main entity opened, parts of an article not."""
    pending = [loaded]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(reversed(node))
        elif isinstance(node, dict):
            yield node
            pending.extend(node[k] for k in ("mainEntity", "@graph") if k in node)
            owner = node.get("mainEntityOfPage")
            if isinstance(owner, dict) and not _types(node) & ARTICLE_TYPES:
                pending.append(owner)


def _types(node: dict[str, Any]) -> set[str]:
    types = node.get("@type")
    names = types if isinstance(types, list) else [types]
    return {name.rsplit("/", 1)[-1] for name in names if isinstance(name, str)}


def _text(value: Any) -> str | None:
    """The text of a JSON-LD value: a string, a thing with a name or an address, a list's first."""
    for _ in range(5):  # as deep as real pages nest them
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = next((value[k] for k in ("name", "url", "@id", "@value") if k in value), None)
        else:
            break
    return _clean(value) if isinstance(value, str) else None


def _clean(value: str) -> str | None:
    # Titles arrive escaped twice as often as not: «&quot;» inside JSON, «&amp;quot;» in meta.
    return html.unescape(value).strip() or None


def _add_meta_tags(metadata: Metadata, document: Document) -> None:
    found: dict[str, str] = {}
    for tag in document.stated["meta"]:
        content = _clean(tag.get("content") or "")
        names = tag.get("property") or tag.get("name") or tag.get("itemprop")
        if content and names:
            # RDFa allows several names: property="rnews:name og:title".
            for name in names.lower().split():
                found.setdefault(name, content)
    for name, keys in _META.items():
        claims = [Claim(found[key], "meta") for key in keys if key in found]
        if name == "author":  # article:author holds an address as often as a name
            claims = [c for c in claims if not c.value.startswith(("http", "/", "@", "www."))]
        getattr(metadata, name).extend(claims)
    links = document.stated["link"]
    canonical = next((link for link in links if link.get("rel") == "canonical"), None)
    if canonical is not None and (address := canonical.get("href", "").strip()):
        metadata.url.append(Claim(address, "meta"))
    language = document.root.get("lang") or found.get("og:locale") or found.get("language")
    if language:
        metadata.language.append(Claim(language, "meta"))


# Its elements («/..») libxml2 would compare with each other, in quadratic time.
_itemprops = etree.XPath("body/descendant-or-self::*/@itemprop")


def _add_microdata(metadata: Metadata, document: Document) -> None:
    elements: dict[str, Any] = {}
    for names in _itemprops(document.root):
        for name in names.split():
            elements.setdefault(name, names.getparent())
    for name, prop in _MICRODATA.items():
        element = elements.get(prop)
        if element is not None:
            stated = element.get("content") or element.get("datetime")
            if (
                element.tag == "abbr"
            ):  # Blogger: <abbr title="2020-11-08T19:30:00+02:00">7:30 م</abbr>
                stated = stated or element.get("title")
            value = stated or text_content(element)
            if text := _clean(" ".join(value.split())):
                getattr(metadata, name).append(Claim(text, "microdata"))
