"""Languages: the same sentence in each, names as the agreement and the mission have them, and nothing left out."""

from __future__ import annotations

import ast
import io
import string
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import example, given
from hypothesis import strategies as st

import trucewatch
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import WrongCall
from trucewatch.sitreps.languages import (
    LANGUAGES,
    Language,
    in_english,
    joined,
    language_of,
    listed,
    month,
    name,
    phrase,
    phrases,
    runs,
    sentences,
    told_in,
    when,
)
from trucewatch.sitreps.material import Figures, Period
from trucewatch.sitreps.style import Style, Wording
from trucewatch.when import FAR_AHEAD, LONG_AGO, Span, tell

ZONE = "Asia/Damascus"
OTHERS = [code for code in LANGUAGES if code != "en"]
FEW = 3  # forms that may name the number without a digit: none, one, two


def nothing(kind: str, id: str) -> None:
    """Know no name."""


@pytest.fixture(scope="session")
def arabic(agreement: Agreement) -> Language:
    return language_of("ar", agreement, Style(), "public")


# ---- the catalogues --------------------------------------------------------------------------------------------------


def said() -> dict[str, str | None]:
    """Return every sentence that the program makes, as its code has it, with its plural."""
    found: dict[str, str | None] = {}
    for path in sorted(Path(trucewatch.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "phrase":
                forms = [part.value for part in node.args if isinstance(part, ast.Constant)]
                assert len(forms) == len(node.args) > 0, f"{path.name}:{node.lineno}: a phrase is written out"
                found[str(forms[0])] = str(forms[1]) if len(forms) > 1 else None
    return found


def catalogue(code: str) -> Catalog:
    text = (files("trucewatch.sitreps") / "languages" / f"{code}.po").read_bytes()
    return read_po(io.BytesIO(text), locale=code, abort_invalid=True)


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_has_its_translation_and_no_translation_is_of_nothing(code: str) -> None:
    held = {
        message.id if isinstance(message.id, str) else message.id[0]: message
        for message in catalogue(code)
        if message.id
    }
    assert set(held) == set(said())
    for english, plural in said().items():
        message = held[english]
        assert not message.fuzzy
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert (plural is not None) == message.pluralizable, english
        assert all(form.strip() for form in forms), english
        assert len(forms) == (catalogue(code).num_plurals if plural else 1)


@pytest.mark.parametrize("code", OTHERS)
def test_every_translation_says_the_same_things(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        asked = placeholders(message.id if isinstance(message.id, str) else message.id[1])
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        for at, form in enumerate(forms):
            may_lack = {"count"} if len(forms) > 1 and at < FEW else set()
            assert asked - may_lack <= placeholders(form) <= asked, form


@given(count=st.integers(0, 2000))
@example(count=0)
@example(count=2)
@example(count=100)
def test_the_plural_is_that_of_cldr(arabic: Language, count: int) -> None:
    category = Locale("ar").plural_form(count)
    message = catalogue("ar").get(("{count} incident", "{count} incidents"))
    assert message is not None and isinstance(message.string, list | tuple)
    form = message.string[["zero", "one", "two", "few", "many", "other"].index(category)]
    assert arabic.tell(phrase("{count} incident", "{count} incidents", count=count)) == form.format(count=f"{count:,}")


def test_a_language_without_a_catalogue_is_refused(agreement: Agreement) -> None:
    with pytest.raises(WrongCall, match="no sitrep in 'fr'; one of en, ar"):
        language_of("fr", agreement, Style(), "public")


# ---- phrases ---------------------------------------------------------------------------------------------------------


def test_a_phrase_is_its_english_text(english: Language) -> None:
    told = phrase("{count} finding", "{count} findings", count=1240)
    assert told == "1,240 findings" and f"{told}" == "1,240 findings"
    assert english.tell(told) == told and type(english.tell(told)) is str


def test_phrases_are_known_by_their_english_text(arabic: Language) -> None:
    known = phrases(phrase("yes"), phrase("no"))
    assert list(known) == ["yes", "no"] and [arabic.tell(one) for one in known.values()] == ["نعم", "لا"]


def test_parts_are_told_in_the_language_of_the_whole(arabic: Language) -> None:
    whole = phrase("not established ({grounds})", grounds=phrase("no report names who acted"))
    assert arabic.tell(whole) == "غير ثابت (لا يذكر أي بلاغ الفاعل)"


def test_what_is_no_phrase_keeps_its_words(english: Language, arabic: Language) -> None:
    for text in ("Clashes {continue} in the countryside", "قرب درعا", "%s"):
        assert english.tell(text) == arabic.tell(text) == text


def test_braces_that_a_report_brought_stay_braces(arabic: Language) -> None:
    assert arabic.tell(phrase("by {actor}, as named in the report", actor="{count} {0}")).count("{count} {0}") == 1


def test_a_text_in_english_alone_gives_way_to_a_phrase(english: Language, arabic: Language) -> None:
    note = in_english("Operations against these groups", phrase("an exception of the agreement covers it"))
    assert english.tell(note) == "Operations against these groups"
    assert arabic.tell(note) == "يشمله استثناء من استثناءات الاتفاق"


@given(words=st.lists(st.text("ab", min_size=1, max_size=3), max_size=5))
def test_a_list_in_english_is_the_list(words: list[str]) -> None:
    language = Language("en", nothing)
    for told in (listed(words), joined(words, "; or "), sentences(*words)):
        assert language.tell(told) == told
    assert listed(words).count(" and ") == (len(words) > 1)


def test_arabic_says_and_before_each(arabic: Language) -> None:
    assert arabic.tell(listed(["أ", "ب", "ج"])) == "أ وب وج"
    assert arabic.tell(joined(["أ", "ب"], "; or ")) == "أ؛ أو ب"


# ---- times -----------------------------------------------------------------------------------------------------------

INSTANTS = st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(first=INSTANTS, length=st.integers(0, 400_000))
def test_a_span_names_the_same_days_and_clocks_in_every_language(first: datetime, length: int) -> None:
    span = Span(first, first + timedelta(minutes=length), "told")
    english, arabic = (Language(code, nothing).when(span, ZONE) for code in ("en", "ar"))
    assert english == tell(span, ZONE) == when(span, ZONE)

    def numbers(text: str) -> list[str]:
        return "".join(letter if letter.isdigit() or letter == ":" else " " for letter in text).split()

    assert numbers(arabic) == numbers(english)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        ((datetime(2017, 7, 8, 21, tzinfo=UTC), datetime(2017, 7, 9, 21, tzinfo=UTC)), "9 تموز/يوليو 2017"),
        ((datetime(2017, 7, 8, 21, tzinfo=UTC), datetime(2017, 7, 11, 21, tzinfo=UTC)), "9 إلى 11 تموز/يوليو 2017"),
        (
            (datetime(2017, 7, 9, 9, tzinfo=UTC), datetime(2017, 7, 9, 9, 1, tzinfo=UTC)),
            "9 تموز/يوليو 2017، الساعة 12:00",
        ),
        ((LONG_AGO, datetime(2017, 7, 9, 21, tzinfo=UTC)), "حتى 9 تموز/يوليو 2017"),
        ((datetime(2017, 7, 8, 21, tzinfo=UTC), FAR_AHEAD), "اعتبارا من 9 تموز/يوليو 2017"),
        ((LONG_AGO, FAR_AHEAD), "في أي وقت"),
    ],
)
def test_times_in_arabic(arabic: Language, span: tuple[datetime, datetime], told: str) -> None:
    assert arabic.tell(when(Span(*span, "told"), ZONE)) == told


def test_months_have_both_of_their_arabic_names(arabic: Language, english: Language) -> None:
    assert arabic.tell(month(2017, 7)) == "تموز/يوليو 2017"
    assert english.tell(month(2017, 7)) == month(2017, 7) == "July 2017"
    assert arabic.tell(date(2017, 1, 2)) == "2 كانون الثاني/يناير 2017"


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "id", "told"),
    [
        ("zone", "daraa", "درعا"),  # from the gazetteer
        ("zone", "area-of-separation", "المنطقة الفاصلة"),  # from the agreement
        ("line", "contact", "خط التماس"),
        ("actor", "sy-government", "الحكومة السورية"),
        ("actor", "civilians", "المدنيين"),
        ("named", "southern-front", "الجبهة الجنوبية"),
        ("party", "government-forces", "الحكومة السورية والقوات المتحالفة معها"),
        ("act", "mortar-fire", "إطلاق قذائف هاون"),
        ("country", "SY", "سوريا"),
        ("agreement", "south-syria-2017", "وقف إطلاق النار في جنوب غرب سوريا"),
        ("term", "start", "البداية"),
    ],
)
def test_things_go_by_their_own_arabic_names(arabic: Language, kind: str, id: str, told: str) -> None:
    assert arabic.tell(name(kind, id, "in English")) == told


