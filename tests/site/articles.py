"""An article as it was published, whatever the layout that shows it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.site.sections import Section

HEBRON = ZoneInfo("Asia/Hebron")
WEEKDAYS = ("الإثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a body; ``kind`` is "p", "h" (sub-heading) or "li" (item of a list)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """What was published, whatever the layout; ``printed`` is a date to print word for word."""

    number: int
    title: str
    blocks: tuple[Block, ...]
    published_at: datetime  # UTC; the day's start in Hebron where precision is "day"
    precision: str  # "minute" or "day"
    section: Section
    dateline: str | None = None
    agency: str | None = None
    author: str | None = None
    slug_title: str = ""  # the title at first publication: edits do not move a page
    has_image: bool = False
    printed: str | None = None
    modified_at: datetime | None = None

    @property
    def body(self) -> str:
        """Every block is a paragraph; paragraphs are separated by one blank line."""
        return "\n\n".join(block.text for block in self.blocks)

    @property
    def prefix(self) -> str:
        """«القدس - الكرمل - », the credits that the page prints before the first paragraph."""
        return "".join(f"{credit} - " for credit in (self.dateline, self.credit) if credit)

    @property
    def credit(self) -> str | None:
        return self.author or self.agency

    @property
    def local_time(self) -> datetime:
        return self.published_at.astimezone(HEBRON)
