"""Counts: what several sections count, in words that the mandate allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.sitreps.sections.told import Tell
from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.blocks import Paragraph, Table
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.counts import (
    acts_of,
    figure,
    harm_as_reported,
    incidents_of,
    outcome_figures,
    outcome_heads,
    outcome_words,
    parents_of,
    zones_in_order,
)


def test_the_mandate_decides_what_an_outcome_is_called(figures: Figures) -> None:
    assert outcome_heads(figures)[0] == "Violation" and outcome_words(figures)["violation"] == "violation"
    may_not = replace(figures, may_determine=False)
    assert outcome_heads(may_not)[0] == "Inconsistent" and outcome_words(may_not)["violation"] == "inconsistent"
    assert len(outcome_heads(figures)) == len(outcome_figures({})) == len(outcome_words(figures))


def test_outcomes_stand_in_one_order_and_what_was_not_counted_is_nought() -> None:
    assert outcome_figures({"undetermined": 1200, "violation": 3}) == ("3", "0", figure(1200)) == ("3", "0", "1,200")


def test_an_incident_under_several_clauses_is_one(tell: Tell) -> None:
    told = (tell("b", incident="i1"), tell("a", incident="i1"), tell("c", incident="i2"), tell("d", incident=None))
    assert len(incidents_of(told)) == 2
    assert {one.account["incident"] for one in incidents_of(told)} == {"i1", "i2"}


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ({"incidents": 0, "civilians_dead": 0}, "No civilian dead are reported"),
        ({"incidents": 1, "civilians_dead": 1}, "1 civilian reported dead in 1 incident,"),
        ({"incidents": 2, "civilians_dead": 1005}, "1,005 civilians reported dead in 2 incidents,"),
    ],
)
def test_harm_is_told_as_reported(figures: Figures, harm: dict[str, int], words: str) -> None:
    assert harm_as_reported(replace(figures, civilian_harm=harm)).startswith(words)


def test_acts_are_counted_under_their_nodes_alone(figures: Figures) -> None:
    told = replace(figures, acts={"air-strike": 2, "movement-denied": 3, "no such act": 4})
    (table,) = acts_of(told, ("restriction-of-movement",), "none")
    assert isinstance(table, Table) and table.rows == (("movement denied", "3"),)
    assert acts_of(told, ("positions",), "none") == [Paragraph("none")]


def test_a_named_area_stands_behind_the_zone_that_it_is_part_of(figures: Figures, agreement: Agreement) -> None:
    parts = parents_of(figures, agreement)
    assert parts == {"area-of-separation": dict(figures.zones)[agreement.zones["area-of-separation"].part_of]}
    mixed = replace(figures, zones=figures.zones[::-1])
    order = zones_in_order(mixed, agreement)
    assert sorted(order) == sorted(dict(figures.zones))
    part = agreement.zones["area-of-separation"].part_of
    assert order.index("area-of-separation") == order.index(part) + 1
