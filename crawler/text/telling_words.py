"""Words that tell one story from another of the same wording: numbers, days, places, names."""

from crawler.text.arabic import fold
from crawler.text.dateline_names import GIVEN_NAMES, PLACES
from crawler.text.month_names import GREGORIAN_MONTHS, HIJRI_MONTHS, WEEKDAYS

_COUNTRIES = """
فلسطين إسرائيل مصر الأردن لبنان سوريا العراق السعودية قطر البحرين الإمارات الكويت عمان اليمن
السودان ليبيا تونس الجزائر المغرب موريتانيا الصومال جيبوتي تركيا إيران أمريكا أميركا بريطانيا
فرنسا ألمانيا إيطاليا إسبانيا البرتغال بلجيكا هولندا سويسرا النمسا السويد النرويج الدنمارك فنلندا
إيرلندا بولندا اليونان قبرص روسيا أوكرانيا الصين اليابان الهند باكستان أفغانستان إندونيسيا ماليزيا
كندا المكسيك البرازيل الأرجنتين تشيلي كولومبيا فنزويلا أستراليا نيجيريا غانا السنغال الكاميرون
إثيوبيا كينيا
"""
# The word that follows is the name of somebody or some place.
_INTRODUCERS = """
الشاب الشابة الشهيد الشهيدة الأسير الأسيرة المعتقل المواطن المواطنة الطفل الطفلة الفتى الفتاة
الجريح المحرر الحاج الحاجة السيد السيدة الدكتور الدكتورة المهندس المحامي الأستاذ الشيخ القيادي
المدعو أبو أبي أم ابن بن بنت عبد آل مدينة بلدة قرية مخيم محافظة ولاية معتمدية حي شارع ضاحية
بيت دير كفر خان رام تل
"""
# What stands in any text, and in no name.
_PARTICLES = """
في من على عن إلى مع بعد قبل بين حتى منذ خلال حول ضد دون عند لدى أمام تحت فوق ضمن أن إن أنه أنها
إنه إنها أنهم لأن كأن لكن ما لا لم لن قد لقد كما هو هي هم هذا هذه ذلك تلك هناك الذي التي الذين
أو ثم بل إذا إذ حيث كل بعض أي غير كان كانت يكون تكون ليس ليست وقد وفي ومن وعلى وأن وإن ولا ولم
وما وهو وهي وكان وكانت كذلك أيضا فيها فيه به بها له لها منها منه عليه عليها عليهم إليه إليها
وذلك والتي والذي مما فيما عبر نحو
"""
_UNITS = "واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة"
_NUMBERS = """
واحدة اثنين اثنتين اثنتان ثلاث أربع خمس ست سبع ثماني ثمان تسع عشر عشرون عشرين ثلاثون ثلاثين
أربعون أربعين خمسون خمسين ستون ستين سبعون سبعين ثمانون ثمانين تسعون تسعين مئة مائة مئتين مائتين
مئتان مائتان ألف ألفين ألفان آلاف مليون مليونين مليار
"""
_ORDINALS = """
الأول الأولى الثاني الثانية الثالث الثالثة الرابع الرابعة الخامس الخامسة السادس السادسة السابع
السابعة الثامن الثامنة التاسع التاسعة العاشر العاشرة الحادي الحادية الافتتاحية الختامية
أولى ثاني ثانية ثالث ثالثة رابع رابعة خامس خامسة سادس سادسة سابع ثامن تاسع عاشر نصف ثلث ربع خمس ثمن
"""


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


INTRODUCERS = _folded(_INTRODUCERS)
PARTICLES = _folded(_PARTICLES)
_SPELLED = _folded(_UNITS) | _folded(_NUMBERS)
# «أحد» and «ماي» without their article or alone are words of every text.
_DATES = {word for word in {**GREGORIAN_MONTHS, **HIJRI_MONTHS} if " " not in word} | {
    word for word in WEEKDAYS if word.startswith("ال") or word.isascii()
}
_KIND_OF = {
    **dict.fromkeys(GIVEN_NAMES, "name"),
    **dict.fromkeys((place for place in PLACES if " " not in place), "name"),
    **dict.fromkeys(_folded(_COUNTRIES), "name"),
    **dict.fromkeys(_DATES, "date"),
    **dict.fromkeys(_folded(_ORDINALS), "ordinal"),
    **dict.fromkeys(_SPELLED, "spelled"),
}


NUMBERS = ("number", "spelled", "ordinal")  # 3, ثلاثة and الثالثة may mean the same
KINDS = (*NUMBERS, "date", "name")


def kind(word: str) -> str | None:
    """What a folded word tells stories apart by: number, spelled, ordinal, date, name, or None."""
    if any(map(str.isdigit, word)):
        return "number"
    # بنابلس, والخميس, لمحمد: one letter stands before the word.
    return _KIND_OF.get(word) or (_KIND_OF.get(word[1:]) if word[0] in "وفبلك" else None)
