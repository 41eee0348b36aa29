"""Sentences: never more than was reported, and no order of names that could be read as blame."""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.actors import write_pairs
from trucewatch.agreement.terms import Agreement, Presumption
from trucewatch.assessment import ceilings, duties
from trucewatch.assessment.duties import FOUND
from trucewatch.directions import FROM, HELD
from trucewatch.findings import FINDING_SCHEMA, Responsibility, responsibility
from trucewatch.incidents import FIRST_HAND
from trucewatch.levels import CHAIN, Level
from trucewatch.logs.inspections import OPEN_BECAUSE, InspectionOutcome
from trucewatch.sitreps.languages import Phrase, language_of, listed
from trucewatch.sitreps.material import Material, Told
from trucewatch.sitreps.places import zones_of
from trucewatch.sitreps.sentences import (
    said_elsewhere,
    tell_findings,
    tell_origins,
    tell_place,
    tell_reporters,
    tell_responsibility,
    tell_sides,
    tell_unknowns,
)
from trucewatch.sitreps.style import Style
from trucewatch.where import distance_m, sector

Claim = Callable[..., dict[str, Any]]
MaterialOf = Callable[..., Material]
GOVERNMENT, SOUTH, INSURGENTS = "Government of Syria", "Southern Front", "Syrian insurgents"
NAMES = ["Alpha", "beta", "Gamma", "Delta"]


def told_of(material: Material) -> tuple[Told, ...]:
    """Tell every finding of a material, with the zones of the south."""
    zones = zones_of(material.incidents.accounts, material.agreement, ("daraa", "quneitra", "suwayda"))
    return tell_findings(material, material.findings, zones)


def both_ways(one: str, other: str) -> str:
    return write_pairs([(one, other), (other, one)])


# ---- outcomes --------------------------------------------------------------------------------------------------------


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sides=st.tuples(st.sampled_from([GOVERNMENT, SOUTH, INSURGENTS, "IS", ""]), st.sampled_from([SOUTH, "IS", ""])),
    radius_m=st.sampled_from([500.0, 3000.0, 60_000.0]),
    dead=st.sampled_from([None, 4]),
    audience=st.sampled_from([Level.PUBLIC, Level.MISSION]),
)
def test_every_finding_says_on_whose_word_and_nothing_is_called_confirmed(
    claim: Claim, material_of: MaterialOf, sides: tuple[str, str], radius_m: float, dead: int | None, audience: Level
) -> None:
    row = claim("a", pairs=both_ways(*sides), radius_m=radius_m, civilians_dead=dead)
    for told in told_of(material_of(row, audience=audience)):
        assert ", reported by SOHR (in UCDP): " in told.sentence
        place = "3 June 2018, Daraa town, within " if audience is Level.MISSION else "somewhere in "
        assert place in told.sentence
        assert "confirmed" not in told.sentence.replace("not confirmed", "")
        assert ("not confirmed" in told.sentence) == (told.outcome == "violation")
        assert ("Civilian dead as reported: 4." in told.sentence) == (dead == 4)
        assert [link["line"] for link in told.chain] == ([17] if audience is Level.MISSION else [])


def test_a_violation_is_told_as_reported(claim: Claim, material_of: MaterialOf) -> None:
    (told,) = told_of(material_of(claim("a")))
    assert (told.outcome, told.zone, told.presumption) == ("violation", "daraa", False)
    assert told.sentence == (
        "Shelling, reported by SOHR (in UCDP): 3 June 2018, Daraa town, within 3 km of a point; between Government of "
        "Syria and Southern Front, who acted is not said. Assessed as inconsistent with C1, if it was as reported; not "
        "confirmed."
    )


def test_only_a_mission_that_may_determine_speaks_of_a_violation(claim: Claim, material_of: MaterialOf) -> None:
    (told,) = told_of(material_of(claim("a"), may_determine=True))
    assert told.sentence.endswith("Violation of C1, on what was reported.")


