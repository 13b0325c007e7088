"""What a section brings to its stories."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """Institutions, openings and details that stories of one section are composed of.

    Braces in their texts name words of the story: {a} the institution, {s} who speaks, {p} the
    place; {at} {ay} {ah} and {st} {sy} {sh} are the endings and prefixes that agree with {a} and
    {s}; every other name is drawn from ``stock.DRAWN``.
    """

    id: int
    slug: str
    name: str
    actors: tuple[tuple[str, str], ...]  # (name, "m" or "f")
    openings: tuple[tuple[str, str], ...]  # (title, first sentence)
    details: tuple[str, ...]
