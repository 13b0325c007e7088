"""What a site says instead of an article: «الصفحة غير موجودة», «Just a moment...», and the like.

Arabic first, then English; all folded. An article may be about such a notice, quote it in its
headline or tell of a page that was deleted. So a title counts only where the notice is the whole
of it or stands between its separators, and a paragraph only where it begins with the notice and
the sentence ends with it.
"""

import re
from functools import lru_cache

from crawler.text.arabic import fold, fold_line

_OPENINGS = (
    "عذرا|عفوا|نعتذر|نأسف|آسفون|للأسف|خطأ|تنبيه|مرحبا|404|sorry|we're sorry|we are sorry|oops|"
    "whoops|uh-oh|error|attention|warning|hmm+"
)
_THING = (
    "(?:هذه |هذا |يبدو أن |إن )?(?:الصفحة|صفحة|الخبر|المقال|المقالة|الموضوع|المادة|المحتوى|الرابط|"
    "الملف|العنوان|المنشور|التدوينة|التقرير)(?: (?:المطلوب|المطلوبة|التي|الذي|تبحث|تبحثون|تبحثين|"
    "عنها|عنه|طلبتها|طلبته|طلبت|تحاول|تحاولون|الوصول|إليها|إليه|تريدها|تريده|تريد|عرضها|عرضه|"
    "زيارتها|ربما|قد)){0,8}"
)
_PAGE = (
    "(?:it (?:looks|seems) like |the |this |that |your )?(?:requested )?(?:web ?)?"
    "(?:page|article|story|content|post|item|link|url|file|document|resource)"
    "(?: (?:you|you're|you've|you are|were|are|was|looking|for|requested|that|to|trying|view|"
    "access|reach|tried|have|want|wanted)){0,9}"
)
_READ_ON = "(?:continue|read|view|access|see|full|unlock)"

# Reason -> what says it as a whole sentence.
_SENTENCES = {
    "missing page": (
        rf"{_THING} (?:غير (?:موجود|متوفر|متاح|صالح)ة?|(?:لم يعد|لم تعد|ليس|ليست) "
        rf"(?:متاح|موجود|متوفر)\w*|لا يمكن العثور عليها?|لا يمكن العثور عليه|لا توجد|لا يوجد|"
        rf"محذوفة?|(?:تم )?(?:حذف|إزال|نقل)\w{{0,3}})",
        rf"(?:لم (?:يتم|نتمكن من|نستطع)|لا يمكن|لا يمكننا|تعذر|يتعذر) (?:العثور على|إيجاد|عرض) "
        rf"(?:{_THING}|ما تبحث عنه)",
        rf"(?:لم نجد|لم نعثر على) (?:{_THING}|ما تبحث عنه)",
        rf"(?:لقد )?تم (?:حذف|إزالة|نقل) {_THING}",
        "لا (?:يوجد|توجد) (?:أي )?(?:خبر|مقال|صفحة|محتوى|مادة|موضوع|بيانات)"
        "(?: (?:بهذا|بذلك) (?:الرقم|العنوان|الاسم|الرابط)| هنا)?",
        "(?:رقم|رابط|عنوان) (?:الخبر|المقال|الصفحة)(?: المطلوبة?)? (?:غير (?:صحيح|موجود)|خاطئ)",
        rf"{_PAGE} (?:(?:was|is|were|could|can|does|has|might|may|have|be|been|either|either) )*"
        "(?:not (?:be )?found|not exist|no longer (?:available|exists?|here)|cannot be found|"
        "can't be found|couldn't be found|doesn't exist|isn't available|unavailable|"
        "not available|removed|deleted|moved)",
        "we (?:can't|cannot|can not|couldn't|could not|(?:are|were) unable to|did(?:n't| not)) "
        rf"find (?:{_PAGE}|what you(?:'re| are| were) looking for)",
        "(?:page |file |article |post |story |object )?not found",
        "nothing (?:was )?found(?: here)?",
    ),
    "challenge": (
        "لحظة (?:من فضلك|واحدة)|(?:أنا )?لست (?:برنامج )?روبوت|هل أنت (?:روبوت|إنسان)|تم حظرك",
        "تم (?:حظر|منع|رفض) (?:الوصول|وصولك|عنوانك|طلبك|دخولك|اتصالك)",
        "(?:الوصول|الدخول|الطلب) (?:مرفوض|محظور|ممنوع)|التحقق الأمني|فحص الأمان|التحقق من الأمان",
        "just a moment|one moment,? please|one more step|attention required!?",
        "pardon our interruption",
        "access (?:to this (?:page|site) (?:has been |is |was )?)?(?:denied|forbidden)",
        "403 forbidden",
        "you have been blocked|request (?:blocked|unsuccessful)|security (?:check|verification)",
        "are you (?:a )?(?:human|robot)|bot verification|please enable cookies",
        "your (?:ip|access|request)(?: address)? (?:has been|is|was) blocked",
    ),
    "server error": (
        "(?:خطأ|مشكلة) في (?:الاتصال ب)?(?:قاعدة البيانات|الخادم|السيرفر)",
        "تعذر الاتصال بقاعدة البيانات",
        "(?:لقد )?(?:حدث|حصل|وقع) خطأ(?: ما| غير متوقع| في (?:النظام|الخادم|الموقع|الصفحة))?",
        "(?:error )?establishing a database connection|database (?:connection )?error",
        "runtime error",
        "(?:500 |http error 500 )?internal server error",
        "(?:503 )?service (?:temporarily )?unavailable",
        "(?:502 )?bad gateway|(?:504 )?gateway time-?out|(?:looks like )?something went wrong",
        "an? (?:unexpected |application |internal )?error (?:has )?occurred",
    ),
    "parked domain": (
        "هذا (?:النطاق|الدومين|الموقع) (?:معروض )?للبيع|(?:النطاق|الدومين) (?:معروض )?للبيع",
        "(?:تم )?(?:إيقاف|تعليق) (?:هذا )?(?:الحساب|الاستضافة)|هذا الحساب (?:موقوف|معلق)",
        "انتهت (?:صلاحية|فترة|مدة) (?:هذا |هذه )?(?:النطاق|الدومين|الاستضافة)",
        r"(?:(?:the|this) )?(?:premium )?(?:domain|website)(?: name)? (?:[\w.-]+\.\w+ )?"
        r"(?:is |may be |might be |has |has been )?(?:now )?"
        r"(?:for sale|available for (?:sale|purchase)|expired|parked)",
        r"[\w-]+\.[\w.-]+ is (?:for sale|parked)|buy this domain|welcome to nginx!?|it works!?",
        r"(?:this )?account (?:has been )?suspended|apache2 [\w ]{0,20}default page|index of /",
    ),
    "interstitial": (
        "(?:الموقع|موقعنا) (?:حاليا )?(?:تحت|قيد) (?:الصيانة|الإنشاء|التطوير|التحديث)",
        "سنعود (?:قريبا|بعد قليل)|تخطي الإعلان|المتابعة إلى (?:الموقع|المقال)",
        "redirecting|skip (?:this )?ad|coming soon|(?:we'll )?be right back|we'll be back soon",
        "(?:(?:the|our|this) )?(?:(?:web ?)?site (?:is )?)?(?:currently |temporarily )?"
        "(?:under|undergoing|down for) (?:scheduled )?(?:maintenance|construction)",
        "(?:continue|proceed) to (?:the )?(?:site|article|website)",
    ),
    "empty shell": ("loading|please wait|جار التحميل|جاري التحميل|الرجاء الانتظار|يرجى الانتظار",),
}  # fmt: skip