def test_the_presumption_names_the_name_that_it_rests_on(claim: Claim, material_of: MaterialOf) -> None:
    (told,) = told_of(material_of(claim("a", pairs=both_ways(GOVERNMENT, INSURGENTS))))
    assert told.presumption
    assert told.sentence.endswith(
        "It rests on the presumption that 'Syrian insurgents', a name for several groups, is taken for the bound side."
    )
    (plain,) = told_of(material_of(claim("a")))
    assert "presumption" not in plain.sentence


def test_nobody_named_taken_for_a_bound_side_is_said_too(claim: Claim, material_of: MaterialOf) -> None:
    material = material_of(claim("a"))
    law = material.agreement
    widest = tuple(replace(clause, presumption=Presumption.ANYBODY) for clause in law.clauses)
    incidents = material.incidents.incidents
    unnamed = replace(
        material.incidents,
        incidents=incidents.with_columns(incidents["sides"].replace(both_ways(GOVERNMENT, SOUTH), both_ways("", ""))),
    )
    findings = material.findings.with_columns(presumption=True)
    presumed = replace(material, agreement=replace(law, clauses=widest), incidents=unnamed, findings=findings)
    (told,) = told_of(presumed)
    assert "no side is named" in told.sentence
    assert told.sentence.endswith("that an actor that nobody named is taken for a bound side.")


def test_outside_scope_says_why_and_only_if_it_is_reached_at_all(claim: Claim, material_of: MaterialOf) -> None:
    (told,) = told_of(material_of(claim("a", pairs=write_pairs([(GOVERNMENT, "IS")]))))
    assert told.outcome == "outside_scope"
    assert "Outside the scope of C1, if in its area and time at all: Operations against these groups." in told.sentence


def test_what_was_alleged_and_not_reached_is_answered(claim: Claim, material_of: MaterialOf) -> None:
    rows = told_of(material_of(claim("a", allegation=True, lon=40.0, lat=36.0)))
    assert "Alleged; C1 does not reach it." in rows[0].sentence


def test_a_demand_is_never_called_a_violation(claim: Claim, material_of: MaterialOf) -> None:
    presence = claim("a", assertion="presence", act="presence-of-forces", pairs=write_pairs([("Hezbollah", "")]))
    told = told_of(material_of(presence, demands=True, reading="israel"))
    assert {one.outcome for one in told if one.clause == "D-il-1"} == {"violation"}
    assert all("iolation" not in one.sentence for one in told)
    assert [one.sentence.rpartition("; ")[2] for one in told if one.clause == "D-il-1"] == [
        "by Hezbollah, as named in the report. Would not meet demand D-il-1 of Israel."
    ]


def test_differing_reports_are_said_to_differ(claim: Claim, material_of: MaterialOf) -> None:
    other = claim("b", source="other", office="SNHR", pairs=write_pairs([(GOVERNMENT, "civilians")]))
    (told,) = told_of(material_of(claim("a"), other))
    assert "The reports differ: 2 versions stand side by side." in told.sentence
    assert "reported by SNHR and SOHR (in OTHER, UCDP)" in told.sentence
    assert [link["office"] for link in told.chain] == ["SNHR", "SOHR"]


def test_what_would_settle_it_stays_within_the_mission(claim: Claim, material_of: MaterialOf) -> None:
    vague = claim("a", radius_m=60_000.0)
    (inside,) = told_of(material_of(vague))
    assert inside.settled_by == ("the disputed area and where exactly it happened",)
    assert inside.sentence.endswith(
        "Undetermined under C1. It would settle it to know the disputed area and where exactly it happened."
    )
    for audience in CHAIN:
        if audience < Level.MISSION:
            (outside,) = told_of(material_of(vague, audience=audience))
            assert outside.settled_by == ()
            assert outside.sentence.endswith("Undetermined under C1.")


def test_findings_are_told_by_clause_time_and_id_whatever_their_order(claim: Claim, material_of: MaterialOf) -> None:
    material = material_of(claim("a"), claim("b", lon=36.2), claim("c", record="c", lat=32.7))
    order = told_of(material)
    assert len(order) == 3
    assert told_of(replace(material, findings=material.findings.reverse())) == order
    assert [(one.clause, one.earliest, one.id) for one in order] == sorted(
        (one.clause, one.earliest, one.id) for one in order
    )


