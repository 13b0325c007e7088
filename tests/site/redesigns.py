"""Changes of a site's layout, as they happen overnight: each turns a healthy page into another."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.site.exchange import Answer, Request
from tests.site.faults import HTML, Fault, Healthy, Text

ARTICLES = re.compile(r"/+post/|/\d{4}/")
LISTINGS = re.compile(r"/(?!/*post/|robots)")

_TEXT = re.compile(r'(<div class="single-post-text">)(.*?)(\n<p>» اقرأ)', re.DOTALL)
_DATE = re.compile(r'(<div class="single-post-date">)(.*?)(</div>)', re.DOTALL)


@dataclass(frozen=True)
class Redesign:
    """The healthy page, rewritten; asked for afresh, because its validators change too."""

    rewrite: Callable[[str], str]
    charset: str = "utf-8"

    def answer(self, request: Request, site: Healthy) -> Answer:
        headers = {k: v for k, v in request.headers.items() if not k.startswith("if-")}
        answer = site.answer(replace(request, headers=headers))
        if answer.status != 200 or "html" not in dict(answer.headers)["Content-Type"]:
            return answer
        html = self.rewrite(answer.body.decode(self.charset))
        return answer.but(parts=(html.encode(self.charset),))


def title_as_picture(html: str) -> str:
    html = re.sub(r'<div class="page-heading">.*?</div>', "", html)
    picture = '<div class="head"><img src="/head.png" alt=""></div>'
    return re.sub(r'<h2 class="single-post-title">.*?</h2>', picture, html)


def date_as_picture(html: str) -> str:
    return _DATE.sub(r'\1<img src="/date.png" alt="">\3', html)


def text_by_script(html: str) -> str:
    def rewrite(match: re.Match[str]) -> str:
        story = json.dumps(match[2], ensure_ascii=True).replace("</", "<\\/")
        return f"{match[1]}<div id=story></div><script>fill({story})</script>{match[3]}"

    return _TEXT.sub(rewrite, html)


def lead_alone(html: str) -> str:
    def rewrite(match: re.Match[str]) -> str:
        lead = match[2].partition("</p>")[0]
        return f'{match[1]}{lead}</p><a href="/app">اقرأ المزيد في التطبيق</a>{match[3]}'

    return _TEXT.sub(rewrite, html)


BOXES = "\n".join(
    f"<p>في {place} شهد سوق الخضار المركزي حركة نشطة منذ ساعات الصباح، وقال تجار إن الأسعار بقيت "
    "على حالها مقارنة بالأسبوع الماضي، وإنهم يتوقعون وصول كميات أخرى قبل نهاية الشهر الجاري.</p>"
    for place in ("الخليل", "نابلس", "جنين", "طولكرم", "قلقيلية", "سلفيت", "طوباس")
)


def boxes_in_the_text(html: str) -> str:
    """What stood beside the text stands in it: the same words on every page."""
    return _TEXT.sub(lambda match: f"{match[1]}{match[2]}\n{BOXES}{match[3]}", html)


def without_json_ld(html: str) -> str:
    return re.sub(r'<script type="application/ld\+json">.*?</script>', "", html, flags=re.DOTALL)


def links_by_script(html: str) -> str:
    """The cards of a listing lead on by a script."""
    return re.sub(r'(<div class="col-md-4"><a )href=', r"\1data-href=", html)


def month_first(html: str) -> str:
    return re.sub(r"\b(\d\d?)/(\d\d?)/(\d{4})", r"\2/\1/\3", html)


def garbled(html: str) -> str:
    """UTF-8 that was taken for Latin-1 and written as UTF-8 again."""
    return html.encode().decode("latin-1")


CONSENT = Text(
    "<title>الكرمل</title><div><h2>نحن نقدر خصوصيتك</h2><p>نستخدم ملفات تعريف الارتباط، يرجى "
    "الموافقة للمتابعة.</p><button>أوافق على الكل</button></div><script src=/cmp.js></script>",
    HTML,
)

# Each with the layout of the replica that it happens to, and the pages.
REDESIGNS: dict[str, tuple[str, str | re.Pattern[str], Fault]] = {
    "title as a picture": ("post", ARTICLES, Redesign(title_as_picture)),
    "date as a picture": ("post", ARTICLES, Redesign(date_as_picture)),
    "text filled in by a script": ("post", ARTICLES, Redesign(text_by_script)),
    "text cut down to its lead": ("post", ARTICLES, Redesign(lead_alone)),
    "boxes moved into the text": ("post", ARTICLES, Redesign(boxes_in_the_text)),
    "JSON-LD dropped": ("semantic", ARTICLES, Redesign(without_json_ld)),
    "a consent wall before articles": ("post", ARTICLES, CONSENT),
    "listings filled in by a script": ("post", LISTINGS, Redesign(links_by_script)),
    "dates with the month first": ("table", "/", Redesign(month_first, "cp1256")),
    "encoding broken": ("post", ARTICLES, Redesign(garbled)),
}
