"""What surrounds articles on every page: menus, tickers, static pages, dead weight."""

from collections.abc import Callable
from random import Random

from tests.site.composing import compose
from tests.site.newsroom import TAGS

SITE_NAME = "الكرمل للأنباء"
LIGHT, LIGHT_LINKS = 15_000, 24
BYTES_A_LINK = 400
CONTENT = 7_000  # bytes that an article takes, on average, of a page's weight

ABOUT = (
    "من نحن",
    "الكرمل للأنباء موقع إخباري تجريبي يعمل على مدار الساعة، وكل ما ينشر فيه كتب لغرض الاختبار.",
    "يتابع محررونا الشأن المحلي والعربي والدولي، ويلتزمون بالدقة والتوازن وذكر المصدر.",
    "تأسس الموقع ليكون مرآة لمواقع الأخبار، فيها ما في تلك المواقع من قوائم وأشرطة وأخطاء.",
)
CONTACT = (
    "اتصل بنا",
    "يسعدنا استقبال ملاحظاتكم واقتراحاتكم عبر البريد الإلكتروني editor@site.test.",
    "هاتف التحرير: 00970-2-0000000، فاكس: 00970-2-0000001، صندوق بريد 1234.",
)
ADVERTISE = (
    "أعلن معنا",
    "تتوفر مساحات إعلانية في رأس الصفحة وفي الشريط الجانبي، وتحدد الأسعار بحسب المدة.",
)
STATIC_PAGES = {"about": ABOUT, "contact": CONTACT, "advertise": ADVERTISE}


def foreign_headlines() -> list[str]:
    """Twenty headlines of other media, for a ticker that links nowhere."""
    return [compose(number).title for number in range(100, 120)]


def menu_tags(weight: int) -> list[tuple[int, str]]:
    """(index, tag) of the tags that a menu of a page of this weight links: 24 at 15 KB, 200+
    at 95 KB."""
    links = LIGHT_LINKS + max(0, weight - LIGHT) // BYTES_A_LINK
    return list(enumerate(TAGS))[:links]


def dead_weight(missing: int) -> tuple[str, str]:
    """A style sheet and a script of together about ``missing`` bytes, the same every time."""
    rng = Random(missing)
    half = max(0, missing) // 2
    return _lines(half, lambda i: _rule(i, rng)), _lines(half, lambda i: _setting(i, rng))


def _lines(size: int, line: Callable[[int], str]) -> str:
    lines: list[str] = []
    length = 0
    while length < size:
        lines.append(line(len(lines)))
        length += len(lines[-1]) + 1
    return "\n".join(lines)


def _rule(index: int, rng: Random) -> str:
    colour = f"#{rng.randrange(0x1000000):06x}"
    return f".box-{index} a:hover{{color:{colour};margin:{rng.randrange(40)}px}}"


def _setting(index: int, rng: Random) -> str:
    return f'window.cfg["slot_{index}"]={{w:{rng.randrange(999)},h:{rng.randrange(999)},on:true}};'