def test_nothing_found_tells_nothing(material_of: MaterialOf) -> None:
    assert told_of(material_of()) == ()


def test_who_of_the_mission_saw_it_is_not_told(claim: Claim, material_of: MaterialOf) -> None:
    (told,) = told_of(material_of(claim("a", means="saw", office="Patrol 7", cites=None)))
    assert "reported by first-hand observers" in told.sentence
    assert "Patrol 7" not in repr(told)


# ---- places ----------------------------------------------------------------------------------------------------------


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bearing=st.floats(0, 359), error=st.floats(2, 40), far_m=st.floats(1500, 8000))
def test_a_sector_is_told_without_where_its_observer_stood(
    claim: Claim, material_of: MaterialOf, bearing: float, error: float, far_m: float
) -> None:
    post = (36.1, 32.62)
    seen = sector(*post, bearing, error, 0.0, far_m)
    row = claim("a", place_kind="sector", geometry=seen.wkb, lon=post[0], lat=post[1], radius_m=None, means="saw")
    (told,) = told_of(material_of(row))
    place = told.account
    assert (place["place_kind"], place["geometry"]) == ("disc", None)
    away = [distance_m(place["lon"], place["lat"], x, y) for x, y in seen.boundary.coords]
    assert max(away) <= place["radius_m"]
    assert distance_m(place["lon"], place["lat"], *post) > far_m / 4
    assert re.search(r"Daraa town, within [\d.]+ k?m of a point", told.sentence)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"place_kind": "disc", "radius_m": 3000.0}, "within 3 km of a point"),
        ({"place_kind": "disc", "radius_m": 2500.0}, "within 2.5 km of a point"),
        ({"place_kind": "disc", "radius_m": 999.0}, "within 999 m of a point"),
        ({"place_kind": "disc", "radius_m": None}, "within 0 m of a point"),
        ({"place_kind": "area", "area": "daraa"}, "somewhere in Daraa"),
        ({"place_kind": "area", "area": "not known here"}, "somewhere in not known here"),
        ({"place_kind": "area", "area": None}, "somewhere in a drawn area"),
        ({"place_kind": "line"}, "along a line"),
        ({"place_kind": "country", "country": "Syria"}, "somewhere in Syria"),
        ({"place_kind": "unplaced"}, "place not known"),
    ],
)
def test_each_kind_of_place_has_its_words(agreement: Agreement, place: dict[str, Any], words: str) -> None:
    assert tell_place(place, agreement) == words
    assert tell_place({**place, "place_name": "Nawa"}, agreement) == f"Nawa, {words}"


def test_a_country_is_not_named_twice(agreement: Agreement) -> None:
    place = {"place_kind": "country", "country": "Syria", "place_name": "SYRIA"}
    assert tell_place(place, agreement) == "somewhere in Syria"


# ---- who -------------------------------------------------------------------------------------------------------------


@given(names=st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
def test_sides_that_fought_each_other_stand_in_no_order_of_blame(names: list[str], agreement: Agreement) -> None:
    pairs = list(itertools.permutations(names, 2))
    words = tell_sides(write_pairs(pairs), agreement)
    assert words == f"between {listed(sorted(names, key=str.casefold))}, who acted is not said"
    assert words == tell_sides(json.dumps(pairs[::-1]), agreement)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("Alpha", "civilians")], "by Alpha against civilians, as named in the report"),
        ([("Alpha", "")], "by Alpha, as named in the report"),
        ([("Alpha", "Delta"), ("beta", "Delta")], "by Alpha or beta against Delta, which of them acted is not said"),
        ([("", "Delta"), ("", "beta")], "against beta, Delta, who acted is not named"),
        ([("", "")], "no side is named"),
        (
            [("Alpha", "beta"), ("beta", "Alpha"), ("Alpha", "civilians"), ("beta", "civilians")],
            "between Alpha and beta, who acted is not said",
        ),
    ],
)
def test_who_acted_is_said_only_where_a_report_says_so(
    agreement: Agreement, pairs: list[tuple[str, str]], words: str
) -> None:
    assert tell_sides(write_pairs(pairs), agreement) == words


