"""Leads: what would settle most, against every set of facts tried one by one, and against every value taken in turn."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.missions import new_mission, receive, seen
from tests.valley import valley, write_valley
from trucewatch.agreement.examples import read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.readings import OURS, each_value
from trucewatch.agreement.terms import Reading
from trucewatch.findings import FINDING_SCHEMA, assess
from trucewatch.incidents import Incidents, corroborate
from trucewatch.leads import Fact, in_order, leads_of, open_cases, ranked
from trucewatch.levels import Level, audiences
from trucewatch.mission import Mission, assess_files
from trucewatch.problems import WrongCall
from trucewatch.views import view

DAY = datetime(2020, 3, 1, tzinfo=UTC)
OF_ALL = ("start", "affected.hill-men", "line:road")
OF_AN_INCIDENT = ("when", "proof", "precondition:alert")
Known = tuple[str, str]


# ---- against every set of facts --------------------------------------------------------------------------------------


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Draw a findings table of few facts: three of the agreement, and some of two incidents, duties and records."""
    unknowns = st.sampled_from((*OF_ALL, *OF_AN_INCIDENT))
    rows = []
    for number in range(draw(st.integers(0, 7))):
        incident = draw(st.sampled_from(("one", "two", None)))
        ways = draw(st.lists(st.lists(unknowns, min_size=1, max_size=3, unique=True), max_size=3))
        due = DAY + timedelta(days=draw(st.integers(0, 1)))
        if incident is None:
            ways = [["record", *(name for name in names if name in OF_ALL)] for names in ways]
        told = {
            "finding": f"f{number}",
            "incident": incident,
            "clause": draw(st.sampled_from(("C1", "C4"))),
            "outcome": draw(st.sampled_from(("undetermined", "undetermined", "undetermined", "violation"))),
            "hypothetical": draw(st.sampled_from((False, False, False, True))),
            "settled_by": json.dumps(ways),
            "earliest": None if incident else due,
            "latest": None if incident else due,
        }
        rows.append({name: told.get(name) for name in FINDING_SCHEMA})
    return pl.DataFrame(rows, schema=FINDING_SCHEMA)


def asked(findings: pl.DataFrame) -> dict[str, list[frozenset[Known]]]:
    """Return for each open finding the ways to settle it, each fact as (unknown, what it is of)."""
    found = {}
    for row in findings.filter((pl.col("outcome") == "undetermined") & ~pl.col("hypothetical")).iter_rows(named=True):
        of = row["incident"] or f"{row['clause']} {row['latest']}"
        ways = json.loads(row["settled_by"])
        found[row["finding"]] = [frozenset((name, "" if name in OF_ALL else of) for name in way) for way in ways]
    return found


def settled(cases: dict[str, list[frozenset[Known]]], known: frozenset[Known]) -> set[str]:
    """Return the findings that some facts settle."""
    return {finding for finding, ways in cases.items() if any(way <= known for way in ways)}


def every_fact(cases: dict[str, list[frozenset[Known]]]) -> frozenset[Known]:
    return frozenset(fact for ways in cases.values() for way in ways for fact in way)


def plain(facts: Sequence[Fact]) -> frozenset[Known]:
    """Return the facts of a lead as the reference has them."""
    return frozenset((fact.unknown, _of(fact)) for fact in facts)


def _of(fact: Fact) -> str:
    if fact.unknown != "record":
        return fact.of
    clause = "C4" if "agreement-made" in fact.of else "C1"
    return f"{clause} {fact.of.rpartition('/')[2]}"


def subsets(facts: frozenset[Known]) -> Iterator[frozenset[Known]]:
    for size in range(1, len(facts) + 1):
        yield from map(frozenset, itertools.combinations(sorted(facts), size))


@given(tables())
@settings(max_examples=60, deadline=None)
def test_leads_are_the_smallest_sets_that_settle_something_with_all_that_they_settle(findings: pl.DataFrame) -> None:
    found = {plain(lead.facts): lead for lead in ranked(open_cases(findings, valley()))}
    cases = asked(findings)
    for known in subsets(every_fact(cases)):
        settles = settled(cases, known)
        by_parts = {one for fact in known for one in settled(cases, known - {fact})}
        assert (known in found) == bool(settles - by_parts)
        if known in found:
            assert set(found[known].settles) == settles
            assert set(found[known].needs_all) == settles - by_parts
            assert len(known) > 1 or found[known].settles == found[known].needs_all


@given(tables())
@settings(max_examples=40, deadline=None)
def test_the_order_is_that_of_the_findings_that_need_all_of_it(findings: pl.DataFrame) -> None:
    found = ranked(open_cases(findings, valley()))
    assert [len(lead.needs_all) for lead in found] == sorted((len(lead.needs_all) for lead in found), reverse=True)
    assert ranked(open_cases(findings.reverse(), valley())) == found


