"""The site's own CSS selectors: the operator's thin layer over what pages say by themselves."""

from collections.abc import Mapping

from cssselect import HTMLTranslator, SelectorError

FIELDS = ("title", "body", "published", "section", "author", "image", "related")


def check_selectors(selectors: Mapping[str, str]) -> None:
    """Raise ValueError, one sentence, for an unknown field or a selector that is not CSS."""
    for name, css in selectors.items():
        if name not in FIELDS:
            raise ValueError(
                f"SITE_SELECTORS names {name!r}, but the fields are {', '.join(FIELDS)}."
            )
        try:
            HTMLTranslator().css_to_xpath(css)
        except SelectorError as error:
            raise ValueError(
                f"SITE_SELECTORS has {css!r} for {name}, which is not a CSS selector ({error})."
            ) from None
