"""The style sheet: what the mission calls things, by language and audience, and what it always adds."""

from __future__ import annotations

from trucewatch.sitreps.style import Style, Wording

SHEET = Style(
    mission={"en": "Joint Centre", "ar": "المركز المشترك"},
    actors={
        "is": (
            Wording({"en": "Islamic State"}, frozenset({"public"})),
            Wording({"en": "IS", "ar": "تنظيم الدولة الإسلامية"}),
        )
    },
    places={"golan-line": (Wording({"ar": "خط الجولان"}),)},
    disclaimers=(
        Wording({"en": "Names imply no opinion.", "ar": "لا تنطوي الأسماء على أي رأي."}),
        Wording({"en": "For the parties alone."}, frozenset({"parties"})),
    ),
)


def test_a_name_differs_by_audience_and_language() -> None:
    assert SHEET.actor("is", "en", "public") == "Islamic State"
    assert SHEET.actor("is", "en", "mission") == "IS"
    assert SHEET.actor("is", "ar", "public") == SHEET.actor("is", "ar", "mission") == "تنظيم الدولة الإسلامية"
    assert SHEET.place("golan-line", "ar", "public") == "خط الجولان"


def test_of_what_it_does_not_name_it_says_nothing() -> None:
    assert SHEET.place("golan-line", "en", "public") is None
    assert SHEET.actor("ru", "en", "public") is None
    assert SHEET.place("is", "en", "public") is None


def test_a_disclaimer_is_for_its_audience_and_in_english_where_it_has_no_other_words() -> None:
    assert SHEET.disclaimed("ar", "public") == ("لا تنطوي الأسماء على أي رأي.",)
    assert SHEET.disclaimed("ar", "parties") == ("لا تنطوي الأسماء على أي رأي.", "For the parties alone.")


def test_a_mission_without_a_name_has_none() -> None:
    assert (SHEET.mission_name("ar"), SHEET.mission_name("fr")) == ("المركز المشترك", "Joint Centre")
    assert Style().mission_name("en") == ""
