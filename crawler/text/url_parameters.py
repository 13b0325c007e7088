"""Query parameters that do not say which page is meant.

The public lists (ClearURLs, AdGuard's tracking parameters) name far more, such as ``source`` and
``cid``, which are the number of an article on some sites; here stands what is sure.
"""

import re

_TRACKING_PREFIXES = (
    "utm_", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "fb_", "vero_", "mc_", "_hs", "__cf_chl_",
)  # fmt: skip
_TRACKING = frozenset(
    "fbclid gclid gclsrc dclid gbraid wbraid yclid ysclid msclkid twclid ttclid li_fat_id igshid "  # noqa: SIM905
    "igsh epik s_cid mkt_tok _ga _gl _openstat ref_src ref_url ocid ncid cmpid wt_mc xtor spm "
    "__twitter_impression at_medium at_campaign phpsessid jsessionid cfid cftoken sessionid "
    "session_id".split()
)
# Words in which some sites write an article's number, others a visitor's session or origin.
_SESSION_OR_NUMBER = frozenset({"sid", "s", "session"})
_ORIGIN_OR_NUMBER = frozenset({"ref", "referrer"})
_SESSION = re.compile(r"(?=\D*\d)(?=[\d_-]*[A-Za-z])[\w-]{16,}", re.ASCII)
# The same page for a printer or a telephone; ``print=5`` is the number of a page.
_VIEWS = frozenset({"amp", "print", "printable"})
_ON = frozenset({"", "1", "true", "yes", "on"})
_VIEW_VALUES = frozenset({("outputtype", "amp"), ("tmpl", "component"), ("view", "print")})
# Keys of an article's own number, and keys of the section or menu that a link came through.
_ARTICLE_NUMBERS = frozenset(
    {"id", "newsid", "news_id", "articleid", "article_id", "articleno", "postid", "storyid", "nid"}
)
_SECTIONS = frozenset(
    "cat catid cat_id category categoryid category_id section sectionid section_id itemid".split()  # noqa: SIM905
)


def is_tracking(key: str, value: str) -> bool:
    """Whether a parameter tells of the visitor: campaign, origin or session."""
    key = key.lower()
    if key in _SESSION_OR_NUMBER:
        return _SESSION.fullmatch(value) is not None
    if key in _ORIGIN_OR_NUMBER:
        return not value.isdigit()
    return key in _TRACKING or key.startswith(_TRACKING_PREFIXES)


def identity_pairs(pairs: list[str]) -> list[str]:
    """The ``key=value`` pairs that say which page is meant, in their order.

    Without the wish for a print or AMP version; and beside the number of an article without the
    section through which the reader came to it, as ``?cat=6&id=5`` is the page of ``?id=5``.
    """
    split = [(pair, *key_value(pair.lower())) for pair in pairs]
    numbered = any(key in _ARTICLE_NUMBERS and value.isdigit() for _, key, value in split)
    return [
        pair
        for pair, key, value in split
        if not _is_view(key, value) and not (numbered and key in _SECTIONS)
    ]


def key_value(pair: str) -> tuple[str, str]:
    key, _, value = pair.partition("=")
    return key, value


def _is_view(key: str, value: str) -> bool:
    return (key in _VIEWS and value in _ON) or (key, value) in _VIEW_VALUES
