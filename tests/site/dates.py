"""Dates as Arabic news pages print them, Asia/Hebron; ``moment`` is any aware datetime."""

from datetime import datetime

from tests.site.articles import HEBRON, WEEKDAYS, Article
from tests.site.stock import listed

MONTHS = listed("يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر")
LEVANTINE_MONTHS = listed(
    "كانون الثاني|شباط|آذار|نيسان|أيار|حزيران|تموز|آب|أيلول|تشرين الأول|تشرين الثاني|كانون الأول"
)


def slashes(article: Article) -> str:
    """«10/10/2020 [ 10:51 ]», or the day alone."""
    local = article.local_time
    return f"{local:%d/%m/%Y}" if article.precision == "day" else f"{local:%d/%m/%Y [ %H:%M ]}"


def spoken(article: Article) -> str:
    """«السبت 10 أكتوبر 2020 10:51 ص بتوقيت القدس المحتلة», or the day alone."""
    day = long_day(article.published_at, MONTHS)
    if article.precision == "day":
        return day
    return f"{day} {half_day_clock(article.local_time)} بتوقيت القدس المحتلة"


def levantine(article: Article) -> str:
    """«السبت، 10 تشرين الأول 2020 - 10:51», or the day alone."""
    local = article.local_time
    month = LEVANTINE_MONTHS[local.month - 1]
    day = f"{WEEKDAYS[local.weekday()]}، {local.day} {month} {local.year}"
    return day if article.precision == "day" else f"{day} - {local:%H:%M}"


def header_clock(moment: datetime) -> str:
    """«الجمعة 23 أكتوبر 2020الساعة 13:43 مساءً بتوقيت القدس المحتلة», the space missing as there."""
    local = moment.astimezone(HEBRON)
    half = "صباحاً" if local.hour < 12 else "مساءً"
    return (
        f"{long_day(moment, MONTHS)}الساعة {local:%H:%M}\N{NO-BREAK SPACE}{half}"
        "\N{NO-BREAK SPACE}بتوقيت القدس المحتلة"
    )


def long_day(moment: datetime, months: tuple[str, ...]) -> str:
    local = moment.astimezone(HEBRON)
    return f"{WEEKDAYS[local.weekday()]} {local.day} {months[local.month - 1]} {local.year}"


def half_day_clock(local: datetime) -> str:
    half = "ص" if local.hour < 12 else "م"
    return f"{(local.hour - 1) % 12 + 1:02}:{local:%M} {half}"


def iso(article: Article) -> str:
    """ISO 8601 with the zone's offset, or the day alone."""
    local = article.local_time
    return f"{local:%Y-%m-%d}" if article.precision == "day" else local.isoformat()