# Reason -> how sentences that say it begin, whatever follows.
_BEGINNINGS = {
    "challenge": (
        "(?:جار|جاري|يتم|يجري) (?:الآن )?(?:التحقق|فحص|التأكد) (?:من )?"
        "(?:متصفحك|المتصفح|أنك|اتصالك)",
        "(?:(?:يرجى|الرجاء|من فضلك) )?(?:التحقق|إثبات|تأكيد|التأكد|تحقق|تأكد|أثبت|أكد) (?:من )?أنك "
        "(?:لست|إنسان|بشر)",
        "(?:يرجى|الرجاء) (?:إكمال|حل|إدخال) (?:اختبار|رمز) (?:التحقق|الأمان)",
        "checking (?:your browser|if the site connection|that you are)|performing security",
        "(?:please )?(?:verify|verifying|confirm|prove) (?:that )?you(?:'re| are) "
        "(?:a )?(?:human|not)",
        "(?:please )?(?:complete|solve) the (?:security check|captcha)|ddos protection by",
        "we(?:'ve| have) detected unusual|our systems have detected unusual",
    ),
    "server error": (
        r"fatal error:|parse error:|warning: (?:mysqli?_\w+|pg_\w+|include|require\w*|fopen)",
        r"server error in '/",
        r"sqlstate\[|you have an error in your sql syntax|microsoft ole db|odbc driver",
    ),
    "consent": (
        "قبل المتابعة|(?:نحن )?نهتم بخصوصيتك|خصوصيتك (?:تهمنا|مهمة)",
        "سياسة ملفات (?:تعريف )?الارتباط",
        "(?:نحن )?(?:وشركاؤنا )?(?:نستخدم|يستخدم (?:هذا )?(?:الموقع|موقعنا)|يستعمل موقعنا) "
        "(?:نحن )?(?:وشركاؤنا )?(?:ملفات (?:تعريف )?(?:الارتباط|الكوكيز)|الكوكيز)",
        "(?:الموافقة|موافقة) على (?:استخدام )?ملفات (?:تعريف )?الارتباط",
        r"before you continue|we (?:value|respect|care about) your privacy|cookie consent",
        r"we (?:and our (?:\d+ )?partners )?use cookies|this (?:web ?)?site uses cookies",
        r"(?:accept|allow) (?:all )?cookies|manage (?:your )?(?:cookies|consent)",
    ),
    "interstitial": (
        "(?:سيتم|سوف يتم|جار|جاري|يتم) (?:الآن )?(?:إعادة )?(?:تحويل|توجيه|نقل)كم?",
        "(?:اضغط|انقر) هنا (?:للمتابعة|إذا لم|للانتقال)|سينتقل بك",
        r"you (?:are being|will be) (?:automatically )?redirected",
        r"click here (?:if you are not|to continue)",
    ),
    "login": (
        "(?:يجب|يرجى|الرجاء|ينبغي|من فضلك)(?: عليك)? (?:تسجيل الدخول|التسجيل أولا|الاشتراك لقراءة)",
        r"(?:سجل|قم بتسجيل) (?:دخولك|الدخول) (?:ل\w+|إلى حسابك|أو)",
        r"(?:هذا|هذه) (?:المحتوى|المقال|الخبر|المادة|الصفحة|المقالة) (?:\w+ ){0,2}"
        r"(?:للمشتركين|للأعضاء)",
        "اشترك(?:وا)? (?:الآن )?(?:لقراءة|لمتابعة القراءة|للاطلاع)",
        rf"(?:please |you must |you need to |you have to )?(?:log ?in|sign ?in|subscribe|register)"
        rf"(?: or (?:\w+ ){{1,3}}| now | )?to {_READ_ON}",
        "you (?:must|need to|have to) (?:be logged in|log ?in|sign ?in|subscribe)",
        "this (?:content|article|story|page) is (?:only )?(?:for|available to|reserved for) "
        "(?:subscribers|members|registered)",
    ),
    "empty shell": (
        "(?:يرجى|الرجاء|يجب|عليك)(?: عليك)? (?:تفعيل|تمكين) (?:ال)?(?:جافا ?سكر[يب]*بت|javascript)",
        "(?:you need to |please )?(?:enable|turn on) javascript",
        "javascript is (?:required|disabled)",
        "this (?:app|site|page) (?:requires|needs) javascript",
    ),
}  # fmt: skip

