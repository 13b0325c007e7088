"""Planted strangers: texts that look alike and tell of different things.

The templates are filled with names of all sorts, most of which no list of ours knows.
"""

import re
from collections.abc import Iterator
from itertools import combinations
from random import Random

from benchmarks.duplicate_edits import Article, Others, length, sentences


def _listed(words: str) -> list[str]:
    return words.replace("\n", "").split("|")


_FIRST = _listed("""
محمد|خالد|وديع|قسام|زكي|نضال|عوني|فراس|يزن|أوس|جهاد|لطفي|رؤوف|حاتم|بهاء|كرم|ناجي|صلاح|نور|وئام|
شاكر|مؤيد|أمجد|نبيل|رائد|إياس|فواز|عقل|تيسير|صابر
""")
_FAMILY = _listed("""
زكارنة|بركات|صوافطة|دويكات|اشتية|حنتولي|القواسمي|الرجوب|أبو عرة|عمارنة|جرادات|السعدي|الطيطي|
كميل|نزال|سلامة|الشوبكي|بني عودة|ريان|مرعي|شواهنة|العملة|حامد|البرغوثي|عاصي|الجعبري
""")
_TOWNS = _listed("""
نابلس|جنين|طوباس|سلفيت|عصيرة|بيتا|برقين|قباطية|عرابة|سيلة|بلعا|عنبتا|بديا|كفل|دوما|قصرة|عقربا|
سنجل|ترمسعيا|سلواد|كوبر|نعلين|بدرس|إذنا|السموع|يطا|حلحول|تقوع|حوسان|نحالين
""")
_DAYS = _listed("""
السبت|الأحد|الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة
""")
_MONTHS = _listed("""
يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر
""")
_TEAMS = _listed("""
شباب الخليل|هلال القدس|جبل المكبر|ثقافي طولكرم|مركز بلاطة|إسلامي قلقيلية|مؤسسة البيرة|
شباب السموع|ترجي وادي النيص|أهلي الخليل|شباب الظاهرية|اتحاد نابلس
""")
_CROPS = _listed("""
الزيتون|العنب|القمح|التين|اللوز|الخيار|البطاطا
""")

