"""Profiles: who an actor is as each side tells it, and what of an agreement binds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.actors import BINDING, Affiliation, AffiliationStatement, Label, Register, Told, Voice
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.levels import Level
from trucewatch.problems import WrongCall
from trucewatch.profiles import Profile, find, in_words, profile, reliability, ways_up

AGREEMENTS = Path(__file__).parents[1] / "agreements"
MEMO = 'Middle East Monitor, "Israel involved in secret meetings about Syria truce"'
BOUND = "its acts are those of Armed opposition of the south, which is bound, as is inferred"
OUTSIDE = "operations against it are outside the scope of C1, as is inferred"
SOUTH = read_agreement(AGREEMENTS / "south-syria-2017")


def told(name: str, audience: Level = Level.MISSION, agreement: Agreement = SOUTH) -> Profile:
    return profile(agreement, name, audience)


def saying(*more: AffiliationStatement) -> Agreement:
    """Return the agreement with more said of affiliations."""
    register = SOUTH.register
    return replace(SOUTH, register=replace(register, statements=(*register.statements, *more)))


# ---- who it is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Golan Knights", "fursan al-jolan", "فرسان الجولان", "golan-knights"])
def test_an_actor_is_found_by_any_name_in_any_script(name: str) -> None:
    assert told(name).actor.id == "golan-knights"


def test_every_name_of_every_shipped_agreement_leads_to_a_profile() -> None:
    for folder in sorted(AGREEMENTS.iterdir()):
        agreement = read_agreement(folder)
        for actor in agreement.register.actors.values():
            for name in actor.names:
                assert profile(agreement, name).actor == actor
            assert profile(agreement, actor.id).standing


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Golan", "near it: .*Golan Knights"),
        ("Лавров", "near it: Сергей Лавров"),
        ("Zzyzx Qqqq", "none is near it"),
        ("мирные жители", "means civilians"),
        ("", "goes by ''"),
    ],
)
def test_an_unknown_name_is_told_with_those_near_it(name: str, said: str) -> None:
    with pytest.raises(WrongCall, match=said):
        find(SOUTH, name)


def test_a_name_of_several_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "agreement.yml").write_text("format: 1\nagreement: hills\n", encoding="utf-8")
    (tmp_path / "actors.yml").write_text(
        "format: 1\nactors: {one: {names: [One, Both]}, all: {names: [All, Both], members: [one], kind: umbrella}}\n",
        encoding="utf-8",
    )
    found = told("both", agreement=read_agreement(tmp_path))
    assert (found.actor.id, found.shares_name_with) == ("all", ("one",))


# ---- as each side tells it -------------------------------------------------------------------------------------------


def test_one_claims_an_oath_and_another_assesses_a_part() -> None:
    voices = dict(told("Khalid ibn al-Walid Army").voices())
    assert {heading: [saying.says for saying in sayings] for heading, sayings in voices.items()} == {
        "Assessed by UCDP GED Syria, special release 652.1601.1911 (reliability not judged)": [
            "Khalid ibn al-Walid Army is part of IS"
        ],
        "Claimed by Khalid ibn al-Walid Army, as told by SOHR (reliability not judged)": [
            "Khalid ibn al-Walid Army claims to be subordinate to IS"
        ],
    }
    (difference,) = told("Khalid ibn al-Walid Army").differences
    assert "it is part of it, assessed by UCDP" in difference and "subordinate to it, claimed by Khalid" in difference


def test_what_jabhat_al_nusra_became_is_told_as_inferred_and_with_its_days() -> None:
    renamed = [saying for saying in told("Jabhat al-Nusra").sayings if "took the name" in saying.says]
    assert [(saying.says, saying.when, saying.is_inferred) for saying in renamed] == [
        ("Jabhat al-Nusra took the name Jabhat Fateh al-Sham", "", True),
        ("Jabhat Fateh al-Sham took the name HTS", "between 2017-01-27 and 2017-01-28", True),
    ]


def test_a_person_is_told_with_the_office_and_the_office_with_its_state() -> None:
    (held,) = {saying.says for saying in told("Сергей Лавров").sayings}
    assert held == "Sergey Lavrov holds the office: Russia's foreign minister"
    assert {saying.says for saying in told("Russian foreign minister").sayings} == {
        held, "Russia's foreign minister is part of Russia",
    }  # fmt: skip


def test_a_denial_is_told_beside_what_it_denies() -> None:
    voice = Voice(claimed_by=("sdf",), denied_by=("us",), grade="C")
    said = AffiliationStatement("sdf", "us", Affiliation.COMMANDED_BY, ("sohr",), contested=True, voice=voice)
    found = told("SDF", agreement=saying(said))
    headings = [heading for heading, _ in found.voices()]
    assert "Claimed by Syrian Democratic Forces, as told by SOHR (reliability C)" in headings
    assert "Denied by United States, as told by SOHR (reliability C)" in headings
    assert any(
        line.endswith("claimed by Syrian Democratic Forces: denied by United States") for line in found.differences
    )


def test_a_statement_is_as_reliable_as_its_best_source_unless_it_was_judged_itself() -> None:
    graded = {
        id: replace(source, grade=grade) for (id, source), grade in zip(SOUTH.sources.items(), "DB", strict=False)
    }
    agreement = replace(SOUTH, sources=graded)
    assert reliability(Voice(), graded, agreement) == "B"
    assert reliability(Voice(grade="E"), graded, agreement) == "E"
    assert reliability(Voice(), ["sohr"], SOUTH) == ""


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Told(), ""), (Told("2017"), "from 2017"), (Told("", "2017-05~"), "until about 2017-05"),
        (Told("2016-10~", "2017-01-23"), "from about 2016-10 until 2017-01-23"),
        (Told("2016-07-26", "2016-07-26"), "on 2016-07-26"), (Told("2016-07", "2016-07"), "in 2016-07"),
    ],
)  # fmt: skip
def test_a_span_is_said_no_more_exactly_than_it_was_written(span: Told, words: str) -> None:
    assert in_words(span) == words


# ---- labels ----------------------------------------------------------------------------------------------------------


def test_the_golan_knights_are_described_as_druze_by_one_and_not_by_others() -> None:
    told_of = told("Golan Knights")
    assert [line for line in told_of.differences if "described" in line] == [
        f"described as Druze by {MEMO}, not by three other sources that place the Golan Knights in Jubata al-Khashab"
    ]
    assert told_of.as_data()["labels"] == [
        {"described_as": "Druze", "by": ["memo-2017-08-09"], "not_by": ["golan-knights-in-jubata"]}
    ]


@pytest.mark.parametrize("word", ["public", "parties", "guarantors"])
def test_below_its_level_nothing_tells_of_a_label(word: str) -> None:
    audience = {level.word: level for level in (Level.PUBLIC, Level.PARTIES, Level.GUARANTORS)}[word]
    without = replace(SOUTH, register=replace(SOUTH.register, labels=()))
    assert told("Golan Knights", audience).as_data() == told("Golan Knights", agreement=without).as_data()
    assert "Druze" not in str(told("Golan Knights", audience))


@given(st.sampled_from([actor.id for actor in SOUTH.register.actors.values()]), st.sampled_from(["sealed", "mission"]))
def test_a_label_says_nothing_of_what_binds(actor: str, word: str) -> None:
    level = {"sealed": Level.SEALED, "mission": Level.MISSION}[word]
    label = Label(actor, "Martian", ("sohr",), level=level)
    labelled = replace(SOUTH, register=replace(SOUTH.register, labels=(label,)))
    assert told(actor, Level.SEALED, labelled).standing == told(actor).standing
    assert told(actor, Level.SEALED, labelled).affiliations == told(actor).affiliations


# ---- what binds it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("Southern Front", BOUND),
        ("Hezbollah", "its acts are those of Iran-backed groups, which is affected; whether it is bound is contested"),
        ("IS", OUTSIDE),
        ("Khalid ibn al-Walid Army", f"{OUTSIDE}, because it is part of IS"),
        ("Jund al-Aqsa", f"{OUTSIDE}, if it is subordinate, as it claims, to HTS from about 2016-10 until 2017-01-23"),
        ("IDF", "no party of it: what it does is not bound"),
        ("Jordan", "a guarantor, and not bound by that"),
    ],
)
def test_what_of_the_agreement_binds_it_is_told_with_the_reason(name: str, standing: str) -> None:
    assert told(name).standing == (standing,)


def test_an_umbrella_is_told_by_the_sides_it_may_stand_for() -> None:
    found = told("rebels")
    assert "HTS" in found.stands_for and "others that are not listed" in found.stands_for
    bound = [line for line in found.standing if "which is bound" in line]
    assert len(bound) == 1 and "Southern Front" in bound[0] and "HTS" not in bound[0]
    assert "it may stand for HTS and others that are not listed: no party" in found.standing
    assert told("HTS").stands_under == ("Syrian insurgents",)


@given(st.sampled_from(list(Affiliation)), st.booleans())
def test_only_what_binds_brings_an_actor_to_a_party(kind: Affiliation, contested: bool) -> None:
    said = AffiliationStatement("sdf", "southern-front", kind, ("sohr",), contested=contested)
    (standing,) = told("SDF", agreement=saying(said)).standing
    may_bind = kind in BINDING or kind is Affiliation.CLAIMS_SUBORDINATION
    assert standing.startswith("its acts are those of Armed opposition of the south") == may_bind
    assert (", because it" in standing) == (kind in BINDING and not contested)
    assert (", if it" in standing) == (may_bind and not (kind in BINDING and not contested))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.booleans()), max_size=8))
def test_the_ways_up_end_and_never_pass_an_actor_twice(said: list[tuple[str, str, bool]]) -> None:
    statements = tuple(AffiliationStatement(of, to, Affiliation.PART_OF, ("x",), contested=c) for of, to, c in said)
    for way in ways_up(Register({}, statements), "a"):
        passed = ["a", *(statement.to for statement in way)]
        assert len(set(passed)) == len(passed)
        assert all(statement.of == before for statement, before in zip(way, passed, strict=False))