def test_what_has_no_arabic_name_keeps_the_english_one(arabic: Language) -> None:
    for kind, id in (
        ("actor", "13th-division"),
        ("actor", "?somebody"),
        ("term", "golan-distance"),
        ("source", "ucdp"),
    ):
        assert arabic.tell(name(kind, id, "in English")) == "in English"


def test_the_style_sheet_goes_before_the_agreement_and_leaves_reports_their_words(agreement: Agreement) -> None:
    sheet = Style(
        actors={"sy-government": (Wording({"en": "the Syrian authorities", "ar": "السلطات السورية"}),)},
        places={"daraa": (Wording({"en": "Dar'a", "ar": "محافظة درعا"}),)},
    )
    english, arabic = (language_of(code, agreement, sheet, "public") for code in LANGUAGES)
    for kind, id, in_english_, in_arabic in (
        ("actor", "sy-government", "the Syrian authorities", "السلطات السورية"),
        ("zone", "daraa", "Dar'a", "محافظة درعا"),
        ("named", "sy-government", "SAA", "السلطات السورية"),
    ):
        told = name(kind, id, "SAA")
        assert (english.tell(told), arabic.tell(told)) == (in_english_, in_arabic)


def test_an_area_goes_by_the_name_of_the_zone_that_is_drawn_as_it(agreement: Agreement) -> None:
    sheet = Style(places={"daraa": (Wording({"en": "Dar'a"}),)})
    english = language_of("en", agreement, sheet, "public")
    drawn = agreement.zones["daraa"].shape
    assert drawn is not None
    (area,) = [one.id for one in agreement.gazetteer.areas.values() if one.geometry.wkb == drawn.wkb]
    (other, *_) = [one.id for one in agreement.gazetteer.areas.values() if one.geometry.wkb != drawn.wkb]
    assert [english.tell(name("area", id, "as received")) for id in (area, other)] == ["Dar'a", "as received"]