# Title, a line, body. {n} a number, {d} a decimal, {h} an hour, {p} a person, {t} a town, {y} a
# weekday, {m} a month, {k} a team, {c} a crop; a digit behind the letter means the same again.
TEMPLATES = {
    "weather": """حالة الطقس ليوم {y1}
توقعت دائرة الأرصاد الجوية أن يكون الجو اليوم {y1} صافيا بوجه عام، ولا يطرأ تغير يذكر على درجات
الحرارة التي تبلغ {n} درجة مئوية في القدس و{n} في الخليل و{n} في نابلس و{n} في غزة و{n} في أريحا.
وتكون الرياح شمالية غربية معتدلة السرعة تنشط أحيانا، والبحر خفيف ارتفاع الموج. ويبقى الجو غدا على
حاله، مع فرصة لتشكل ضباب خفيف في ساعات الصباح الباكر فوق المرتفعات.""",
    "exchange rates": """أسعار صرف العملات اليوم {y1}
جاءت أسعار صرف العملات مقابل الشيكل اليوم {y1} على النحو الآتي: الدولار الأمريكي {d} شيكل للشراء
و{d} للبيع، الدينار الأردني {d} للشراء و{d} للبيع، اليورو {d} للشراء و{d} للبيع، والجنيه المصري
{d} شيكل.""",
    "prayer times": """مواقيت الصلاة في القدس وضواحيها
مواقيت الصلاة ليوم {y1} {n} {m}: الفجر {h} الشروق {h} الظهر {h} العصر {h} المغرب {h} العشاء {h}،
ويفصل بين القدس ورفح أربع دقائق.""",
    "funeral": """تشييع جثمان {p1} في {t1}
شيعت جماهير غفيرة في {t1} اليوم جثمان {p1} ({n} عاما) إلى مثواه الأخير في مقبرة البلدة، بعد أداء
صلاة الجنازة عليه في المسجد الكبير. وانطلق موكب التشييع من أمام المستشفى، وردد المشاركون هتافات
غاضبة، قبل أن يوارى الثرى بحضور عائلته وأصدقائه. وكان قد أصيب برصاصة في الصدر خلال مواجهات اندلعت
عند مدخل {t2}.""",
    "arrest": """اعتقال شاب من {t1}
اعتقلت قوات الاحتلال فجر اليوم الشاب {p1} بعد مداهمة منزل عائلته في {t1} وتفتيشه.""",
    "prisoner": """الحكم على الأسير {p1} بالسجن {n1} شهرا
أصدرت المحكمة العسكرية حكما بالسجن {n1} شهرا بحق الأسير {p1} من {t1}، إضافة إلى غرامة مالية قدرها
{n} شيكل. وقالت مؤسسات الأسرى إن المحاكم العسكرية تواصل إصدار الأحكام العالية بحق المعتقلين،
وتحرمهم من لقاء محاميهم خلال فترة التحقيق، في مخالفة صريحة لقواعد القانون الدولي الإنساني. وأضافت
أن أوضاع المعتقلين داخل السجون تزداد سوءا منذ بداية العام، إذ يعانون نقصا في الطعام والدواء
والملابس، وتمنع إدارة السجون زيارات عائلاتهم، وتنقلهم بين الأقسام تعسفا. وطالبت المؤسسات اللجنة
الدولية للصليب الأحمر بالقيام بدورها تجاههم، ودعت إلى أوسع مشاركة في الفعاليات المساندة لهم أمام
مقراتها في المحافظات.""",
    "accident": """مصرع مواطن بحادث سير قرب {t1}
لقي المواطن {p1} مصرعه مساء {y} إثر حادث سير وقع على الطريق الواصل بين {t1} و{t2}. وقالت الشرطة
إن مركبتين تصادمتا وجها لوجه، وإن {n} آخرين أصيبوا بجروح متوسطة نقلوا على إثرها إلى المستشفى،
وفتح تحقيق في الحادث.""",
    "match": """{k1} يفوز على {k2}
فاز فريق {k1} على ضيفه {k2} بنتيجة {s} في المباراة التي جمعتهما على ملعب المدينة ضمن الجولة {n}
من دوري المحترفين لكرة القدم. وجاءت المباراة متوسطة المستوى، وأضاع الفريقان فرصا عدة في شوطها
الأول.""",
    "raid": """الاحتلال يقتحم {t1}
اقتحمت قوات الاحتلال الإسرائيلي {t1} بعدد من الآليات العسكرية دون أن يبلغ عن اعتقالات.""",
    "settlers": """{n1} مستوطنا يقتحمون المسجد الأقصى
اقتحم {n1} مستوطنا صباح اليوم {y} باحات المسجد الأقصى المبارك من جهة باب المغاربة بحراسة مشددة من
شرطة الاحتلال. وذكرت دائرة الأوقاف الإسلامية أن المقتحمين نفذوا جولات استفزازية في الباحات، وأدى
بعضهم طقوسا تلمودية في الجهة الشرقية منها، قبل أن يغادروا من باب السلسلة.""",
    "fuel": """أسعار المحروقات لشهر {m1}
أعلنت الهيئة العامة للبترول أسعار المحروقات والغاز لشهر {m1}: البنزين 95 بسعر {d} شيكل للتر،
والسولار {d} شيكل، والكاز {d} شيكل، وأسطوانة الغاز زنة 12 كغم {n} شيكلا. وتسري الأسعار من منتصف
الليل في جميع المحافظات، على أن تلتزم المحطات بالتسعيرة المعلنة.""",
    "donation": """وزير الزراعة يفتتح موسم {c1} في {t1}
افتتح وزير الزراعة اليوم موسم {c1} في {t1} بحضور رئيس البلدية {p} وعدد من المزارعين. وأكد الوزير
أن الحكومة ماضية في دعم القطاع الزراعي وتعزيز صمود المزارعين في أراضيهم، وأن الوزارة خصصت {n} ألف
دولار لشق الطرق الزراعية واستصلاح الأراضي وتوزيع الأشتال على المتضررين من اعتداءات المستوطنين.""",
}
# Rules and limits were chosen on the first of each row, figures are reported for the other.
TEMPLATES_OF = {
    "choose": ("weather", "funeral", "arrest", "match", "settlers", "donation"),
    "report": ("exchange rates", "prayer times", "prisoner", "accident", "raid", "fuel"),
}