def test_without_pairs_no_side_is_named(agreement: Agreement) -> None:
    assert tell_sides(None, agreement) == "no side is named"


def test_responsibility_is_told_as_far_as_it_is_established() -> None:
    assert tell_responsibility(Responsibility.ACTOR, ["A"], "why") == "A, as reported; likelihood not assessed (why)"
    assert tell_responsibility(Responsibility.ONE_OF, ["A", "B"], "why") == "not established: one of A and B (why)"
    unit = tell_responsibility(Responsibility.UNIT, ["A", "B"], "why")
    assert unit == "A, a unit of B, as reported; likelihood not assessed (why)"
    assert tell_responsibility(Responsibility.NOT_ESTABLISHED, [], "why") == "not established (why)"


def test_reporters_are_named_once_and_counted_beyond_four() -> None:
    assert tell_reporters(["SOHR", "SOHR", ""], ["ucdp", "ucdp"]) == "reported by SOHR (in UCDP)"
    assert tell_reporters(list("abcdef"), ["x"]) == "reported by a, b, c and d and 2 more (in X)"
    assert tell_reporters([], ["ucdp", "acled"]) == "reported by an office not named (in UCDP, ACLED)"


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((1, 1, 1), "1 report, 1 independent origin"),
        ((2, 2, 3), "3 reports, 2 independent origins"),
        ((0, 2, 2), "2 reports, 0 to 2 independent origins"),
        ((1, None, 1), "1 report, at least 1 independent origin, no upper bound"),
        ((2, None, 5), "5 reports, at least 2 independent origins, no upper bound"),
    ],
)
def test_origins_are_told_with_their_bounds(bounds: tuple[int, int | None, int], words: str) -> None:
    assert tell_origins(*bounds) == words


def test_reports_that_repeat_others_are_counted_apart() -> None:
    assert tell_origins(1, 1, 2, repeats=1) == "2 reports, of which 1 repeats another, 1 independent origin"
    assert tell_origins(2, None, 5, repeats=3) == (
        "5 reports, of which 3 repeat others, at least 2 independent origins, no upper bound"
    )


def test_who_repeats_whom_and_what_it_changed_stays_within_the_mission(claim: Claim, material_of: MaterialOf) -> None:
    rows = (
        claim("a", source="one", office="first", entry=1, cites=None, event_key="e"),
        claim("b", source="one", office="second", entry=2, cites='["first"]', event_key="e", dead_low=3, dead_high=3),
    )
    (inside,) = told_of(material_of(*rows))
    assert inside.origins.startswith("2 reports, of which 1 repeats another, ")
    ((echo,),) = [link["repeats"] for link in inside.chain if "repeats" in link]
    assert (echo["how"], echo["file"], echo["line"]) == ("cites", inside.chain[0]["file"], inside.chain[0]["line"])
    assert [(one["field"], one["change"]) for one in echo["drift"]] == [("dead", "added")]
    for audience in CHAIN:
        if audience < Level.MISSION:
            (outside,) = told_of(material_of(*rows, audience=audience))
            assert "repeat" not in outside.origins
            assert not any("repeats" in link for link in outside.chain)


@given(low=st.integers(0, 9), more=st.integers(0, 9), reports=st.integers(1, 30), repeats=st.integers(0, 9))
def test_below_the_mission_no_number_of_reports_or_origins_is_told(
    low: int, more: int, reports: int, repeats: int
) -> None:
    told = tell_origins(low, low + more, reports, Level.GUARANTORS, repeats)
    assert told == ["no independent origin", "one origin", "more than one independent origin"][min(low, 2)]


