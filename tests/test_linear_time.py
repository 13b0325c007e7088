"""Work grows with the page and no faster, whatever the page is made of.

Counted are the functions that are called, Python's and C's; what happens inside one call of a
regular expression or of libxml2 is measured as CPU time of two sizes of one page.
"""

import cProfile
import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from crawler.pages.article import read_document
from crawler.pages.document import Document
from crawler.pages.listing import ListingPage

VISIT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TITLE = "وقف إطلاق نار بين أرمينيا وأذربيجان"
TEXT = "القدس - الكرمل - اتّفقت أذربيجان وأرمينيا على وقف لإطلاق النار اعتبارًا من ظهر اليوم السبت."
DATE = "10/10/2020 [ 10:51 ]"
HEAD = f"<title>{TITLE}</title><h1>{TITLE}</h1><p>{DATE}</p><p>{TEXT}</p>"
LD = '<script type="application/ld+json">'
NEWS = '{"@type":"NewsArticle","headline":"x"'

# What stands before, what is repeated (# is its number), what stands behind.
SHAPES = {
    "nested divs": (HEAD, "<div>x", ""),
    "nested lists": (HEAD, "<ul><li>خبر طويل عن المدينة<a href=/post/#>خبر</a>", ""),
    "nested menus": (HEAD, "<nav><a href=/post/#>خبر طويل عن المدينة المقدسة #</a>", ""),
    "nested inline tags": (HEAD, "<span><b>x", ""),
    "nested tables": (HEAD, "<table><tr><td>2020 خبر من القدس", ""),
    "text below 250 tags": (HEAD + "<div>" * 250, f"<p>{TEXT}</p>", ""),
    "links below 250 menus": (HEAD + "<nav>" * 250, "<a href=/post/#>خبر طويل جدا #</a>", ""),
    "days below 250 tags": ("<div>خبر عاجل<br>2020-10-10<br>" * 250, "<i>ا</i>", ""),
    "one paragraph": (HEAD + "<p>", TEXT, "</p>"),
    "one word": (HEAD + "<p>", "كلمة", "</p>"),
    "one number": (HEAD + "<p>", "2020", "</p>"),
    "lines": (HEAD + "<p>", f"{TEXT}<br>", "</p>"),
    "breaks": (HEAD, "<br>", ""),
    "tiny paragraphs": (HEAD, "<p>ا</p>", ""),
    "paragraphs": (HEAD, f"<p>{TEXT}</p>", ""),
    "paragraphs without a title": ("", f"<div><p>{TEXT}</p></div>", ""),
    "boxes of paragraphs": (HEAD, f'<div class="box-#"><p>{TEXT}</p></div>', ""),
    "articles": (HEAD, f'<article class="a#"><p>{TEXT}</p></article>', ""),
    "suspects": (HEAD, f'<div class="related-#">{TEXT}</div>', ""),
    "headlines": (HEAD, '<h3><a href="/post/#">خبر طويل عن المدينة اليوم #</a></h3>', ""),
    "cards": (HEAD, f'<h3><a href="/post/#">{TITLE} #</a></h3><p>{TEXT}</p>', ""),
    "pages": (HEAD, '<a href="/post/1?page=#">#</a> ', ""),
    "next pages": (HEAD, '<a rel=next href="/post/1/a-#">التالي</a> ', ""),
    "headings at the end": (HEAD, "<h2>عنوان فرعي #</h2>", ""),
    "copies of the title": (HEAD, f"<h2>{TITLE}</h2>", ""),
    "dates": (HEAD, f"<p>{DATE}</p>", ""),
    "dates and titles": ("", f"<h2>{TITLE} #</h2><p>{DATE}</p>", ""),
    "times": (HEAD, f'<time datetime="2020-10-10T10:10:10">{DATE}</time>', ""),
    "times in lists": (HEAD, '<li><time datetime="2020-10-10T10:10:10">x</time></li>', ""),
    "openers of boxes": (HEAD, "<p>اقرأ أيضا</p>", ""),
    "opened boxes": (HEAD, '<p>اقرأ أيضا</p><a href="/post/#">خبر عن المدينة #</a>', ""),
    "one box": (HEAD + "<div><p>اقرأ أيضا</p>", '<p><a href="/post/#">خبر عن #</a></p>', ""),
    "labels": (HEAD, "<p>شارك</p><p>التعليقات</p>", ""),
    "pictures": (HEAD, '<a href="/#"><img src="/a#.jpg"></a>', f"<p>{TEXT}</p>"),
    "trails": (HEAD, "<i class=breadcrumb><a href=/>الرئيسية</a></i>", ""),
    "JSON-LD": (HEAD, f"{LD}{NEWS}}}</script>", ""),
    "JSON-LD that is broken": (HEAD, f'{LD}{NEWS[:-1]}a "quoted" b"}}</script>', ""),
    "JSON-LD in one graph": (HEAD + LD + '{"@graph":[', NEWS + "},", "{}]}</script>"),
    "JSON-LD of many authors": (HEAD + LD + NEWS + ',"author":[', '{"name":"ا#"},', "1]}</script>"),
    "JSON-LD of brackets": (HEAD + LD, "[", ""),
    "meta tags": ("", '<meta property="og:title" content="كلمة #">', HEAD),
    "site names": ("", '<meta property="og:site_name" content="كلمة #">', HEAD),
    "unclosed tags": (HEAD, "<p><b><i><table><tr><td>", ""),
    "unopened tags": (HEAD, "</div></p>", ""),
}


