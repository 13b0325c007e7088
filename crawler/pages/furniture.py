"""What belongs to the page and not to the article: parts known by their markup or their words."""

import re
from collections.abc import Set
from functools import lru_cache

from crawler.pages.blocks import INLINE_TAGS, OWN_TAGS, Element
from crawler.text.arabic import fold, fold_line

_ROLES = {
    "alert", "alertdialog", "banner", "complementary", "contentinfo", "dialog", "form", "menu",
    "menubar", "navigation", "search", "toolbar", "tooltip", "tablist",
}  # fmt: skip

# Words of class names and ids; a word counts where it stands between separators.
_WORDS = re.compile(
    r"""(?<![a-z])(?<!no-)(?<!has-)(?<!with-)(?<!is-)(?:
    ad|ads|adv|advert\w*|adsense|adsbygoogle|banner|sponsor\w*|promo\w*|outbrain|taboola|
    share|sharing|shares|sharethis|sharer|sharebar|addthis\w*|addtoany|a2a|social(?![\w-]*embed)\w*|follow|
    related\w*|relate|recommend\w*|recirc\w*|more-?news|read-?more|readmore|also-?read|see-?also|
    read-?also|more-?from|more-?on|next-?post|prev-?post|post-?navigation|
    most-?\w*read|mostread|most-?\w*viewed|most-?popular|popular\w*|trending|latest|
    comment\w*|disqus\w*|respond|reactions?|feedback|
    breadcrumbs?|crumbs?|tags?|tag-?list|tag-?cloud|keywords?|topics?|
    captions?|credits?|wp-caption-text|image-?source|photo-?credit|
    newsletter\w*|subscri\w+|sign-?up|signin|sign-?in|log-?in|register|
    side-?bar\w*|(?<!elementor-)widgets?|menus?|nav|navbar|navigation|footer|copyrights?|
    ticker\w*|marquee|breaking-?news|news-?bar|
    author-?(?:box|bio|info|card|details?|about)\w*|about-?author|bio|byline\w*|
    (?:post|entry|article|story|content)-?(?:meta|info|date|time|tools|footer|actions)|meta|metadata|
    timestamp|pub-?date|publish-?date|date-?time|datetime|
    print|printer|toolbar|tools|pagination|pager|
    poll|vote|voting|ratings?|rate|
    cookies?|consent|gdpr|modal|popup|pop-?over|overlay|lightbox|
    search\w*|skip-?link|visually-?hidden|sr-only|screen-reader-text|element-invisible|
    carousel|slider|swiper|playlist|thumb\w*|
    weather|clock|prayer\w*|currency|counter|views?-?count|hits|short-?(?:url|link)
    )(?![a-z])""",
    re.VERBOSE,
)
# Words that mean nothing else, however much text stands below them.
_CERTAIN = re.compile(
    r"(?<![a-z])(?:ticker|marquee|breaking-?news|cookies?|consent|gdpr|footer)(?![a-z])"
)
_ID_WORDS = 4  # an id of more words is made of a heading: "dune-promotion-in-london-looks"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@lru_cache(maxsize=2_048)
def _named_as_furniture(names: str) -> bool:
    return _WORDS.search(_CAMEL.sub("-", names).lower().replace("_", "-")) is not None


_NEVER = {"html", "body", "main", "article", "form"} | INLINE_TAGS


def is_furniture(element: Element, innocent: Set[str] = frozenset()) -> bool:
    """Whether an element's tag, role or names say that it is no part of the text.

    ``innocent`` holds what `may_be_innocent` says of elements that are part of it on this page.
    """
    tag = element.tag
    if tag in OWN_TAGS:
        return tag not in innocent
    if tag in _NEVER:
        return False
    if element.get("role") in _ROLES:
        return True
    names = _suspect_names(element)
    return bool(names) and names not in innocent


def may_be_innocent(element: Element) -> str:
    """What made an element furniture where that can mean something else, or nothing."""
    if element.tag in OWN_TAGS:
        return element.tag if element.tag in ("aside", "figure") else ""
    names = _suspect_names(element)
    return "" if element.get("role") in _ROLES or _CERTAIN.search(names.lower()) else names


def _suspect_names(element: Element) -> str:
    """Its class where that is a word of furniture, else its id where that is, else nothing."""
    names: str | None = element.get("class")
    if names and _named_as_furniture(names):
        return names
    names = element.get("id")
    if names and names.count("-") < _ID_WORDS and _named_as_furniture(names):
        return names
    return ""


def _opening(*phrases: str) -> re.Pattern[str]:
    """One of the phrases at the beginning of a folded text, signs and arrows before it allowed."""
    alternatives = "|".join(re.escape(fold(phrase)) for phrase in phrases)
    return re.compile(rf"[\W_]*(?:{alternatives})(?!\w)")