STANDING = """
يذكر أن المنطقة تشهد منذ أشهر توترا متصاعدا، وسط دعوات محلية ودولية إلى التهدئة وإلى العودة إلى
طاولة المفاوضات على أساس قرارات الشرعية الدولية. وكانت مؤسسات حقوقية قد حذرت في تقاريرها الأخيرة
من تدهور الأوضاع المعيشية، وطالبت الجهات المانحة بالوفاء بالتزاماتها تجاه السكان، وبفتح المعابر
أمام حركة الأفراد والبضائع، وبتوفير الحماية للطواقم الطبية والصحفية العاملة في الميدان."""


def _filled(template: str, dice: Random) -> Article:
    draw = {
        "n": lambda: str(dice.randrange(11, 99)),
        "d": lambda: f"{dice.randrange(2, 6)}.{dice.randrange(10, 99)}",
        "h": lambda: f"{dice.randrange(1, 12)}:{dice.randrange(10, 59)}",
        "s": lambda: f"{dice.randrange(1, 5)}-{dice.randrange(3)}",
        "p": lambda: f"{dice.choice(_FIRST)} {dice.choice(_FAMILY)}",
        "t": lambda: dice.choice((*(f"بلدة {t}" for t in _TOWNS), *(f"مخيم {t}" for t in _TOWNS))),
        "y": lambda: dice.choice(_DAYS),
        "m": lambda: dice.choice(_MONTHS),
        "k": lambda: dice.choice(_TEAMS),
        "c": lambda: dice.choice(_CROPS),
    }
    known: dict[str, str] = {}
    text = re.sub(
        r"\{(\w)(\d?)\}",
        lambda slot: known.setdefault(slot[0], draw[slot[1]]()) if slot[2] else draw[slot[1]](),
        template,
    )
    title, body = text.split("\n", 1)
    return Article(title, body.replace("\n", " "))


Pair = tuple[Article, Article]


def of_templates(part: str, fills: int, dice: Random) -> Iterator[tuple[str, Pair]]:
    """All pairs of the fills of each template."""
    for name in TEMPLATES_OF[part]:
        texts = {_filled(TEMPLATES[name], dice) for _ in range(fills)}
        for pair in combinations(sorted(texts, key=lambda text: text.body), 2):
            yield f"template: {name}", pair


def other_numbers(article: Article, dice: Random) -> Article | None:
    """The same text with all its numbers others, where it has three or more."""
    if len(set(re.findall(r"\d+", article.body))) < 3:
        return None

    def other(number: re.Match[str]) -> str:
        return str(int(number[0][:9]) + dice.randrange(1, 9))

    return Article(article.title, re.sub(r"\d+", other, article.body))


def one_number(article: Article, dice: Random) -> Pair | None:
    """One-sentence items: the first sentence of a text, and it with one number another."""
    first = sentences(article.body)[0]
    numbers = list(re.finditer(r"\d+", first))
    if not numbers or length(first) > 40:
        return None
    one = dice.choice(numbers)
    other = first[: one.start()] + str(int(one[0][:9]) + 1) + first[one.end() :]
    return Article(article.title, first), Article(article.title, other)


def one_name(article: Article, dice: Random) -> Pair | None:
    """One-sentence items with a name of which no list knows: the fifth word of more, another."""
    first = sentences(article.body)[0].split()
    if not 8 <= len(first) <= 40:
        return None
    at = dice.randrange(3, len(first))
    name, other = dice.sample(_FAMILY, 2)
    texts = (" ".join([*first[:at], name, *first[at:]]) for name in (name, other))
    one, two = (Article(article.title, text) for text in texts)
    return one, two


def strangers(
    part: str, articles: list[Article], others: Others, dice: Random
) -> Iterator[tuple[str, Pair]]:
    """Kind and pair."""
    yield from of_templates(part, 30, dice)
    for article in articles:
        other = dice.choice(others.articles)
        if other.body == article.body:
            continue
        yield "same title, another body", (article, Article(article.title, other.body))
        if changed := other_numbers(article, dice):
            yield "same text, other numbers", (article, changed)
        if pair := one_number(article, dice):
            yield "one sentence, one number", pair
        if pair := one_name(article, dice):
            yield "one sentence, one name", pair
        for share in (30, 50, 65, 75):
            most = round(length(STANDING) * (100 - share) / share)
            one, two = (_cut(text, most, dice) for text in (article, other))
            yield f"standing paragraph, {share} %", (one, two)


def _cut(article: Article, words: int, dice: Random) -> Article:
    body = " ".join(article.body.split()[:words])
    parts = [body, STANDING.replace("\n", " ")]
    return Article(article.title, "\n\n".join(parts if dice.random() < 0.7 else parts[::-1]))