# ---- what is not known -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unknown", "words"),
    [
        ("when", "when exactly it happened"),
        ("where", "where exactly it happened"),
        ("what", "what exactly was done, and with what"),
        ("count", "how many there were"),
        ("who", "who acted and against whom"),
        ("proof", "a further independent origin, or first-hand observation"),
        ("which report is right", "which of the differing reports is right"),
        ("record", "that the record for this time is complete, so that silence means that it was not done"),
        ("line:contact", "where the line of contact runs"),
        ("zone:suwayda", "where As Suwayda lies"),
        ("precondition:coordination-attempt-failed", "whether coordination attempt failed"),
        ("affected.iran-backed", "whether iran backed groups are bound"),
        ("start", "the disputed start"),
        ("jordan-border-distance", "the disputed jordan border distance"),
        ("start or end", "the disputed start and the disputed end"),
    ],
)
def test_each_unknown_has_its_words(agreement: Agreement, unknown: str, words: str) -> None:
    assert tell_unknowns([unknown], agreement) == words


def test_a_precondition_is_told_in_the_words_of_the_agreement(agreement: Agreement) -> None:
    law = replace(agreement, preconditions={"tried": {"en": "the attempt was made."}})
    assert tell_unknowns(["precondition:tried", "who"], law) == (
        "whether the attempt was made and who acted and against whom"
    )


@given(words=st.lists(st.text(st.characters(categories=["Ll"]), min_size=1), max_size=6))
def test_a_list_reads_as_a_sentence_does(words: list[str]) -> None:
    told = listed(words)
    assert re.split(", | and ", told) == (words or [""])
    assert told.count(" and ") == (len(words) > 1)
    assert told.count(", ") == max(len(words) - 2, 0)


# ---- whether parties are named ---------------------------------------------------------------------------------------


def test_without_a_mandate_to_name_parties_none_is_named(claim: Claim, material_of: MaterialOf) -> None:
    rows = (claim("a"), claim("b", pairs=write_pairs([(GOVERNMENT, SOUTH)])))
    named, unnamed = (told_of(material_of(*rows, names_parties=names)) for names in (True, False))
    assert [told.id for told in named] == [told.id for told in unnamed]
    assert [told.outcome for told in named] == [told.outcome for told in unnamed]
    for name in (GOVERNMENT, SOUTH):
        assert any(name in str(told) for told in named)
        assert [told for told in unnamed if name in f"{told.sentence} {told.responsibility} {told.account}"] == []
    assert {told.responsible for told in unnamed} == {()}
    assert all("who took part is not told" in told.sentence for told in unnamed)


# ---- what other modules word -----------------------------------------------------------------------------------------


def test_every_ground_of_responsibility_is_known_in_every_language(agreement: Agreement) -> None:
    register = agreement.register
    pairs = (write_pairs([("", "")]), write_pairs([(SOUTH, "")]), both_ways(SOUTH, GOVERNMENT))
    grounds = [responsibility(each, register)[2] for each in pairs]
    grounds += [duties.NOT_REPORTED, duties.NOT_DONE, duties.NOT_ANSWERED, duties.NOT_TOLD, *duties.FOUND.values()]
    tree = ast.parse(Path(ceilings.__file__).read_text(encoding="utf-8"))
    grounds += [
        str(part.value.value)
        for part in ast.walk(tree)
        if isinstance(part, ast.keyword) and part.arg == "grounds" and isinstance(part.value, ast.Constant)
    ]
    assert len(grounds) == 12
    assert [words for words in (*grounds, FIRST_HAND) if not isinstance(said_elsewhere(words), Phrase)] == []


