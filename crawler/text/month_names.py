"""Names of months and days as news pages print them: plain data and one folded table a kind."""

from crawler.text.arabic import fold

# January to December; "|" between the spellings of one month.
_GREGORIAN = (
    # Egypt, the Gulf, and the second name in most newspapers
    "يناير,فبراير,مارس,أبريل|إبريل,مايو,يونيو|يونيه,يوليو|يوليه,أغسطس|اغسطوس,"
    "سبتمبر,أكتوبر|أوكتوبر,نوفمبر,ديسمبر|دسمبر",
    # the Levant and Iraq
    "كانون الثاني|كانون ثاني|كانون ثان|كانون 2,شباط,آذار,نيسان,أيار|مايس,حزيران,تموز,آب,أيلول,"
    "تشرين الأول|تشرين أول|تشرين 1|أكتوير,تشرين الثاني|تشرين ثاني|تشرين ثان|تشرين 2,"
    "كانون الأول|كانون أول|كانون 1",
    # Tunisia and Algeria
    "جانفي,فيفري|فيڤري,مارس,أفريل,ماي,جوان,جويلية,أوت,سبتمبر,أكتوبر,نوفمبر,ديسمبر",
    # Morocco
    "يناير,فبراير,مارس,أبريل,ماي,يونيو,يوليوز,غشت,شتنبر,أكتوبر,نونبر,دجنبر",
    # English, French, and the other languages of wire copy, feeds and of the site's neighbours
    "january|jan,february|feb,march|mar,april|apr,may,june|jun,july|jul,august|aug,"
    "september|sept|sep,october|oct,november|nov,december|dec",
    "janvier|janv,février|févr|fév,mars,avril|avr,mai,juin,juillet|juil,août,septembre,octobre,"
    "novembre,décembre|déc",
    "januar|jänner,februar,märz,april,mai,juni,juli,august,september,oktober|okt,november,"
    "dezember|dez",
    "enero|ene,febrero,marzo,abril|abr,mayo,junio,julio,agosto|ago,septiembre|setiembre,octubre,"
    "noviembre,diciembre|dic",
    "gennaio|gen,febbraio,marzo,aprile,maggio|mag,giugno|giu,luglio|lug,agosto,settembre|set,"
    "ottobre|ott,novembre,dicembre",
    "janeiro,fevereiro|fev,março,abril,maio,junho,julho,agosto,setembro,outubro|out,novembro,"
    "dezembro",
    "januari,februari,maart|mrt,april,mei,juni,juli,augustus|augusti,september,oktober,november,"
    "december",
    "ocak,şubat,mart,nisan,mayıs,haziran,temmuz,ağustos,eylül,ekim,kasım,aralık",
    "ינואר,פברואר,מרץ,אפריל,מאי,יוני,יולי,אוגוסט,ספטמבר,אוקטובר,נובמבר,דצמבר",
    "января,февраля,марта,апреля,мая,июня,июля,августа,сентября,октября,ноября,декабря",
    # Persian
    "ژانویه,فوریه,مارس,آوریل,مه,ژوئن,ژوئیه|جولای,اوت,سپتامبر,اکتبر,نوامبر,دسامبر",
)
_HIJRI = (
    "محرم,صفر,ربيع الأول|ربيع أول,ربيع الآخر|ربيع الثاني|ربيع ثاني|ربيع ثان,"
    "جمادى الأولى|جمادى الأول|جمادى أولى,"
    "جمادى الآخرة|جمادى الثانية|جمادى الثاني|جمادى الآخر|جمادى ثانية,رجب,شعبان,رمضان,شوال,"
    "ذو القعدة|ذي القعدة|ذوالقعدة,ذو الحجة|ذي الحجة|ذوالحجة",
)
_WEEKDAYS = (
    "الاثنين|الإثنين|اثنين,الثلاثاء|ثلاثاء,الأربعاء|أربعاء,الخميس|خميس,الجمعة|جمعة,السبت|سبت,"
    "الأحد|أحد",
    "monday|mon,tuesday|tues|tue,wednesday|wed,thursday|thurs|thur|thu,friday|fri,saturday|sat,"
    "sunday|sun",
    "lundi|lun,mardi|mar,mercredi|mer,jeudi|jeu,vendredi|ven,samedi|sam,dimanche|dim",
)


def _numbers(rows: tuple[str, ...]) -> dict[str, int]:
    """Folded name to its number, from 1."""
    return {
        fold(name): number
        for row in rows
        for number, names in enumerate(row.split(","), 1)
        for name in names.split("|")
    }


GREGORIAN_MONTHS = _numbers(_GREGORIAN)
HIJRI_MONTHS = _numbers(_HIJRI)
WEEKDAYS = _numbers(_WEEKDAYS)
