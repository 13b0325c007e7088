"""From bytes to text: the bytes decide, labels are witnesses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pages.decoding import decode_html, repair_double_encoding, utf8_markup

NEWS = (
    "القدس - الكرمل - أعلنت وزارة الصحة، اليوم السبت، تسجيل 12 إصابة جديدة في المحافظات "
    "الشمالية، وقالت إن اللجنة ستجتمع مساءً؛ هل تعود المدارس؟"
)
LEGACY = ["windows-1256", "iso-8859-6"]


def header(charset: str) -> dict[str, str]:
    return {"Content-Type": f"text/html; charset={charset}"}


def test_valid_utf8_is_utf8_whatever_the_labels_say():
    page = f'<meta charset="windows-1256"><p>{NEWS}</p>'
    assert decode_html(page.encode(), header("iso-8859-6")) == (page, "utf-8")


@pytest.mark.parametrize("encoding", LEGACY)
@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1", "windows-1252", "true one"])
def test_legacy_arabic_is_read_with_right_wrong_and_no_labels(encoding: str, label: str | None):
    text = NEWS if encoding == "windows-1256" else NEWS.replace("…", "")
    headers = header(encoding if label == "true one" else label) if label else None
    assert decode_html(text.encode(encoding), headers) == (text, encoding)


def test_iso_8859_6_labelled_windows_1256_is_told_by_its_articles():
    assert decode_html(NEWS.encode("iso-8859-6"), header("windows-1256")) == (NEWS, "iso-8859-6")


@pytest.mark.parametrize("encoding", LEGACY)
@pytest.mark.parametrize("headline", ["انفجار سيارة قرب سفارة إيطاليا", "حريق في مسجد بتكساس"])
def test_a_headline_alone_tells_its_encoding(headline: str, encoding: str):
    assert decode_html(headline.encode(encoding)) == (headline, encoding)


def test_french_words_do_not_make_windows_1256_another_encoding():
    text = f"{NEWS} L'équipe s'est déclarée prête à défendre son titre, après l'été dernier."
    assert decode_html(text.encode("cp1256")) == (text, "windows-1256")


def test_label_in_the_page_is_heard_where_the_header_is_silent():
    page = '<?xml version="1.0" encoding="windows-1251"?><p>Новости дня</p>'
    assert decode_html(page.encode("windows-1251"), header("utf-8")) == (page, "windows-1251")


def test_western_text_without_a_label_is_windows_1252():
    text = "Le président a déclaré à la presse : « nous verrons »."
    assert decode_html(text.encode("cp1252")) == (text, "windows-1252")


@pytest.mark.parametrize("label", ["x-user-defined", "base64", "idna", "utf-16", "cp037", "hex"])
def test_label_that_no_page_comes_in_is_no_witness(label: str):
    assert decode_html(NEWS.encode("cp1256"), header(label)) == (NEWS, "windows-1256")


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")],
)
def test_byte_order_mark_decides_and_is_no_text(bom: bytes, encoding: str):
    assert decode_html(bom + NEWS.encode(encoding), header("cp1256")) == (NEWS, encoding)


@pytest.mark.parametrize("cut", range(1, 8))
def test_page_cut_inside_a_character_stays_utf8(cut: int):
    text, encoding = decode_html(NEWS.encode()[:-cut], header("windows-1256"))
    assert encoding == "utf-8"
    assert NEWS.startswith(text)


def test_character_cut_by_the_server_in_mid_page_is_left_out():
    # PHP's substr counts bytes: «وزارة الص» and half of ح.
    title = "وزارة الصحة".encode()[:-3]
    page = b"<h4>" + title + b"...</h4><p>" + NEWS.encode() + b"</p>"
    text, encoding = decode_html(page)
    assert encoding == "utf-8"
    assert text.startswith("<h4>وزارة الص...</h4>")
    assert "\ufffd" not in text


def test_replacement_characters_of_the_page_stay():
    assert decode_html("خبر \ufffd عاجل".encode())[0] == "خبر \ufffd عاجل"


@pytest.mark.parametrize("misread_as", ["cp1252", "cp1256"])
def test_utf8_encoded_twice_is_repaired(misread_as: str):
    text = "وقال الناطق: إنّ 12 و13 أكتوبر يوما عطلة، و30 تشرين الأول أيضا"
    twice = "".join(
        bytes([byte]).decode(misread_as, "ignore") or chr(byte) for byte in text.encode()
    )
    assert decode_html(twice.encode()) == (text, "utf-8")


@pytest.mark.parametrize("misread_as", ["cp1252", "cp1256"])
@pytest.mark.parametrize("text", ["«شبكة CNN، والتالي", "رواية L’intrus للكاتب", "ملف\xa0M ليلا"])
def test_a_sign_beside_western_letters_is_repaired_too(text: str, misread_as: str):
    text = f"{text} والقتال والأمل والعمل"
    twice = "".join(
        bytes([byte]).decode(misread_as, "ignore") or chr(byte) for byte in text.encode()
    )
    assert decode_html(twice.encode()) == (text, "utf-8")


def test_template_around_twice_encoded_text_is_left_alone():
    template = "<p>الحفاظ، وحفظ؛ العِظة</p>"
    inner = "أخبار الكرمل العاجلة من القدس".encode().decode("cp1256")
    assert repair_double_encoding(template + inner) == template + "أخبار الكرمل العاجلة من القدس"


@pytest.mark.parametrize("text", [NEWS, "الحفاظ، والوعظ؛ لفظ§", "Ø is a Danish letter, Ù is not"])
def test_text_that_is_right_is_not_repaired(text: str):
    assert repair_double_encoding(text) == text


def test_nul_characters_do_not_end_the_document():
    assert decode_html(b"<p>a\x00b</p>")[0] == "<p>ab</p>"


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "cp1256", "utf-16", "nonsense"]))
def test_no_bytes_raise_or_gain_replacement_characters(html: bytes, label: str | None):
    text, _ = decode_html(html, header(label) if label else None)
    assert "\ufffd" not in text or b"\xef\xbf\xbd" in html or html[:2] in (b"\xff\xfe", b"\xfe\xff")


PIECES = st.sampled_from(
    [
        *(NEWS.encode(), NEWS.encode("cp1256"), NEWS.encode("iso-8859-6"), NEWS.encode()[:31]),
        *(NEWS.encode().decode("cp1256", "ignore").encode(), b"\xef\xbb\xbf", b"\xff\xfe", b"\x00"),
        *(b"<meta charset=windows-1256>", b"<p>", b"\xef\xbf\xbd", "déjà".encode("cp1252")),
    ]
)
LABELS = st.sampled_from([None, {}, header("utf-8"), header("cp1256"), header("windows-1251")])


@given(st.lists(PIECES | st.binary(max_size=9), max_size=5).map(b"".join), LABELS)
def test_markup_in_utf8_is_what_decoding_reads(html: bytes, headers: dict[str, str] | None):
    text, _ = decode_html(html, headers)
    assert utf8_markup(html, headers) == text.encode("utf-8", "replace")