# ---- whole forms -----------------------------------------------------------------------------------------------------


def test_a_form_is_told_to_its_depth_and_what_is_no_text_is_kept(arabic: Language, figures: Figures) -> None:
    start = datetime(2018, 5, 31, 21, tzinfo=UTC)
    period = Period(start, start, phrase("at any time"))
    assert told_in(period, arabic) == Period(start, start, "في أي وقت")
    nested = {"a": (phrase("yes"), 1, None), "b": frozenset({phrase("no")})}
    assert told_in(nested, arabic) == {"a": ("نعم", 1, None), "b": frozenset({"لا"})}
    assert told_in(figures, arabic) == figures  # it holds no phrase
    assert told_in(figures, arabic).sources[0] is figures.sources[0]


# ---- scripts side by side --------------------------------------------------------------------------------------------

MIXED = st.text(st.sampled_from("abzAZ09 .,:;/-()[]%'أبجدرשבДру\n"), max_size=40)


@given(text=MIXED, direction=st.sampled_from(["ltr", "rtl"]))
@example(text="(في PATROL, WIRE): 14:02-14:45", direction="rtl")
def test_runs_make_up_the_text_and_all_that_runs_the_other_way_is_set_apart(text: str, direction: str) -> None:
    cut = list(runs(text, direction))
    assert "".join(run for run, _ in cut) == text
    against = "أبجدرשב" if direction == "ltr" else "abzAZДру"
    assert [run for run, is_foreign in cut if not is_foreign and set(run) & set(against)] == []


def test_a_name_in_an_arabic_sentence_is_one_run_without_the_sentence_around_it() -> None:
    text = "بحسب SIM Agency Two (في WIRE): 14:02-14:45، events.csv:17."
    assert [run for run, is_foreign in runs(text, "rtl") if is_foreign] == [
        "SIM Agency Two", "WIRE", "14:02-14:45", "events.csv:17",
    ]  # fmt: skip


def test_a_text_wholly_of_the_other_script_is_one_run_to_its_full_stop() -> None:
    assert list(runs("Hezbollah keeps 25 km away.", "rtl")) == [("Hezbollah keeps 25 km away.", True)]
    assert list(runs("درعا البلد (قرب).", "ltr")) == [("درعا البلد (قرب).", True)]


def test_long_runs_are_cut_in_no_more_than_linear_time() -> None:
    hostile = ["((((" * 5_000, "a" * 20_000, "a (" * 5_000, "1:" * 10_000, "a, " * 7_000]
    for text in hostile:
        assert "".join(run for run, _ in runs(f"ب{text}", "rtl")) == f"ب{text}"