# Reason -> titles that say it of a page of its own, but often stand above a box of another.
_TITLES = {
    "missing page": (r"(?:error |http |خطأ )?404(?: error)?",),
    "login": (
        "تسجيل الدخول|تسجيل دخول|الدخول|دخول الأعضاء|إنشاء حساب|تسجيل عضوية",
        "نسيت كلمة (?:المرور|السر)",
        "log ?in|sign ?in|member login|sign up|register|create (?:an )?account",
        "forgot(?: your)? password",
    ),
    "search": (
        "بحث|البحث|نتائج البحث|البحث المتقدم|بحث متقدم|(?:advanced )?search|search results",
    ),
}

# What may follow a sentence that says it, folded: "... أو تم حذفها", "... on this server".
_END = (
    r"(?=\W*$|\s?[.!,;()|-]|\s(?:او|لدينا|حاليا|ربما|يرجي|يمكنك|or|please|you can)(?:\W|$)"
    r"|\s(?:في|علي|on|at|in) (?:هذا )?(?:الموقع|موقعنا|الخادم|this|the|our)(?:\W|$))"
)
_TITLE_PARTS = re.compile(r"\s+-+\s+|\s*[|<>•·]\s*|\s+::?\s+")
_LONGEST = 200  # characters that are looked at


def _one_of(*tables: tuple[dict[str, tuple[str, ...]], str]) -> re.Pattern[str]:
    """One group a reason, each table with what must follow its words."""
    ways: dict[str, list[str]] = {}
    for table, after in tables:
        for reason, patterns in table.items():
            ways.setdefault(reason, []).append(f"(?:{fold('|'.join(patterns))}){after}")
    groups = (f"(?P<{reason.replace(' ', '_')}>{'|'.join(ways[reason])})" for reason in ways)
    return re.compile(rf'[^\w"]*+(?:(?:{fold(_OPENINGS)})\W++){{0,4}}(?:{"|".join(groups)})')


_PARAGRAPH = _one_of((_SENTENCES, _END), (_BEGINNINGS, r"(?!\w)"))
_TITLE = _one_of(*((table, r"\W*$") for table in (_SENTENCES, _BEGINNINGS, _TITLES)))


@lru_cache(maxsize=1_024)
def notice_in(paragraph: str) -> str | None:
    """The reason that a paragraph gives for the page's being no article; None for any other."""
    return _reason(_PARAGRAPH.match(fold_line(paragraph[:_LONGEST])))


@lru_cache(maxsize=1_024)
def notice_as_title(title: str) -> str | None:
    """The reason that a title, or what stands between its separators, is."""
    folded = fold_line(title[:_LONGEST])
    parts = dict.fromkeys((folded, *_TITLE_PARTS.split(folded)))
    return next((reason for part in parts if (reason := _reason(_TITLE.match(part)))), None)


def _reason(match: re.Match[str] | None) -> str | None:
    return match.lastgroup.replace("_", " ") if match and match.lastgroup else None