@given(tables())
@settings(max_examples=40, deadline=None)
def test_each_step_settles_what_it_says_and_no_smallest_set_settles_more_by_the_fact(findings: pl.DataFrame) -> None:
    cases = asked(findings)
    known: frozenset[Known] = frozenset()
    for step in in_order(open_cases(findings, valley()), most=9):
        before, then = settled(cases, known), settled(cases, known | plain(step.facts))
        assert set(step.settles) == then - before
        assert step.left == len(cases) - len(then)
        # A smallest set settles something that none of its parts does.
        for others in subsets(every_fact(cases) - known):
            now = settled(cases, known | others)
            if now - {one for fact in others for one in settled(cases, known | (others - {fact}))}:
                assert len(now - before) * len(step.facts) <= len(step.settles) * len(others)
        known |= plain(step.facts)
    # In the end everything is known that settles anything.
    assert settled(cases, known) == settled(cases, every_fact(cases))


# ---- against every value ---------------------------------------------------------------------------------------------

EXAMPLES = """\
format: 1
examples:
  - {id: dawn, clause: C1, when: 2020-03-01T08:00, where: {point: [24.2, 48.2], radius_m: 100}, act: shelling,
     actor: Northern Army, target: Southern Army, expect: undetermined}
  - {id: dawn-in-the-east, clause: C1, when: 2020-03-01T08:00, where: {point: [24.8, 48.2], radius_m: 100},
     act: shelling, actor: Northern Army, target: Southern Army, expect: undetermined}
  - {id: in-the-east, clause: C1, when: 2020-04-01, where: {point: [24.8, 48.2], radius_m: 100}, act: shelling,
     actor: Southern Army, target: Northern Army, expect: undetermined}
  - {id: some-day, clause: C1, when: 2020-03-01, where: {point: [24.2, 48.2], radius_m: 100}, act: shelling,
     actor: Northern Army, target: Southern Army, expect: undetermined}
  - {id: at-the-border, clause: C1, when: 2020-03-01T07:00, where: {point: [24.5, 48.2], radius_m: 5000},
     act: shelling, actor: Northern Army, target: Southern Army, expect: undetermined}
  - {id: squires-fire, clause: C1, when: 2020-03-01T09:00, where: {point: [24.8, 48.2], radius_m: 100}, act: shelling,
     actor: Squires, target: Northern Army, expect: undetermined}
  - {id: hills-near, clause: C2, when: 2020-04-04, where: {point: [24.2, 48.23], radius_m: 100},
     act: presence-of-forces, actor: Men of the hills, expect: undetermined}
  - {id: hills-far, clause: C2, when: 2020-04-05, where: {point: [24.2, 48.3], radius_m: 100},
     act: presence-of-forces, actor: Men of the hills, expect: undetermined}
  - {id: hills-somewhere, clause: C2, when: 2020-04-05, where: {point: [24.2, 48.23], radius_m: 4000},
     act: presence-of-forces, actor: Men of the hills, expect: undetermined}
"""
CONTESTED = ("affected.hill-men", "area", "start", "strip")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Incidents:
    law = read_agreement(write_valley(tmp_path_factory.mktemp("law") / "valley", examples=EXAMPLES))
    examples, claims, problems = read_examples(law)
    assert problems == [] and len(examples) == 9
    return corroborate(view(claims, Level.MISSION), law.gazetteer, law.register)


def test_who_knows_terms_has_settled_what_their_leads_count_and_nothing_else(told: Incidents) -> None:
    findings = assess(told, valley()).drop_nulls("incident")
    pair = {row[0]: (row[1], row[2]) for row in findings.select("finding", "clause", "incident").iter_rows()}
    found = [
        (plain(lead.facts), {pair[one] for one in lead.settles}) for lead in ranked(open_cases(findings, valley()))
    ]

    @cache
    def still_open(choices: tuple[tuple[str, str], ...]) -> set[tuple[str, str]]:
        judged = assess(told, valley(), Reading("", OURS, dict(choices), None, ())).drop_nulls("incident")
        return set(judged.filter(pl.col("outcome") == "undetermined").select("clause", "incident").iter_rows())

    before = still_open(())
    counted = set()
    for known in subsets(frozenset((term, "") for term in CONTESTED)):
        values = [[next(iter(one.choices.items())) for one in each_value(valley(), term)] for term, _ in sorted(known)]
        left = set().union(*(still_open(choices) for choices in itertools.product(*values)))
        by_leads = set().union(*(settles for facts, settles in found if facts <= known))
        assert by_leads == before - left
        counted.add(len(by_leads))
    assert len(counted) > 4  # so that it is no comparison of nothing with nothing


# ---- what a fact is of -----------------------------------------------------------------------------------------------


