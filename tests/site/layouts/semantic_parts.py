"""The pieces of the semantic layout: JSON-LD and OpenGraph, the article, AMP, teasers, menus."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from tests.site.articles import Article
from tests.site.dates import iso
from tests.site.layouts import furniture
from tests.site.layouts.base import image_path, printed_paragraphs, shortened, text
from tests.site.sections import SECTIONS

BLOCKS = {"p": "<p>{}</p>", "h": "<h2>{}</h2>", "li": "<ul><li>{}</li></ul>"}
EXCERPT = 140
Linked = Sequence[tuple[str, Article]]  # (href, article)


def about_article(article: Article, base: str, address: str) -> str:
    """Canonical and AMP links, OpenGraph, and one JSON-LD graph."""
    url = base + address
    image = image_path(article)
    properties = {
        "og:type": "article",
        "og:title": article.title,
        "og:url": url,
        "og:site_name": furniture.SITE_NAME,
        "og:image": base + image if image else None,
        "article:published_time": iso(article),
        "article:modified_time": _modified(article),
        "article:section": article.section.name,
    }
    metas = "".join(
        f'<meta property="{name}" content="{escape(content)}">'
        for name, content in properties.items()
        if content
    )
    graph = {"@context": "https://schema.org", "@graph": _graph(article, base, url, image)}
    script = json.dumps(graph, ensure_ascii=False).replace("</", "<\\/")
    return (
        f'<link rel="canonical" href="{url}"><link rel="amphtml" href="{url}amp">{metas}'
        f'<script type="application/ld+json">{script}</script>'
    )


def _modified(article: Article) -> str | None:
    return article.modified_at.isoformat() if article.modified_at else None


def _graph(article: Article, base: str, url: str, image: str | None) -> list[dict[str, Any]]:
    organization = {"@type": "Organization", "@id": f"{base}/#org", "name": furniture.SITE_NAME}
    author = {"@type": "Person", "name": article.author}
    agency = {"@type": "Organization", "name": article.agency}
    news = {
        "@type": "NewsArticle",
        "mainEntityOfPage": url,
        "headline": article.title,
        "datePublished": iso(article),
        "dateModified": _modified(article),
        "articleSection": article.section.name,
        "author": author if article.author else agency if article.agency else None,
        "image": base + image if image else None,
        "publisher": {"@id": organization["@id"]},
        "inLanguage": "ar",
    }
    trail = [("الرئيسية", "/"), (article.section.name, f"/section/{article.section.slug}/")]
    crumbs = [
        {"@type": "ListItem", "position": position, "name": name, "item": base + path}
        for position, (name, path) in enumerate(trail, start=1)
    ]
    return [
        organization,
        {"@type": "BreadcrumbList", "itemListElement": crumbs},
        {name: value for name, value in news.items() if value is not None},
    ]


def article_markup(article: Article, *, printed: str, related: Linked, tags: Sequence[str]) -> str:
    title, section = text(article.title), article.section
    image = image_path(article)
    figure = f'<figure><img src="{image}" alt=""><figcaption>{title}</figcaption></figure>'
    links = "".join(f'<li><a href="{text(href)}">{text(a.title)}</a></li>' for href, a in related)
    byline = f'<span class="byline" rel="author">{article.author}</span>' if article.author else ""
    cloud = "".join(f'<a rel="tag" href="{tag_path(tag)}">{tag}</a> ' for tag in tags)
    return (
        f'<main><nav class="breadcrumbs"><a href="/">الرئيسية</a> › <a href="/section/'
        f'{section.slug}/">{section.name}</a></nav>\n<article><header><h1>{title}</h1>{byline}'
        f'<time datetime="{iso(article)}">{printed}</time></header>\n{figure if image else ""}'
        f'<div class="article-body">{_body(article)}</div>\n<footer>{cloud}</footer>'
        f'<section class="related"><h2>اقرأ أيضا</h2><ul>{links}</ul></section></article></main>'
    )


def amp_markup(article: Article, canonical: str, printed: str) -> str:
    title = text(article.title)
    return (
        '<!doctype html><html amp lang="ar" dir="rtl"><head><meta charset="utf-8">'
        f'<title>{title}</title><link rel="canonical" href="{canonical}"></head><body><article>'
        f'<h1>{title}</h1><time datetime="{iso(article)}">{printed}</time>{_body(article)}'
        "</article></body></html>"
    )


def _body(article: Article) -> str:
    return "\n".join(BLOCKS[kind].format(markup) for kind, markup in printed_paragraphs(article))


def teasers(articles: Linked) -> str:
    return "\n".join(
        f'<article class="teaser"><h3><a href="{text(href)}">{text(article.title)}</a></h3>'
        f'<time datetime="{iso(article)}">{article.local_time:%d/%m/%Y}</time>'
        f"<p>{text(shortened(article.blocks[0].text, EXCERPT, '…'))}</p></article>"
        for href, article in articles
    )


def pagination(previous: str | None, following: str | None) -> str:
    links = [
        f'<a rel="{rel}" href="{href}">{label}</a>'
        for rel, href, label in (("prev", previous, "السابق"), ("next", following, "التالي"))
        if href
    ]
    return f'<nav class="pagination">{" ".join(links)}</nav>'


def tag_path(tag: str) -> str:
    return f"/tag/{quote(tag.replace(' ', '-'))}/"


def menus(weight: int) -> tuple[str, str]:
    sections = "".join(
        f'<li><a href="/section/{section.slug}/">{section.name}</a></li>' for section in SECTIONS
    )
    pages = "".join(
        f'<li><a href="/{name}/">{lines[0]}</a></li>'
        for name, lines in furniture.STATIC_PAGES.items()
    )
    tags = "".join(
        f'<li><a href="{tag_path(tag)}">{tag}</a></li>' for _, tag in furniture.menu_tags(weight)
    )
    top = (
        f'<body><header><nav><ul><li><a href="/">الرئيسية</a></li>{sections}<li>'
        f'<a href="/archive/">الأرشيف</a></li>{pages}<li><a href="/login">دخول</a></li>'
        f'<li><a href="/search">بحث</a></li></ul></nav></header>\n<nav class="tags"><ul>{tags}'
        "</ul></nav>\n"
    )
    return top, "\n<footer><p>جميع الحقوق محفوظة</p></footer></body>"
