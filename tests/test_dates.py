"""Dates as Arabic news prints them, and what is not to be taken for one."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.text.dates import ParsedDate, find_dates, parse_date, read_date
from crawler.text.month_names import GREGORIAN_MONTHS

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday, 14:00 in Hebron
HEBRON = ZoneInfo("Asia/Hebron")


def parse(text: str, **given: object) -> ParsedDate | None:
    return parse_date(text, **{"now": NOW, **given})  # type: ignore[arg-type]


def local(text: str, **given: object) -> str | None:
    """What was read, as it stands on a clock in Hebron; a day without its hour."""
    parsed = parse(text, **given)
    if parsed is None:
        return None
    assert parsed.at.tzinfo is UTC
    shape = "%Y-%m-%d" if parsed.precision == "day" else "%Y-%m-%d %H:%M"
    return parsed.at.astimezone(HEBRON).strftime(shape)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # in numbers
        ("10/10/2020 [ 10:51 ]", "2020-10-10 10:51"),
        ("03/04/2025 [ 12:30 ]", "2025-04-03 12:30"),
        ("٠٣/٠٤/٢٠٢٥", "2025-04-03"),
        ("۰۳/۰۴/۲۰۲۵ ۱۰:۵۱", "2025-04-03 10:51"),
        ("الاثنين: 19/03/2018", "2018-03-19"),
        ("10 / 10 / 2020 - 10:51", "2020-10-10 10:51"),
        ("10.10.2020 10:51", "2020-10-10 10:51"),
        ("2020/10/10 | 10:51", "2020-10-10 10:51"),
        ("2024/5/4", "2024-05-04"),
        ("2023-02-27 01:50:06 PM", "2023-02-27 13:50"),
        ("18:3 2018-03-17", "2018-03-17 18:03"),
        ("18:3 \n2018-03-17", "2018-03-17 18:03"),
        # month names: Egypt and the Gulf, the Levant, Tunisia and Algeria, Morocco, two at once
        ("الإثنين 03 مارس 2025 1:47م", "2025-03-03 13:47"),
        ("الإثنين 26 فبراير 2018 09:47 ص بتوقيت القدس المحتلة", "2018-02-26 09:47"),
        ("السّبت 20 أبريل 2024 9:31 صباحًا - بتوقيت القدس", "2024-04-20 09:31"),
        ("الأربعاء، 07 أكتوبر 2020 - 12:09 م", "2020-10-07 12:09"),
        ("اليوم الخميس 17 يونيو 2021م", "2021-06-17"),
        ("5 إبريل 2020", "2020-04-05"),
        ("9 أوكتوبر 2020", "2020-10-09"),
        ("الجمعة  22 تشرين الثاني 2024", "2024-11-22"),
        ("10 تشرين أول 2020", "2020-10-10"),
        ("10 تشرين الأوّل/أكتوبر 2020", "2020-10-10"),
        ("10 أكتوبر/ تشرين الأول 2020", "2020-10-10"),
        ("10 تشرين الأول (أكتوبر) 2020", "2020-10-10"),
        ("3 مارس/ آذار 2024", "2024-03-03"),
        ("3 آذار/مارس 2024", "2024-03-03"),
        ("فبراير/ شباط 5, 2020", "2020-02-05"),
        ("في تشرين الثاني 10, 2020", "2020-11-10"),
        ("6 يونيو/ حزيران 2021", "2021-06-06"),
        ("25 كانون 2 2020", "2020-01-25"),
        ("25 كانون2 2020", "2020-01-25"),
        ("الجمعة 8 فيفري 2019", "2019-02-08"),
        ("24 جانفي 2019", "2019-01-24"),
        ("5 جوان 2019", "2019-06-05"),
        ("السبت 05 جويلية 2019 - 18:00", "2019-07-05 18:00"),
        ("12 أوت 2018", "2018-08-12"),
        ("3 أفريل 2019", "2019-04-03"),
        ("3 ماي 2019", "2019-05-03"),
        ("14 غشت 2019", "2019-08-14"),
        ("10 مايس 2020", "2020-05-10"),
        ("أكتوبر 10, 2020", "2020-10-10"),
        ("10 من شهر أكتوبر عام 2020", "2020-10-10"),
        ("الأربعاء 19 أيار 2021 - 7:48 م    عدد الزيارات 444 القسم محليات", "2021-05-19 19:48"),
        ("نشر في: السبت 10 أكتوبر 2020 الساعة 10:51 ص بتوقيت القدس المحتلة", "2020-10-10 10:51"),
        ("10:51 ص - السبت 10 أكتوبر 2020", "2020-10-10 10:51"),
        ("الساعة 12,00 يوم 10 تشرين الأوّل/أكتوبر 2020", "2020-10-10 12:00"),
        # glued, as texts of neighbouring elements are
        ("الجمعة 23 أكتوبر 2020الساعة 13:43 مساءً بتوقيت القدس المحتلة", "2020-10-23 13:43"),
        ("الإثنين 03 مارس 20251:05 م بتوقيت القدس المحتلة", "2025-03-03 13:05"),
        ("10/10/202010:51", "2020-10-10 10:51"),
        ("الجمعة23أكتوبر2020الساعة13:43مساءًبتوقيت القدس المحتلة", "2020-10-23 13:43"),
        ("10:51ص10/10/2020", "2020-10-10 10:51"),
        ("\u200f10\u200f/10\u200f/2020، 10:51 ص", "2020-10-10 10:51"),
        # a year of two digits
        ("31/12/19", "2019-12-31"),
        ("السبت 10/10/20 [ 10:51 ]", "2020-10-10 10:51"),
        ("الجمعة: 25-12-20", "2020-12-25"),
        ("25.04.24 | 14:07", "2024-04-25 14:07"),
        # other languages, feeds, ISO 8601
        ("October 10, 2020 at 10:51 AM", "2020-10-10 10:51"),
        ("10 octobre 2020 à 10h51", "2020-10-10 10:51"),
        ("1er août 2020", "2020-08-01"),
        ("By Adam on November 14, 2019", "2019-11-14"),
        ("Published 11:34 PM EST Nov 19, 2019", "2019-11-20 06:34"),
        ("Sat, 10 Oct 2020 10:51:00 GMT", "2020-10-10 13:51"),
        ("Sat, 10 Oct 2020 10:51:00 +0300", "2020-10-10 10:51"),
        ("Sat Oct 10 2020 10:51:00 GMT+0300 (EEST)", "2020-10-10 10:51"),
        ("2020-10-10T10:51:00+03:00", "2020-10-10 10:51"),
        ("2020-10-10T10:51:00.123Z", "2020-10-10 13:51"),
        ("2020-10-10T10:51:00-05:00", "2020-10-10 18:51"),
        ("2020-10-10T10:51", "2020-10-10 10:51"),
        ("2020-10-10", "2020-10-10"),
        # the zone of the print
        ("10/10/2020 10:51 بتوقيت غرينتش", "2020-10-10 13:51"),
        ("10/07/2020 10:51 بتوقيت مكة المكرمة", "2020-07-10 10:51"),
        ("10/12/2020 10:51 بتوقيت مكة المكرمة", "2020-12-10 09:51"),
        ("10/10/2020 10:51 GMT+2", "2020-10-10 11:51"),
        ("10/10/2020 10:51 (غرينتش)", "2020-10-10 13:51"),
        ("10/12/2020 10:51 (مكة المكرمة)", "2020-12-10 09:51"),
        ("10/12/2020 10:51 مكة المكرمة - الكرمل", "2020-12-10 10:51"),
        ("10/10/2020 10:51 توقيت أبو ظبي", "2020-10-10 09:51"),
        ("10\\10\\2020 10:51", "2020-10-10 10:51"),
    ],
)
def test_a_printed_date_is_read(text: str, expected: str) -> None:
    assert local(text) == expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("9:31 صباحا", "09:31"),
        ("12:30 ص", "00:30"),
        ("00:30 ص", "00:30"),
        ("12:30 م", "12:30"),
        ("13:43 مساءً", "13:43"),
        ("01:50 مساء", "13:50"),
        ("12:15 ظهرا", "12:15"),
        ("1:15 ظهرا", "13:15"),
        ("3:20 عصرا", "15:20"),
        ("4:05 فجرا", "04:05"),
        ("11:05 ليلا", "23:05"),
        ("12:05 ليلا", "00:05"),
        ("2:05 ليلا", "02:05"),
        ("الساعة 5 مساء", "17:00"),
        ("مساءً 07:30", "19:30"),
        ("7.30 م", "19:30"),
        ("23:59", "23:59"),
    ],
)
def test_the_half_of_the_day_decides_the_hour(clock: str, expected: str) -> None:
    assert local(f"السبت 10 أكتوبر 2020 {clock}") == f"2020-10-10 {expected}"


@pytest.mark.parametrize(
    "clock",
    [
        "15:05ص",
        "-3:47م",
        "00:30 م",
        "24:10",
        "10:75",
        "22:00 ظهرا",
        "10:51 بتوقيت كابول",
        "10:51 بتوقيت عمان",  # Amman or Oman
        "10:51 IST",
        "7.30",
        "10",
    ],
)
def test_a_clock_that_cannot_be_trusted_leaves_the_day(clock: str) -> None:
    parsed = parse(f"الإثنين 03 مارس 2025 {clock}")
    assert parsed == ParsedDate(datetime(2025, 3, 2, 22, tzinfo=UTC), "day")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "القدس المحتلة",
        "2020",
        "أكتوبر 2020",
        "10 أكتوبر",
        "13:43",
        "الساعة 10:51 ص بتوقيت القدس المحتلة",
        "الجمعة",
        "31/02/2020",
        "00/10/2020",
        "10/13/2020",
        "10/10/20",
        "25/12/20",
        "الخميس 25/12/20",
        "99/07/19",
        "3.2.15",
        "31/12/27",
        "مارس أبريل 10, 2020",
        "32 أكتوبر 2020",
        "10 مارس/ أكتوبر 2020",
        "10 قتيلا 2020",
        "01/01/1970",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-05:00",
        "30/12/2027",
        "24/11/2026",
        "1399/07/19",
        "192.168.10.10.2020",
        "20150720",
        "عدد الزيارات 444 2020",
        "10/10/2020 | 12/10/2020",
        "منذ أسبوع",
        "منذ شهرين",
        "منذ يوم الجمعة",
        "منذ سنة",
        "غدا 10:51",
        "أمس الجمعة",  # it was a Saturday
        "اعتقلته قوات الاحتلال قبل ثلاثة أيام في بلدة حوارة جنوب نابلس",
    ],
)
def test_what_is_not_surely_a_date_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("منذ ساعتين", "2026-11-22 12:00"),
        ("قبل 3 ساعات", "2026-11-22 11:00"),
        ("منذ ساعة و20 دقيقة", "2026-11-22 12:40"),
        ("منذ 5 دقائق", "2026-11-22 13:55"),
        ("نشر منذ دقيقة", "2026-11-22 13:59"),
        ("تاريخ النشر: منذ ١٥ دقيقة | 3 تعليقات", "2026-11-22 13:45"),
        ("منذ لحظات", "2026-11-22 14:00"),
        ("منذ 15 ساعة", "2026-11-21 23:00"),
        ("2 hours ago", "2026-11-22 12:00"),
        ("قبل ثلاثة أيام", "2026-11-19"),
        ("منذ يومين", "2026-11-20"),
        ("أمس", "2026-11-21"),
        ("أمس 10:51", "2026-11-21 10:51"),
        ("أمس السبت الساعة 10:51 م", "2026-11-21 22:51"),
        ("أول أمس", "2026-11-20"),
        ("أمس الأول", "2026-11-20"),
        ("يوم أمس السبت", "2026-11-21"),
        ("آخر تحديث منذ 5 ساعات", "2026-11-22 09:00"),
        ("3 ساعات مضت", "2026-11-22 11:00"),
        ("اليوم 09:15", "2026-11-22 09:15"),
    ],
)
def test_a_relative_time_counts_back_from_the_visit(text: str, expected: str) -> None:
    assert local(text) == expected


def test_yesterday_is_the_day_before_in_the_zone_of_the_page() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # already Monday in Hebron
    assert local("أمس", now=late) == "2026-11-22"


def test_a_date_is_read_up_to_a_day_after_the_visit() -> None:
    assert local("23/11/2026 13:59") == "2026-11-23 13:59"
    assert local("23/11/2026 14:01") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24 صفر 1442 هـ", date(2020, 10, 11)),
        ("24 صفر 1442", date(2020, 10, 11)),
        ("24/2/1442هـ", date(2020, 10, 11)),
        ("1 جمادى الآخرة 1442", date(2021, 1, 14)),
        ("15 ذوالحجة 1441", date(2020, 8, 5)),
    ],
)
def test_a_hijri_day_alone_is_converted_and_marked(text: str, expected: date) -> None:
    parsed = parse(text)
    assert parsed
    assert parsed.hijri
    assert parsed.at.astimezone(HEBRON).date() == expected
    assert parsed.precision == "day"


def test_a_gregorian_day_beside_a_hijri_one_is_taken() -> None:
    parsed = parse("24 صفر 1442 هـ الموافق 10 أكتوبر 2020م 10:51")
    assert parsed == ParsedDate(datetime(2020, 10, 10, 7, 51, tzinfo=UTC), "minute")


def test_an_update_yields_to_the_publication() -> None:
    text = "نشر: 10/10/2020 10:51 | آخر تحديث: 11/10/2020 11:20"
    assert local(text) == "2020-10-10 10:51"
    assert local("آخر تحديث: 11/10/2020 11:20") == "2020-10-11 11:20"


def test_two_hours_of_one_day_leave_the_day() -> None:
    assert local("10/10/2020 10:51 - 10/10/2020 11:20") == "2020-10-10"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        # Palestine went from 00:00 to 01:00 on 28 March 2020 and back from 01:00 on 24 October.
        ("28/03/2020 00:30", datetime(2020, 3, 27, 22, 30, tzinfo=UTC)),
        ("28/03/2020", datetime(2020, 3, 27, 22, 0, tzinfo=UTC)),
        ("24/10/2020 00:30", datetime(2020, 10, 23, 21, 30, tzinfo=UTC)),
        ("24/10/2020 01:30", datetime(2020, 10, 23, 23, 30, tzinfo=UTC)),
    ],
)
def test_hours_that_the_clocks_skip_or_repeat(text: str, at: datetime) -> None:
    parsed = parse(text)
    assert parsed
    assert parsed.at == at


def test_the_zone_can_be_another() -> None:
    parsed = parse("10/10/2020 10:51", timezone="Africa/Tunis")
    assert parsed
    assert parsed.at == datetime(2020, 10, 10, 9, 51, tzinfo=UTC)


def test_an_unknown_zone_is_named_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"'Asia/Nowhere'.*tzdata"):
        parse("10/10/2020", timezone="Asia/Nowhere")


def test_a_visit_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse("10/10/2020", now=datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("الصفحة الرئيسية 10/10/2020 [ 10:51 ] وقف إطلاق نار", ["10/10/2020 [ 10:51 ]"]),
        (
            "نشر في: السبت 10 أكتوبر 2020 الساعة 10:51 ص بتوقيت القدس المحتلة | 5 تعليقات",
            ["السبت 10 أكتوبر 2020 الساعة 10:51 ص بتوقيت القدس المحتلة"],
        ),
        ("(السّبت 20 أبريل 2024 9:31 صباحًا)", ["السّبت 20 أبريل 2024 9:31 صباحًا"]),
        ("من 24 صفر 1442 هـ.", ["24 صفر 1442 هـ"]),
        ("١٠/١٠/٢٠٢٠، ثم 11 تشرين الأوّل 2020", ["١٠/١٠/٢٠٢٠", "11 تشرين الأوّل 2020"]),
        ("نشر منذ ساعتين", ["منذ ساعتين"]),
        ("عدد الزيارات 4440", []),
    ],
)
def test_dates_of_a_line_are_found_as_printed(text: str, printed: list[str]) -> None:
    assert [found for found, _ in find_dates(text, now=NOW)] == printed


NOISE = st.lists(
    st.one_of(
        st.sampled_from("/:.-[] ,T+Z\n"),
        st.sampled_from(["10", "٣", "2020", "1442", "م", "ص", "هـ", "أكتوبر", "صفر", "GMT"]),
        st.sampled_from(["كانون", "الثاني", "منذ", "ساعة", "يومين", "أمس", "2", "الساعة", "99"]),
    )
).map("".join)


@given(st.one_of(st.text(), NOISE))
@example("10/10/2020 10:51 +9999")
@example("25 كانون 2 2020")
def test_every_number_of_a_date_is_printed_or_follows_from_the_visit(text: str) -> None:
    for printed, parsed in find_dates(text, now=NOW):
        assert printed in text
        assert parsed.at <= NOW + timedelta(days=1)
        if parsed.hijri or re.search("منذ|قبل|مضت|ago|[أا]مس|اليوم|day", printed):
            continue
        numbers = {int(number) for number in re.findall(r"\d{4}|\d{1,2}", printed)}
        days = {parsed.at.astimezone(HEBRON).date() + timedelta(days=n) for n in (-1, 0, 1)}
        assert any(numbers >= {day.day} and numbers & {day.year, day.year % 100} for day in days)


@given(st.one_of(st.text(), NOISE))
@example("السّبت  20 أبريل 2024 9:31 صباحًا")
def test_a_date_is_read_with_the_words_that_print_it(text: str) -> None:
    parsed = parse_date(text, now=NOW)
    printed = (words for words, found in find_dates(text, now=NOW) if found == parsed)
    expected = (next(printed, text), parsed) if parsed else None
    assert read_date(text, now=NOW) == expected


@given(
    st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2026, 11, 21)),
    st.sampled_from(sorted(GREGORIAN_MONTHS)),
)
def test_what_a_template_prints_is_read_back(at: datetime, name: str) -> None:
    at = at.replace(month=GREGORIAN_MONTHS[name], day=min(at.day, 28), fold=0)
    at = at.replace(second=0, microsecond=0)
    half = "ص" if at.hour < 12 else "م"
    printed = f"{at.day} {name} {at.year} - {at.hour % 12 or 12}:{at.minute:02} {half}"
    if at.year < 2026:
        assert parse(printed) == ParsedDate(at.replace(tzinfo=HEBRON).astimezone(UTC), "minute")