def page(shape: tuple[str, str, str], size: int) -> bytes:
    before, unit, after = shape
    count = size // len(unit.encode())
    units = [unit.replace("#", str(number)) for number in range(count)]
    return (before + "".join(units) + after).encode()


def read(html: bytes) -> None:
    document = Document(html, "https://alkarmel.ps/post/1")
    read_document(document, fetched_at=VISIT)
    listing = ListingPage(document)
    assert listing.entries is not None and listing.navigation is not None
    assert listing.next_page != document.url


def calls(html: bytes) -> int:
    profile = cProfile.Profile()
    profile.runcall(read, html)
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize("name", SHAPES)
def test_four_times_the_page_is_four_times_the_calls(name: str) -> None:
    shape = SHAPES[name]
    assert calls(page(shape, 160_000)) < 6 * calls(page(shape, 40_000))


# Each with a call or a loop in which time could grow with the square of the length.
INSIDE_ONE_CALL: dict[str, Callable[[int], str]] = {
    "properties": lambda n: HEAD + "<i itemprop=a>x</i>" * (n // 20),
    "trails": lambda n: HEAD + "<i class=breadcrumb>x</i>" * (n // 25),
    "different articles": lambda n: (
        HEAD + "".join(f"<article class=a{i}><p>{TEXT} {i}</p></article>" for i in range(n // 200))
    ),
    "headings at the end": lambda n: HEAD + "<h2>عنوان</h2>" * (n // 19),
    "paragraphs below open tags": lambda n: (
        "<div>" * (n // 1_000) + HEAD + f"<div class=a><p>{TEXT}</p></div>" * (n // 200)
    ),
    "open tags": lambda n: HEAD + "<div><span>x" * (n // 1_000),
    "dates": lambda n: HEAD + f"<p>{DATE}</p>" * (n // 27),
    "dates and lines": lambda n: HEAD + f"{DATE}<br><b>خبر</b>" * (n // 37),
    "lines": lambda n: HEAD + "نص<br>" * (n // 8),
    "lines of a first paragraph": lambda n: f"<h1>{TITLE}</h1>{DATE}<br>" + "نص<br>" * (n // 8),
    "one graph": lambda n: f'{HEAD}{LD}{{"@graph":[{f"{NEWS}}}," * (n // 40)}{{}}]}}</script>',
    "attributes": lambda n: HEAD + f"<p {' '.join(f'a{i}=1' for i in range(n // 9))}>x",
    "one class": lambda n: f'<div class="{"most-read" * (n // 9)}">{HEAD}</div>',
    "one style": lambda n: f'<div style="{"display: " * (n // 9)}">{HEAD}</div>',
    "one address": lambda n: f'{HEAD}<a href="http://{"www." * (n // 4)}x/">{TITLE}</a>',
    "one query": lambda n: f'{HEAD}<a href="/a?{"&amp;page=1" * (n // 11)}">2</a>',
    "one title": lambda n: f"<title>{'كلمة | ' * (n // 12)}</title>{HEAD}",
    "spaces in a title": lambda n: (
        f'<meta property="og:site_name" content="ا">'
        f'<meta property="og:title" content="ا{" " * n}ب">'
        f"<p>{TEXT}</p><p>{DATE}</p>"
    ),
    "spaces in JSON": lambda n: f'{HEAD}{LD}{{"@type": [1,{" " * n}x</script>',
    "separators in a title": lambda n: f"<title>{'- ' * (n // 2)}</title>{HEAD}",
    "days in a stamp": lambda n: f'{HEAD}<time datetime="{" 10/10/2020" * (n // 11)}">',
    "days in one line": lambda n: f"{HEAD}<p>{'10/10/2020 ' * (n // 11)}</p>",
    "twice encoded letters": lambda n: f"{HEAD}<p>{'Ø§Ù„Ø' * (n // 10)}</p>",
    "comments": lambda n: HEAD + "<!-- -- " * (n // 8),
    "ampersands": lambda n: f"{HEAD}<p>{'&' * n}</p>",
}


@pytest.fixture
def no_collector() -> Iterator[None]:
    """A collection walks over all that the tests before left alive: it is not the page's work."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("name", INSIDE_ONE_CALL)
def test_nothing_grows_with_the_square_inside_one_call(name: str) -> None:
    def work(size: int) -> float:
        html = INSIDE_ONE_CALL[name](size).encode()
        started = time.process_time()
        read(html)
        return max(time.process_time() - started, 0.005)

    work(1_000)
    # Sixteen times the page: 16 where time is linear, 256 where it is quadratic, and 64 is as far
    # from the one as from the other. What a busy machine slows is one try, not each.
    assert any(work(1_600_000) < 64 * work(100_000) for _ in range(3))


def test_a_page_is_read_to_its_end_below_many_open_tags() -> None:
    document = Document(f"{'<div>' * 1_500}<h1>{TITLE}</h1>".encode(), "https://alkarmel.ps/")
    assert document.root.findtext(".//h1") == TITLE


def test_a_tag_of_too_many_attributes_is_read_without_them() -> None:
    html = f"<p {'a b=1 ' * 60_000} class=x>{TEXT}</p>".encode()
    paragraph = Document(html, "https://alkarmel.ps/").root.find(".//p")
    assert paragraph is not None
    assert (paragraph.text, len(paragraph.attrib)) == (TEXT, 0)