@pytest.mark.parametrize("outcome", FOUND)
def test_a_visit_is_told_as_one_and_not_as_a_duty_of_which_nothing_was_reported(
    outcome: InspectionOutcome, claim: Claim, material_of: MaterialOf
) -> None:
    material = material_of(claim("a"))
    row = {
        **dict.fromkeys(FINDING_SCHEMA), "finding": "f1", "subject_kind": "occasion", "occasion": "Weapons stay.",
        "earliest": claim("a")["earliest"], "latest": claim("a")["latest"], "rests_on": [], "clause": "C1",
        "outcome": "undetermined", "tests": "{}", "settled_by": f'[["{OPEN_BECAUSE.get(outcome, "proof")}"]]',
        "responsibility": "actor", "responsible": ["iran-backed"], "grounds": FOUND[outcome],
    }  # fmt: skip
    nowhere = pl.DataFrame(schema={"incident": pl.String(), "zone": pl.String()})
    (told,) = tell_findings(material, pl.DataFrame([row], schema=FINDING_SCHEMA), nowhere)
    assert told.sentence.startswith("At a site of iran backed, inspected ")
    assert ("No report" not in told.sentence and "refused" in told.sentence) or "missing" in told.sentence
    arabic = language_of("ar", material.agreement, Style(), "mission")
    assert not re.search("[A-Za-z]", re.sub("C1", "", arabic.tell(told.sentence)))


@pytest.mark.parametrize(
    ("kind", "grounds", "told"),
    [
        (
            "direction-only",
            f"{FROM}105 to 125 degrees and 80 to 100 degrees",
            "not established: direction of fire only; likelihood not assessed (by impact-site assessment it was fired "
            "from 105 to 125 degrees and 80 to 100 degrees, from true north)",
        ),
        (
            "from-area-held",
            f"{FROM}355 to 15 degrees{HELD}",
            "not established: from the area held by Side A that day; likelihood not assessed (by impact-site "
            "assessment it was fired from 355 to 15 degrees, from true north; all of where it can have come from was "
            "held by this actor alone)",
        ),
    ],
)
def test_what_an_impact_site_says_is_told_in_words_that_other_languages_know(
    kind: str, grounds: str, told: str, agreement: Agreement
) -> None:
    said = tell_responsibility(kind, ["Side A"], grounds)
    assert said == told
    arabic = language_of("ar", agreement, Style(), "public").tell(said)
    numbers = re.findall(r"\d+", told)
    assert re.findall(r"\d+", arabic) == numbers
    assert re.findall(r"[A-Za-z]+", arabic) == (["Side", "A"] if kind == "from-area-held" else [])


def test_what_was_held_together_is_told_in_arabic_too(claim: Claim, material_of: MaterialOf) -> None:
    material = material_of(claim("a"))
    day = claim("a")["earliest"]
    held = "At least 12 tanks at 2 places at one time, where at most 10 are allowed"
    row = {
        "finding": "f1", "subject_kind": "occasion", "occasion": held, "earliest": day,
        "latest": day + timedelta(hours=2), "rests_on": ["a"], "clause": "C3", "reading": "", "outcome": "violation",
        "hypothetical": False, "tests": "{}", "settled_by": "[]", "presumption": False, "responsibility": "actor",
        "responsible": ["iran-backed"], "grounds": "the reports name this party at each place",
        "standard": "reasonable-grounds", "proof": "yes", "per_test": False,
    }  # fmt: skip
    due = {**row, "occasion": "The guarantors draw the line", "clause": "C1", "outcome": "undetermined", "rests_on": []}
    due["grounds"] = duties.NOT_REPORTED
    found = pl.DataFrame([row, due], schema=FINDING_SCHEMA)
    (duty, ceiling) = tell_findings(
        material, found, pl.DataFrame(schema={"incident": pl.String(), "zone": pl.String()})
    )
    assert ceiling.sentence.startswith(f"{held}, reported by SOHR (in UCDP): ")
    assert duty.sentence.startswith(
        "Due 3 June 2018, 00:00-01:59 from iran backed: The guarantors draw the line. No report"
    )
    arabic = language_of("ar", material.agreement, Style(), "mission")
    for told in (duty, ceiling):
        left = re.sub(r"SOHR|UCDP|C[13]", "", f"{arabic.tell(told.sentence)} {arabic.tell(told.responsibility)}")
        assert not re.search("[A-Za-z]", left)
    assert "12 من الدبابات" in arabic.tell(ceiling.sentence)