_RELATED = _opening(
    "اقرأ أيضا", "اقرأي أيضا", "إقرأ أيضا", "اقرأ المزيد", "اقرأ كذلك", "اقرأ في", "طالع أيضا",
    "شاهد أيضا", "تابع أيضا", "انظر أيضا", "قد يهمك", "ربما يهمك", "قد يعجبك", "مواضيع ذات صلة",
    "موضوعات ذات صلة", "أخبار ذات صلة", "مقالات ذات صلة", "مواد ذات صلة", "الأخبار ذات الصلة",
    "المواضيع ذات الصلة", "المقالات ذات الصلة", "ذات صلة", "مواضيع متعلقة", "أخبار متعلقة",
    "مواضيع مشابهة", "أخبار مشابهة", "مواضيع مرتبطة", "أخبار مرتبطة", "المزيد من الأخبار",
    "مزيد من الأخبار", "المزيد حول", "اخترنا لك", "نرشح لك", "المزيد", "للمزيد",
    "read also", "also read", "see also", "read more", "read next", "related", "recommended",
    "you may also like", "you might also like", "more from", "more on", "more stories",
    "more great",
    "lesen sie auch", "mehr zum thema", "mehr dazu", "auch interessant", "lire aussi",
    "à lire aussi", "lea también", "le puede interesar", "leia também", "читайте также",
    "ayrıca oku", "مطالب مرتبط", "بیشتر بخوانید",
)  # fmt: skip
_RELATED_GLUED = re.compile(_RELATED.pattern.removesuffix(r"(?!\w)"))
_COMMENTS = _opening(
    "التعليقات", "تعليقات", "أضف تعليق", "أضف تعليقك", "اضافة تعليق", "إضافة تعليق جديد",
    "اترك تعليقا", "اترك تعليقك", "اترك رد", "لا يوجد تعليقات", "لا توجد تعليقات",
    "شارك برأيك", "الآراء الواردة", "جميع التعليقات", "comments", "leave a comment",
    "leave a reply", "post a comment", "add a comment", "kommentare", "commentaires",
)  # fmt: skip
# Rules for those who comment: «ننصحك بمراجعة إرشادات الاستخدام», wherever comments are named.
_COMMENT_RULES = re.compile(
    fold("التعليقات")
    + r"\b.*\b(?:"
    + "|".join(map(fold, ("إرشادات", "شروط", "سياسة", "قواعد", "ضوابط")))
    + r")\b"
)
_COMMENT_RULES_CHARS = 400
_PAGE_LABELS = _opening(
    "شارك", "شاركها", "شاركه", "مشاركة", "انشر", "طباعة", "اطبع", "نسخة للطباعة", "حجم الخط",
    "تكبير الخط", "تصغير الخط", "عدد المشاهدات", "عدد القراءات", "عدد الزيارات", "عدد الزوار",
    "المشاهدات", "مشاهدات", "القراءات", "رابط مختصر", "الرابط المختصر", "انسخ الرابط",
    "نسخ الرابط", "كلمات مفتاحية", "الكلمات المفتاحية", "كلمات دلالية", "الكلمات الدلالية",
    "كلمات دالة", "دلالات", "الوسوم", "وسوم", "تاجات", "العلامات", "مصدر الصورة", "صورة أرشيفية",
    "تصوير", "حقوق النشر", "جميع الحقوق محفوظة", "كل الحقوق محفوظة", "حقوق الطبع",
    "تابعونا", "تابعنا", "انضم إلى", "انضموا", "اشترك", "اشتركوا", "النشرة البريدية",
    "سجل بريدك", "الأكثر قراءة", "الأكثر مشاهدة", "الأكثر تعليقا", "إعلان", "إعلانات", "اعلان ممول",
    "أرسل لصديق", "أرسل إلى صديق", "ضع شعورك", "ما رأيك", "قيم الخبر", "تلخيص", "استمع",
    "عودة إلى", "الخبر السابق", "الخبر التالي", "العودة للصفحة الرئيسية", "وقت القراءة",
    "advertisement", "share this", "share on", "follow us", "subscribe", "sign up", "newsletter",
    "copyright", "©", "all rights reserved", "image source", "photo by", "image credit", "print",
    "tags", "topics", "click here", "have a tip", "download our app", "listen to this",
    "anzeige", "foto", "werbung", "publicidad", "publicité", "реклама", "reklam",
)  # fmt: skip
_HEADING_CHARS = 200
_LABEL_CHARS = 130  # a longer text that begins so is a sentence: «طباعة الكتب في غزة…»
_RESERVED = re.compile(fold("جميع الحقوق محفوظة") + "|all rights reserved|©")


def opens_related_links(text: str) -> bool:
    """Whether a block is, or begins with, the heading of a box of other articles."""
    return may_open_related_links(text) and _RELATED.match(fold_line(text)) is not None


@lru_cache(maxsize=1_024)
def may_open_related_links(text: str) -> bool:
    """Another word may follow the heading without a space, as in «اقرأ أيضا<a>بلدية…»."""
    return len(text) <= _HEADING_CHARS and _RELATED_GLUED.match(fold_line(text)) is not None


def opens_comments(text: str) -> bool:
    if len(text) > _COMMENT_RULES_CHARS:
        return False
    folded = fold_line(text)
    return bool(
        (len(text) <= _LABEL_CHARS and _COMMENTS.match(folded)) or _COMMENT_RULES.search(folded)
    )


def is_page_label(text: str) -> bool:
    """Whether a short text is a button, a counter, a credit or a notice of the page."""
    if len(text) > 2 * _LABEL_CHARS:
        return False
    folded = fold_line(text)
    short = len(text) <= _LABEL_CHARS and not text.rstrip().endswith((".", "؟", "?"))
    return bool((short and _PAGE_LABELS.match(folded)) or _RESERVED.search(folded))
