r"""Search Arabic.

Stems are Light10's (Larkey, Ballesteros, Connell 2007: conjunction and article off the front,
the endings of number, gender, adjective and possession off the end), and guarded: words of
search_protected_words() lose no letter of their own. An article's words are a generated column,
so that whoever writes an article indexes it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The tables of crawler/text/arabic.py as they were; a test holds both together.
COMMON = ("أإآؤئىة،؛؟", "اااءءيه,;?")
RARE = (
    "ٱٲٳٵٴۂۓیېۍےەہھۃۀکڪİς٠۰١۱٢۲٣۳٤۴٥۵٦۶٧۷٨۸٩۹«»“”„‟‘’‚‛`′‹›‐‑‒–—―−٬۔٫٪٭﴾﴿",
    "ااااءءءييييهههههككiσ00112233445566778899\"\"\"\"\"\"''''''''-------,..%*()",
)
DROPPED = (
    r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08ca-\u08ff\u0640"
    r"\u0001-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u06dd\u115f\u1160"
    r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc"
    r"\U000e0001-\U000e01ef"
)
# The plain one is not among them.
SPACES = r"\u0009-\u000d\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# lower() of the collation "C" knows ASCII alone, any other one depends on the server: the rest of
# the letters that have two cases, as the Python that migrates knows them. Behind the first two
# planes there are none, and every first crawl runs this.
CASED = [
    (capital, small)
    for capital in map(chr, range(0x80, 0x20000))
    if (small := capital.lower()) != capital and len(small) == 1
]
CAPITALS = "".join(capital for capital, _ in CASED)
SMALLS = "".join(small for _, small in CASED)

FOLD = f"""
CREATE FUNCTION fold(text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text COLLATE "C" := $1;
BEGIN
    IF folded IS NOT NFKC NORMALIZED THEN
        folded := normalize(folded, NFKC);
    END IF;
    folded := translate(folded, '{COMMON[0]}', '{COMMON[1]}');
    -- Most texts hold none of the others, and to look takes less time than to replace.
    IF folded ~ '[{RARE[0]}]' THEN
        folded := translate(folded, '{RARE[0]}', '{RARE[1].replace("'", "''")}');
    END IF;
    folded := lower(folded);
    IF folded ~ '[\\u00c0-\\u058f\\u10a0-\\u1fff\\u2100-\\u218f\\u2c00-\\u2cff\\ua640-\\ua7ff\\uff00-\\uffff\\U00010400-\\U0001efff]' THEN
        folded := translate(folded, '{CAPITALS}', '{SMALLS}');
    END IF;
    IF folded ~ '[{DROPPED}]' THEN
        folded := regexp_replace(folded, '[{DROPPED}]+', '', 'g');
        -- A mark that was dropped may have kept two characters from being composed.
        IF folded IS NOT NFKC NORMALIZED THEN
            folded := normalize(folded, NFKC);
        END IF;
    END IF;
    folded := translate(folded, E'\\n', ' ');
    IF folded ~ '[{SPACES}]' THEN
        folded := regexp_replace(folded, '[{SPACES}]', ' ', 'g');
    END IF;
    RETURN btrim(regexp_replace(folded, '  +', ' ', 'g'), ' ');
END
$$
"""

# Words whose first or last letters look like a conjunction, an article or an ending, and places
# that often follow «ب» and «ل». Each stands for its own inflections: لبنان for اللبنانيين too.
PROTECTED = """
فلسطين لبنان بغداد كابل الله والي عمان إيران سودان طهران باكستان أفغانستان يونان كردستان تركمانستان
أوزبكستان طاجيكستان كازاخستان يابان فاتيكان جولان بيسان عسقلان سلوان نعلين جنين سلفيت برلين بكين
صين بحرين يمن أرجنتين فلبين أوكراني أردن عراق غزة قدس نابلس خليل أريحا طولكرم قلقيلي طوباس حيفا
يافا عكا صفد مصر تونس بيروت دمشق قاهرة دوحة كويت جزائر مغرب ليبي سوري تركي روسي كوري ألماني
إيطالي بريطاني إسباني آسي أفريقي أمريك أميرك فرنس إسرائيل باريس لندن واشنطن موسكو بروكسل جنيف
كورونا حماس فتح أونروا كوفي بايدن ترامب بوتين نتنياهو رمضان شعبان نيسان حزيران كانون تشرين اثنين
حسين ياسين أمين حسان غسان مروان سليمان عثمان عدنان رضوان شاهين فرعون هارون صهيون علي
زيتون تلفزيون مليون بليون تريليون قانون تعاون مضمون مخزون مجنون صابون كربون برلمان سلطان ميدان
عدوان عنوان إنسان ديوان طيران مهرجان جثمان فقدان امتحان حرمان قضبان بستان سرطان فنجان بركان نقصان
إعلان إتقان إدمان عصيان غليان طغيان فيضان احتقان ائتمان اطمئنان امتنان يمين تعيين تأمين تدوين تكوين
تعدين تخزين تحسين تمكين تلوين تموين توطين تدخين تمرين تضمين تزيين مسكين نبات ثبات إثبات شتات حياة
وزير وزار وكال وكيل ولاي ولي ولد وليد والد وطن وفد وفود وقف وقائع وقوع وقود وقوف وقت وقاي وضع
وضوح وصل وصول وصف وصاي وحد وحيد وحش واحد وادي واقع واجب واسع واضح واصل واثق واجه وارد وافق وفق
وفير وفاة وفيات وسط وسيط وساط وسيل وسائل وسع وسام وثيق وثائق وجه وجيه وجود وجدان ورد ورق ورش ورث
وشيك وظيف وظائف وعي وعود ويكيبيديا وديع وداع وباء وبائي وتير وائل وجب وزن وزع وجدي واشنطن
التزام التقى التقاء التحاق التهاب التفاف التماس إلغاء إلقاء إلحاق إلزام إلهام ألعاب ألغام ألف آلاف
ألم إلكتروني ألبان ألباني ألبوم آلي إلياس ألوان
بالغ بالون بالي فالح عملي اتفاقي بلدي مستشفى لجن لاجئ
قال أكد أضاف أوضح أشار ذكر أعلن طالب دعا شدد رفض نفى كشف بحث أدان حذر قرر استشهد أصيب
اعتقل هدم اقتحم أغلق شارك عقد بدأ أفاد استقبل هنأ
"""
BEFORE = '{"",و,ف,ب,ل,ك,وب,ول,وك,فل,ال,وال,فال,بال,كال,لل,وبال,ولل,وكال}'

PROTECTED_WORDS = f"""
CREATE FUNCTION search_protected_words() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_split_to_array(btrim('{PROTECTED}', E' \\n'), '[ \\n]+')
$$
"""
EXCEPTIONS = f"""
CREATE FUNCTION search_exceptions() RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT jsonb_object_agg(before || stem, stem ORDER BY length(stem))
        FROM unnest(ARRAY(SELECT fold(word) FROM unnest(search_protected_words()) AS word)) AS stem,
             unnest('{BEFORE}'::text[]) AS before
        WHERE before = '' OR length(stem) > 2
    ) || jsonb_build_object('لله', 'الله', 'ولله', 'الله', 'فلله', 'الله');
END
$$
"""
# What is taken off: with «و», three letters must be left, with an article two; «ب» and «ل» alone
# only before verbal nouns that nothing else looks like (باعتقال, لاستقبال).
FRONT = "^(?:و(?=...))?(?:(?:ال|[بكف]ال|لل)(?=..)|[بل](?=است..|ان..ا.|ا[^ل]ت.ا.))?"
END = (
    "(?:(?<=....)(?:ي?(?:ات|ت)?)(?:هم|هما)"
    "|(?<=...)(?:ي(?:ه|ها|ات|ا|ون|ين|ان|تان|تين|ته|تها)?|ون|ين|ان|وا|ا|تان|تين|ته|تها|اته|اتها)"
    "|(?<=..)(?:ه|ها|ات))$"
)
# Words that every text holds: they must not stand in the way of a query for something else.
STOP_WORDS = (
    "{في,من,على,إلى,الى,عن,أن,إن,ان,ما,لا,هذا,هذه,ذلك,تلك,التي,الذي,مع,كل,بين,قد,لم,لن,هو,هي,"
    "كان,كانت,و,ثم,كما,بعد,قبل,عند,حول,خلال}"
)
STEM = f"""
CREATE FUNCTION search_stem(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
        search_exceptions() ->> word,
        CASE WHEN right(word, 1) IN ('ه', 'ي', 'ا', 'ت')
            THEN search_exceptions() ->> left(word, -1) END,
        CASE WHEN right(word, 2) IN ('ها', 'هم', 'ات', 'ون', 'ين', 'ان', 'يه', 'يا', 'وا', 'ته', 'نا')
            THEN search_exceptions() ->> left(word, -2) END,
        CASE WHEN right(word, 3) IN ('يات', 'يون', 'يين', 'تها', 'تين', 'تان', 'تهم', 'اته')
            THEN search_exceptions() ->> left(word, -3) END,
        CASE WHEN right(word, 1) IN ('ه', 'ي', 'ا', 'ت', 'ن', 'م')
            THEN regexp_replace(regexp_replace(word COLLATE "C", '{FRONT}', ''), '{END}', '')
            ELSE regexp_replace(word COLLATE "C", '{FRONT}', '') END
)
"""
NOT_WORDS = (
    r"\u0021-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u0600-\u060f\u061b-\u061f"
    r"\u066a-\u066d\u06d4\u06de\u06e9\u2010-\u206f\u2190-\u2bff\u2e00-\u2e7f\u3001-\u3020\ufd3e\ufd3f"
    r"\ufe10-\ufe6f\U0001f000-\U0001faff"
)
STEMS = f"""
CREATE FUNCTION search_stems(text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(
        SELECT search_stem(word)
        FROM unnest(string_to_array(regexp_replace(left(fold($1), 100000) COLLATE "C", '[{NOT_WORDS}]+', ' ', 'g'), ' '))
            WITH ORDINALITY AS given (word, place)
        WHERE word <> '' ORDER BY place
    );
END
$$
"""

# Text of more than 100,000 characters is not searched behind them: tsvector has its limits.
WORDS = """
CREATE FUNCTION search_words(title text, body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT coalesce(string_agg(
            '''' || left(stem, 200) || ''':' || least(place, 16383) || weight, ' '
        ), '')::tsvector
        FROM (
            SELECT stem, place, 'A' AS weight
            FROM unnest(search_stems(left(title, 2000))) WITH ORDINALITY AS given (stem, place)
            UNION ALL
            SELECT stem, 1000 + place, 'B'
            FROM unnest(search_stems(body)) WITH ORDINALITY AS given (stem, place)
        ) AS stems
    );
END
$$
"""
QUERY = f"""
CREATE FUNCTION search_query(query text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    piece text;
    place bigint;
    chunk text;
    term text;
    minus bool := false;
    wanted text[] := '{{}}';  -- terms of this alternative, of them those that all articles hold
    passing text[] := '{{}}';
    unwanted text[] := '{{}}';
    alternatives text[] := '{{}}';
BEGIN
    FOR piece, place IN
        SELECT * FROM unnest(string_to_array(
            translate(left(query, 1000), '«»“”„‟', repeat('"', 6)), '"'
        )) WITH ORDINALITY
    LOOP
        IF place % 2 = 0 THEN
            term := search_phrase(piece);
            IF minus THEN
                unwanted := unwanted || term;
            ELSE
                wanted := wanted || term;
            END IF;
            minus := false;
            CONTINUE;
        END IF;
        FOREACH chunk IN ARRAY regexp_split_to_array(piece, '[[:space:]]+') LOOP
            IF lower(chunk) IN ('or', 'أو', 'او', '|') THEN
                alternatives := alternatives || search_alternative(wanted, passing, unwanted);
                wanted := '{{}}'; passing := '{{}}'; unwanted := '{{}}';
            ELSIF chunk ~ '^[-−–]' THEN
                unwanted := unwanted || search_phrase(chunk);
            ELSIF chunk = ANY ('{STOP_WORDS}'::text[]) THEN
                passing := passing || search_phrase(chunk);
            ELSE
                wanted := wanted || search_phrase(chunk);
            END IF;
        END LOOP;
        minus := piece ~ '(^|[[:space:]])[-−–]$';
    END LOOP;
    alternatives := alternatives || search_alternative(wanted, passing, unwanted);
    RETURN nullif(array_to_string(alternatives, ' | '), '')::tsquery;
END
$$
"""
PHRASE = """
CREATE FUNCTION search_phrase(text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT '(' || string_agg('''' || left(stem, 200) || '''', ' <-> ' ORDER BY place) || ')'
        FROM unnest(search_stems($1)) WITH ORDINALITY AS given (stem, place)
    );
END
$$
"""
ALTERNATIVE = """
CREATE FUNCTION search_alternative(wanted text[], passing text[], unwanted text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '(' || nullif(array_to_string(
    CASE WHEN array_to_string(wanted, '') = '' THEN passing ELSE wanted END, ' & '
), '') || coalesce(' & !' || nullif(array_to_string(unwanted, ' & !'), ''), '') || ')'

"""
MONTH = """
CREATE FUNCTION search_month(timestamptz) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN isfinite($1) THEN (
    12 * extract(year FROM $1 AT TIME ZONE 'UTC') + extract(month FROM $1 AT TIME ZONE 'UTC')
)::int END
"""
KEYS = """
CREATE FUNCTION search_keys(published_at timestamptz, section text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    coalesce('month ' || search_month(published_at), 'undated'),
    coalesce('section ' || fold(section), 'no section')
]
"""
SNIPPET = f"""
CREATE FUNCTION search_snippet(body text, wanted text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    chunks text[] := array_remove(string_to_array(translate(left(body, 100000), E'\\n', ' '), ' '), '');
    folded text[] := string_to_array(fold(array_to_string(chunks, ' ')), ' ');
    hits int[];
    start int;
BEGIN
    IF cardinality(folded) <> cardinality(chunks) THEN  -- a sign became nothing, or several words
        folded := ARRAY(SELECT fold(chunk) FROM unnest(chunks) AS chunk);
    END IF;
    hits := ARRAY(
        SELECT DISTINCT place
        FROM unnest(folded) WITH ORDINALITY AS given (chunk, place),
             unnest(string_to_array(
                 regexp_replace(chunk COLLATE "C", '[{NOT_WORDS} ]+', ' ', 'g'), ' '
             )) AS word
        -- A word holds its stem, bar the one that writes «to God» short.
        WHERE chunk ~ (array_to_string(wanted, '|') || '|لله') AND search_stem(word) = ANY (wanted)
        ORDER BY place
    );
    -- Where most of the words that were asked for stand together.
    start := coalesce((
        SELECT hit FROM unnest(hits) AS hit
        ORDER BY (SELECT count(*) FROM unnest(hits) AS near WHERE near BETWEEN hit AND hit + 19) DESC,
                 hit
        LIMIT 1
    ), 1);
    start := greatest(1, least(start - 4, cardinality(chunks) - 23));
    RETURN CASE WHEN start > 1 THEN '… ' ELSE '' END || (
        SELECT string_agg(
            CASE WHEN place = ANY (hits) THEN (
                SELECT string_agg(before || CASE WHEN search_stem(plain) = ANY (wanted)
                    THEN '⟦' || word || '⟧' ELSE word END, '')
                FROM (
                    -- OFFSET keeps fold() apart: a function is inlined for a column alone.
                    SELECT part[1] AS before, part[2] AS word, fold(part[2]) AS plain
                    FROM regexp_matches(
                        chunk COLLATE "C", '([{NOT_WORDS}]*)([^{NOT_WORDS}]*)', 'g'
                    ) AS part OFFSET 0
                ) AS parts
            ) ELSE chunk END, ' ' ORDER BY place)
        FROM unnest(chunks[start:start + 23]) WITH ORDINALITY AS given (chunk, nth),
             LATERAL (SELECT nth + start - 1) AS counted (place)
    ) || CASE WHEN start + 23 < cardinality(chunks) THEN ' …' ELSE '' END;
END
$$
"""
# The articles are looked through month by month, the newest first, until enough of them match:
# then a word that half of the articles hold costs no more than a rare one. Plans are kept to the
# index of the words, because the planner knows too little of tsquery to choose.
ARTICLES = """
CREATE FUNCTION search_articles(
    query text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    section text DEFAULT NULL, max_rows int DEFAULT 20
) RETURNS TABLE (
    id bigint, url text, title text, published_at timestamptz, rank real, snippet text
)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path FROM CURRENT
SET jit = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    asked tsquery := search_query(query);
    wanted int := coalesce(max_rows, 2147483647);
    enough int := greatest(wanted, 500);
    kind text[] := array_remove(ARRAY['section ' || fold(section)], NULL);
    newest int;  -- months
    oldest int;
    months int := 1;
    places text[];  -- of the index, to be looked through now
    ids bigint[] := '{}';
    ranks real[] := '{}';
    more_ids bigint[];
    more_ranks real[];
BEGIN
    IF asked IS NULL OR wanted <= 0 THEN
        RETURN;
    END IF;
    SELECT search_month(least(max(published_at), search_articles.until)),
           search_month(greatest(min(published_at), search_articles.since))
    INTO newest, oldest FROM articles WHERE isfinite(published_at);
    LOOP
        IF newest >= oldest THEN
            places := ARRAY(
                SELECT 'month ' || month
                FROM generate_series(greatest(newest - months + 1, oldest), newest) AS month
            );
            newest := newest - months;
            months := 2 * months;
        ELSIF places IS DISTINCT FROM '{undated}' AND since IS NULL AND until IS NULL THEN
            places := '{undated}';
        ELSE
            EXIT;
        END IF;
        SELECT array_agg(found.id), array_agg(ts_rank_cd(found.words, asked, 1))
        INTO more_ids, more_ranks
        FROM (
            SELECT articles.id, articles.words FROM articles
            WHERE words @@ asked
              AND search_keys(published_at, section) && places
              AND search_keys(published_at, section) @> kind
              -- Of no use to another index, and so is the order: the one of the words is taken.
              AND (published_at >= search_articles.since) IS NOT FALSE
              AND (published_at < search_articles.until) IS NOT FALSE
            ORDER BY coalesce(published_at, '-infinity') DESC, articles.id DESC
            LIMIT enough - cardinality(ids)
        ) AS found;
        ids := ids || more_ids;
        ranks := ranks || more_ranks;
        EXIT WHEN cardinality(ids) >= enough;
    END LOOP;
    RETURN QUERY
    SELECT articles.id, articles.url, articles.title, articles.published_at, best.rank,
           search_snippet(articles.body, lexemes)
    FROM (
        SELECT * FROM unnest(ids, ranks) WITH ORDINALITY AS found (id, rank, place)
        ORDER BY rank DESC, place LIMIT wanted
    ) AS best
    JOIN articles USING (id),
    LATERAL (SELECT ARRAY(SELECT (regexp_matches(querytree(asked), '''([^'']*)''', 'g'))[1])) AS asked_for (lexemes)
    ORDER BY best.rank DESC, best.place;
END
$$
"""
FUNCTIONS = {
    "fold(text)": (
        FOLD,
        "The text as it is compared and searched: without tashkeel, tatweel and invisible characters, one form for each letter, digit and punctuation mark that is written in several, lower case, single spaces.",
    ),
    "search_protected_words()": (
        PROTECTED_WORDS,
        "Words that stemming must not shorten, without article or conjunction. To add one, replace this function and then run UPDATE articles SET title = title.",
    ),
    "search_exceptions()": (
        EXCEPTIONS,
        "The protected words behind every conjunction, preposition and article, and what each is searched as.",
    ),
    "search_stem(text)": (
        STEM,
        "What a folded word is searched as: its light stem (Light10), or the protected word that it is a form of.",
    ),
    "search_stems(text)": (STEMS, "The stems of the words of a text, in its order."),
    "search_words(text, text)": (
        WORDS,
        "Stems of title (weight A) and body (weight B) with their places; a body counts from 1001. What follows 100,000 characters is not searched.",
    ),
    "search_phrase(text)": (PHRASE, "Words that stand together, as a part of a tsquery."),
    "search_alternative(text[], text[], text[])": (
        ALTERNATIVE,
        "One side of an OR, as a part of a tsquery: words that are wanted, very common ones that are asked for if there are no others, unwanted ones. Null where nothing is wanted.",
    ),
    "search_query(text)": (
        QUERY,
        "A query as it is typed, as a tsquery for articles.words: quoted phrases, OR (or أو) between alternatives, minus before what is unwanted. Null where nothing is asked for.",
    ),
    "search_month(timestamptz)": (MONTH, "Number of the month (UTC), counted from the year 0."),
    "search_keys(timestamptz, text)": (
        KEYS,
        "Month and section of an article, as the index of the search keeps them beside its words.",
    ),
    "search_snippet(text, text[])": (
        SNIPPET,
        "Some 24 words of a text as printed, from where most of the stems stand together; what was found stands between ⟦ and ⟧.",
    ),
    "search_articles(text, timestamptz, timestamptz, text, int)": (
        ARTICLES,
        "Articles that answer a query as typed into a search box, the best ones first: since (inclusive) and until (exclusive) go by published_at, section in any spelling. Ranked (ts_rank_cd, the title before the body) are the newest 500 that match, or as many as max_rows asks for. snippet is plain text as printed, with ⟦ and ⟧ around what was found: for HTML, escape it and then replace them.",
    ),
}
COMMENT = "Stems of title and body, for search_articles() and @@ search_query(…); made from them by the database."


def upgrade():
    for name, (definition, comment) in FUNCTIONS.items():
        _execute(definition)
        _execute(f"COMMENT ON FUNCTION {name} IS '{comment}'")
    op.add_column(
        "articles",
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            sa.Computed("search_words(title, body)", persisted=True),
            nullable=False,
            comment=COMMENT,
        ),
    )
    op.create_index(
        "ix_articles_words",
        "articles",
        ["words", sa.text("search_keys(published_at, section)")],
        postgresql_using="gin",
    )


def _execute(statement):
    op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade():
    op.drop_index("ix_articles_words", "articles")
    op.drop_column("articles", "words")
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
