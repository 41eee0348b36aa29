"""Readings: what flips, which choice makes it flip, and what never does; against every combination tried one by one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.agreement.test_readings import readings
from tests.assessment.test_dockets import agreement_of, random_accounts
from tests.valley import valley, write_valley
from trucewatch.agreement.examples import read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.readings import (
    AS_IT_STANDS,
    PRESUMPTION,
    bears_on,
    chosen_readings,
    contested_points,
    differing,
    each_value,
    mixed,
)
from trucewatch.agreement.terms import Agreement, Reading
from trucewatch.findings import assess
from trucewatch.incidents import Incidents, corroborate
from trucewatch.levels import Level
from trucewatch.problems import WrongCall
from trucewatch.readings import Answer, Comparison, Flip, compare, demanded, smallest_sets
from trucewatch.views import view

Outcomes = dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Incidents:
    """Return what the worked examples of the valley come to."""
    law = read_agreement(write_valley(tmp_path_factory.mktemp("law") / "valley"))
    examples, claims, problems = read_examples(law)
    assert problems == [] and len(examples) == 8
    return corroborate(view(claims, Level.MISSION), law.gazetteer, law.register)


@pytest.fixture(scope="module")
def compared(told: Incidents) -> Comparison:
    """Return them under no choice and under each reading of the valley."""
    return compare(told, valley(), chosen_readings(valley()))


def by_chance(agreement: Agreement, number: int, seed: int) -> Incidents:
    """Return incidents of one account each, at and round whatever an agreement draws and dates."""
    accounts, evidence = random_accounts(agreement, number, seed)
    facts = accounts.select("incident", "pairs", "earliest", "latest")
    members = pl.DataFrame(schema={"claim_key": pl.String, "incident": pl.String})
    return Incidents(evidence.join(facts, on="incident"), accounts, members)


def outcomes(incidents: Incidents, agreement: Agreement, reading: Reading) -> Outcomes:
    """Return the outcome of each finding on an incident; what a clause does not touch is not among them."""
    found = assess(incidents, agreement, reading).filter(pl.col("subject_kind") == "incident")
    return {
        (clause, incident): outcome
        for clause, incident, outcome in found.select("clause", "incident", "outcome").iter_rows()
    }


def flip_of(found: Comparison, incidents: Incidents, example: str, clause: str) -> Flip:
    names = dict(incidents.incidents.select("event_key", "incident").iter_rows())
    return next(flip for flip in found.flips if (flip.clause, flip.incident) == (clause, names[example]))


def causes(flip: Flip) -> dict[tuple[str, str], str]:
    return {(cause.one, cause.other): cause.words for cause in flip.causes}


# ---- the worked valley -----------------------------------------------------------------------------------------------


def test_one_choice_makes_it_flip_or_only_several_together(told: Incidents, compared: Comparison) -> None:
    law, found = valley(), compared
    assert [reading.id for reading in found.readings] == ["", "northern", "southern", "strict"]
    dawn = flip_of(found, told, "dawn", "C1")
    assert dawn.outcomes == ("undetermined", "violation", "untouched", "undetermined")
    assert causes(dawn)["", "northern"] == causes(dawn)["northern", "southern"] == "start"
    # It lies in the east and came before noon: for the south either is enough.
    east = flip_of(found, told, "dawn-in-the-east", "C1")
    assert east.outcomes == ("undetermined", "undetermined", "untouched", "undetermined")
    assert causes(east)["", "southern"] == "area, or start"
    assert causes(east)["northern", "southern"] == "area, or start"
    whole = replace(law.readings["northern"], choices={"start": "midnight", "area": "whole"})
    again = compare(told, replace(law, readings={**law.readings, "northern": whole}), [whole, law.readings["southern"]])
    assert causes(flip_of(again, told, "dawn-in-the-east", "C1")) == {
        ("", "northern"): "area and start",
        ("", "southern"): "area, or start",
        ("northern", "southern"): "area, or start",
    }  # fmt: skip


def test_whom_a_group_obeys_makes_it_flip_and_also_for_those_below_it(told: Incidents, compared: Comparison) -> None:
    squires = flip_of(compared, told, "squires-fire", "C1")
    assert squires.outcomes == ("undetermined", "violation", "untouched", "undetermined")
    assert causes(squires)["northern", "southern"] == "affiliation:knights/south"


def test_a_reservation_makes_it_flip(told: Incidents, compared: Comparison) -> None:
    found = compared
    raiders = flip_of(found, told, "at-raiders", "C1")
    assert raiders.outcomes == ("outside_scope", "outside_scope", "violation", "outside_scope")
    assert causes(raiders)["", "southern"] == "reservation:south-army/C1.E1"
    hundred = flip_of(found, told, "hundred", "C3")
    assert hundred.outcomes == ("violation", "violation", "untouched", "violation")
    assert causes(hundred)["northern", "southern"] == "reservation:south-army/C3"


def test_the_presumption_makes_it_flip(told: Incidents) -> None:
    found = compare(told, valley(), [valley().readings["strict"]])
    rebels = flip_of(found, told, "rebels-fire", "C1")
    assert (rebels.outcomes, causes(rebels)) == (("violation", "undetermined"), {("", "strict"): "presumption"})
    assert [flip.clause for flip in found.flips] == ["C1"]
    assert (found.counts["C1"][""]["violation"], found.counts["C1"]["strict"]["violation"]) == (1, 0)
    assert found.totals("")["violation"] == 2


def test_a_distance_makes_it_flip(told: Incidents) -> None:
    found = compare(told, valley(), each_value(valley(), "strip"))
    assert {flip.clause for flip in found.flips} <= {"C2"}
    bound = replace(valley(), readings={})
    held = Reading("bound", "ours", {"affected.hill-men": "bound", "strip": "near"}, None, ())
    far = replace(held, id="far", choices={**held.choices, "strip": "far"})
    hills = flip_of(compare(told, bound, [held, far]), told, "hills-far", "C2")
    assert hills.outcomes == ("undetermined", "untouched", "violation")
    assert causes(hills) == {
        ("", "bound"): "strip", ("", "far"): "affected.hill-men and strip", ("bound", "far"): "strip",
    }  # fmt: skip


def test_a_duty_has_one_name_whenever_it_was_due(told: Incidents) -> None:
    law = valley()
    found = compare(told, law, each_value(law, "start"))
    assert [flip for flip in found.flips if flip.clause == "C4"] == []
    assert found.counts["C4"] == {
        name: {"violation": 0, "outside_scope": 0, "undetermined": 1} for name in ("", "noon", "midnight")
    }
    south = (law.readings["southern"].reservations[0],)
    excused = Reading("x", "ours", {}, None, (), (), (replace(south[0], of="north-army", clause="C4", exception=""),))
    (flip,) = compare(told, law, [excused]).flips
    assert (flip.clause, flip.subject, flip.incident) == ("C4", "north-army", "")
    assert (flip.outcomes, causes(flip)) == (("undetermined", "untouched"), {("", "x"): "reservation:north-army/C4"})


def test_several_occasions_of_one_party_are_told_apart_by_their_time(tmp_path: Path) -> None:
    held = "act: presence-of-forces, actor: Southern Army, count: 40, count_unit: men, expect: untouched}"
    places = itertools.product((10, 20), ("24.1, 48.1", "24.3, 48.3"))
    lines = [
        f"  - {{id: held-{n}, clause: C3, when: 2020-04-{day}, extent: throughout, "
        f"where: {{point: [{point}], radius_m: 9}}, {held}"
        for n, (day, point) in enumerate(places)
    ]
    law = read_agreement(write_valley(tmp_path / "valley", examples="\n".join(["format: 1", "examples:", *lines])))
    law = replace(law, clauses=(law.clause("C3"),))
    _, claims, problems = read_examples(law)
    assert problems == []
    reservation = law.readings["southern"].reservations[1]
    reserved = Reading("x", "ours", {}, None, (), (), (reservation,))
    found = compare(corroborate(view(claims, Level.MISSION), law.gazetteer, law.register), law, [reserved])
    assert [flip.subject.partition("T")[0] for flip in found.flips] == [
        "south-army 2020-04-09",
        "south-army 2020-04-19",
    ]
    assert {flip.outcomes for flip in found.flips} == {("violation", "untouched")}


def test_only_what_began_in_the_period_is_told(told: Incidents) -> None:
    first, second = datetime(2020, 3, 1, tzinfo=UTC), datetime(2020, 3, 2, tzinfo=UTC)
    found = compare(told, valley(), each_value(valley(), "start"), period=(first, second))
    assert {flip.earliest.date().isoformat() for flip in found.flips} == {"2020-03-01"}
    assert sum(found.totals("").values()) == 2


def test_one_partys_reading_alone_is_refused_with_why(told: Incidents) -> None:
    with pytest.raises(WrongCall, match="told alone it would take that side"):
        compare(told, valley(), [valley().readings["southern"]])


# ---- properties ------------------------------------------------------------------------------------------------------


@given(one=readings(), other=readings(), seed=st.integers(0, 1), data=st.data())
@settings(max_examples=12)
def test_a_reading_changes_only_what_depends_on_its_choices(
    one: Reading, other: Reading, seed: int, data: st.DataObject
) -> None:
    law = valley()
    apart = [
        point for point in differing(one, other) if not all(bears_on(point, clause, law) for clause in law.clauses)
    ]
    assume(apart)
    point = data.draw(st.sampled_from(apart))
    still = {clause.id for clause in law.clauses if not bears_on(point, clause, law)}
    incidents = by_chance(law, 60, seed)
    tables = [
        assess(incidents, law, reading).filter(pl.col("clause").is_in(list(still))).drop("finding", "reading")
        for reading in (one, mixed(one, other, [point]))
    ]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("name", ["northern", "southern"])
def test_very_many_accounts_are_read_as_few_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    law = valley()
    incidents = by_chance(law, 200, 2)
    few = assess(incidents, law, law.readings[name])
    monkeypatch.setattr("trucewatch.findings.AT_SCALE", 1)
    assert few.height > 20 and assess(incidents, law, law.readings[name]).equals(few)


def test_every_clause_is_left_alone_by_something() -> None:
    law = valley()
    for clause in law.clauses:
        assert any(not bears_on(point, clause, law) for point in contested_points(law))


def product_of(agreement: Agreement, clause: str) -> Iterator[Reading]:
    """Go through every combination of the values of all that a clause depends on, the presumption apart."""
    points = [
        some
        for point, some in contested_points(agreement).items()
        if point != PRESUMPTION and bears_on(point, agreement.clause(clause), agreement)
    ]
    for chosen in itertools.product(*points):
        whole = AS_IT_STANDS
        for reading in chosen:
            whole = mixed(whole, reading, differing(AS_IT_STANDS, reading))
        yield whole


@pytest.mark.parametrize(("clause", "combinations"), [("C1", 16), ("C2", 8)])
def test_what_all_combinations_agree_on_is_the_outcome_where_nothing_is_chosen(
    clause: str, combinations: int, told: Incidents
) -> None:
    law = replace(valley(), clauses=(valley().clause(clause),))
    incidents = by_chance(law, 400, 5) if clause == "C1" else told
    unread = outcomes(incidents, law, AS_IT_STANDS)
    each = [outcomes(incidents, law, reading) for reading in product_of(law, clause)]
    assert len(each) == combinations
    agreed = flipped = 0
    for subject in {*unread, *(name for found in each for name in found)}:
        under_each = {found.get(subject, "untouched") for found in each}
        if len(under_each) == 1:
            agreed += 1
            assert unread.get(subject, "untouched") in under_each
        elif "violation" in under_each:
            flipped += 1
            assert unread[subject] == "undetermined"
    assert flipped >= 2 and (agreed >= 3 or clause == "C2")


def test_choosing_never_undoes_what_holds_however_the_terms_turn_out() -> None:
    law = agreement_of("south-syria-2017")
    law = replace(law, clauses=(law.clause("C1"),))
    incidents = by_chance(law, 150, 3)
    unread = outcomes(incidents, law, AS_IT_STANDS)
    sure = {subject for subject, outcome in unread.items() if outcome == "violation"}
    assert sure
    for point, some in contested_points(law).items():
        for reading in some if point != PRESUMPTION else ():
            found = outcomes(incidents, law, reading)
            assert {subject for subject in sure if found.get(subject) != "violation"} == set()
            assert {subject for subject, outcome in found.items() if outcome == "violation"} <= set(unread)


@st.composite
def flips_by_chance(draw: st.DrawFn) -> tuple[tuple[str, ...], dict[tuple[str, ...], str]]:
    """Draw up to four points, and an outcome for every set of them that is changed."""
    points = tuple("abcd"[: draw(st.integers(1, 4))])
    sets = [some for size in range(len(points) + 1) for some in itertools.combinations(points, size)]
    return points, {some: draw(st.sampled_from(["violation", "undetermined", "untouched"])) for some in sets}


@given(flips_by_chance())
def test_the_sets_told_are_the_smallest_that_make_it_flip(
    drawn: tuple[tuple[str, ...], dict[tuple[str, ...], str]],
) -> None:
    points, table = drawn
    wanted = table[points]
    assume(wanted != table[()])
    # What is untouched is told by no finding.
    found, is_whole = smallest_sets(
        {"x": wanted}, points, lambda some: {} if table[some] == "untouched" else {"x": table[some]}
    )
    reach = [set(some) for some, outcome in table.items() if outcome == wanted]
    smallest = [some for some in reach if not any(other < some for other in reach)]
    assert is_whole and sorted(map(sorted, found["x"])) == sorted(map(sorted, smallest))
    assert found["x"]


def test_of_too_many_choices_single_ones_and_all_together_are_tried(
    told: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trucewatch.readings.MOST_COMBINATIONS", 2)
    law = valley()
    east = flip_of(compare(told, law, chosen_readings(law)), told, "dawn-in-the-east", "C1")
    (cause,) = (cause for cause in east.causes if (cause.one, cause.other) == ("northern", "southern"))
    assert (cause.words, cause.is_whole) == ("area, or start", False)


# ---- demands ---------------------------------------------------------------------------------------------------------


def test_a_demand_is_met_or_not_met_or_that_cannot_be_told(told: Incidents) -> None:
    names = dict(told.incidents.select("incident", "event_key").iter_rows())
    found = {names[one.incident]: one for one in demanded(told, valley(), Level.MISSION)}
    # The north reads its own demand as binding the men of the hills, whether or not the truce binds them.
    assert {name: one.answer for name, one in found.items()} == {
        "hills-near": Answer.WOULD_NOT_MEET, "hills-far": Answer.WOULD_NOT_MEET,
    }  # fmt: skip
    assert found["hills-far"].words == "would not meet demand D1 of Northern Army"
    elsewhere = replace(told, accounts=told.accounts.with_columns(pl.col("lon") + 1.0))
    assert {one.answer for one in demanded(elsewhere, valley(), Level.MISSION)} == {Answer.WOULD_MEET}
    nobodys = replace(valley(), readings={})
    assert {one.words for one in demanded(told, nobodys, Level.MISSION)} == {
        "cannot tell whether it would meet demand D1 of Northern Army"
    }
    day = (datetime(2020, 4, 4, 12, tzinfo=UTC), datetime(2020, 4, 5, 12, tzinfo=UTC))
    assert len(demanded(told, valley(), Level.MISSION, period=day)) == 1


@pytest.mark.parametrize("audience", [Level.PUBLIC, Level.PARTIES, Level.GUARANTORS])
def test_a_demand_is_for_the_mission_alone(told: Incidents, audience: Level) -> None:
    with pytest.raises(WrongCall, match="for the mission alone"):
        demanded(told, valley(), audience)


def test_a_demand_has_no_part_in_what_is_compared(told: Incidents, compared: Comparison) -> None:
    assert list(compared.counts) == ["C1", "C2", "C3", "C4"]
    assert {flip.clause for flip in compared.flips} <= set(compared.counts)


# ---- real data -------------------------------------------------------------------------------------------------------


def test_the_shipped_examples_flip_on_what_their_readings_choose() -> None:
    law = read_agreement(Path(__file__).parents[1] / "agreements" / "south-syria-2017")
    law = replace(law, clauses=(law.clause("C3"),))
    _, claims, _ = read_examples(law)
    few = claims.filter(pl.col("event_key").str.starts_with("jordan"))
    incidents = corroborate(view(few, Level.MISSION), law.gazetteer, law.register)
    found = compare(incidents, law, chosen_readings(law))
    inside = flip_of(found, incidents, "jordan-inside", "C3")
    assert dict(zip(["", "russia", "israel", "strict"], inside.outcomes, strict=True)) == {
        "": "undetermined", "russia": "untouched", "israel": "violation", "strict": "undetermined",
    }  # fmt: skip
    assert {cause.words for cause in inside.causes} == {"affected.iran-backed"}