def table(*rows: Mapping[str, Any]) -> pl.DataFrame:
    usual = {"outcome": "undetermined", "hypothetical": False, "clause": "C1"}
    told = [{**usual, **row, "finding": f"f{number}"} for number, row in enumerate(rows)]
    return pl.DataFrame([{name: row.get(name) for name in FINDING_SCHEMA} for row in told], schema=FINDING_SCHEMA)


def counted(*rows: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return (facts, findings that need all of them) of each lead."""
    return [(len(lead.facts), len(lead.needs_all)) for lead in ranked(open_cases(table(*rows), valley()))]


def test_when_it_happened_is_a_fact_of_one_incident_whatever_the_clause() -> None:
    when = {"settled_by": '[["when"]]'}
    assert counted({"incident": "one", **when}, {"incident": "one", "clause": "C2", **when}) == [(1, 2)]
    assert counted({"incident": "one", **when}, {"incident": "two", **when}) == [(1, 1), (1, 1)]


def test_a_term_a_line_and_who_is_bound_are_facts_of_all() -> None:
    for name in ("area", "line:road", "zone:east", "affected.hill-men"):
        ways = {"settled_by": json.dumps([[name]])}
        assert counted({"incident": "one", **ways}, {"incident": "two", **ways}) == [(1, 2)]


def test_a_record_is_of_its_acts_its_area_and_its_time() -> None:
    due = {"earliest": DAY, "latest": DAY + timedelta(days=7), "settled_by": '[["record"]]'}
    later = {**due, "latest": DAY + timedelta(days=8)}
    duty = {"clause": "C4"}
    assert counted({**duty, **due}, {**duty, **due}) == [(1, 2)]
    assert counted({**duty, **due}, {**duty, **later}) == [(1, 1), (1, 1)]
    assert counted({**duty, **due}, due) == [(1, 1), (1, 1)]


def test_terms_that_were_judged_together_are_needed_together() -> None:
    folded = {"incident": "one", "settled_by": '[["start or area", "when"], ["start", "area"]]'}
    (lead,) = ranked(open_cases(table(folded), valley()))
    assert lead.facts == (Fact("area"), Fact("start"))


# ---- of a mission ----------------------------------------------------------------------------------------------------


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    mission = new_mission(tmp_path / "watch")
    receive(mission, [seen("F1"), seen("F2", lat=32.60), seen("F3", lat=33.4)])
    return mission


def test_a_mission_is_told_what_to_find_out(watch: Mission) -> None:
    found = leads_of(watch.run())
    assert {found.words(lead.facts): found.by_clause(lead.settles) for lead in found.single} == {
        "where the line of contact runs": {"C2": 3},
        "whether iran backed groups are bound": {"C3": 2},
    }
    told = json.loads(json.dumps(found.as_json()))
    assert told["undetermined"] == found.by_clause(found.clauses)
    assert told["single"][0]["settles"] == found.by_clause(found.single[0].settles)
    assert set(told["single"][0]["findings"]) <= set(watch.run().findings["finding"])
    assert sum(len(step.settles) for step in found.order) + found.order[-1].left == len(found.clauses)


def test_a_fact_of_an_incident_is_told_with_where_the_report_stands(watch: Mission) -> None:
    receive(watch, [seen("F4").replace(",Hezbollah,", ",Syrian insurgents,").replace(",500,", ",40000,")], day=2)
    found = leads_of(watch.run(), most=50)
    named = [found.words(lead.facts) for lead in found.together]
    assert (
        "whether iran backed groups are bound, and which of the differing reports is right "
        "(presence of forces, 1 June 2018, 08:00-12:00, within 500 m of a point, presence.csv:2)"
    ) in named


def test_what_is_not_in_the_period_is_not_asked_for(watch: Mission) -> None:
    found = leads_of(watch.run(period="2018-07"))
    assert (found.clauses, found.single, found.together, found.order) == ({}, (), (), ())
    assert found.as_json()["single"] == []


def test_leads_are_for_the_mission_and_nobody_else_is_given_any(watch: Mission) -> None:
    others = [level.word for level in audiences(watch.agreement.parties) if level.word != "mission"]
    assert {"public", "parties", "guarantors", "sealed"} <= set(others)
    for audience in others:
        with pytest.raises(WrongCall, match=f"not for {audience}"):
            leads_of(watch.run(audience=audience))


def test_without_a_mission_too(tmp_path: Path) -> None:
    (tmp_path / "presence.csv").write_text(
        "report_id,actor,what,from,means,lat,lon,radius_m\nF1,Hezbollah,forces,2018-06-01T08:00,saw,32.55,36.20,500\n"
    )
    done = assess_files([tmp_path / "presence.csv"], "presence", "south-syria-2017", audience="public")
    with pytest.raises(WrongCall, match="not for public"):
        leads_of(done)


def test_no_lead_at_all_is_no_question(watch: Mission) -> None:
    with pytest.raises(WrongCall, match="at least one"):
        leads_of(watch.run(), most=0)
