"""Readings: what is chosen together, what of the law it settles, and that no side's reading is told alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.valley import ACTORS, TEXT, valley, write_valley
from trucewatch.actors import Affiliation
from trucewatch.agreement.atoms import is_open
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.readings import (
    AS_IT_STANDS,
    PRESUMPTION,
    bears_on,
    choices_of,
    chosen_readings,
    contested_points,
    differing,
    each_value,
    mixed,
    open_affiliations,
    refuse_alone,
    under,
)
from trucewatch.agreement.terms import AffiliationChoice, Presumption, Reading, Reservation
from trucewatch.problems import WrongCall
from trucewatch.shipped import open_agreement
from trucewatch.texts import read_text

FORMATS = Path(__file__).parents[2] / "trucewatch" / "formats"


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Draw a reading of the valley: any choice, or none, at each of its points."""
    law = valley()
    terms = {name: [None, *(rival.id for rival in term.rivals)] for name, term in law.terms.items()}
    chosen = {name: draw(st.sampled_from(ids)) for name, ids in terms.items()}
    held = draw(st.sampled_from([(), (True,), (False,)]))
    reserved = draw(
        st.sets(st.sampled_from([("south-army", "C1", "E1"), ("north-army", "C1", ""), ("south-army", "C3", "")]))
    )
    return Reading(
        "drawn",
        "ours",
        {name: rival for name, rival in chosen.items() if rival},
        draw(st.sampled_from([None, *Presumption])),
        (),
        tuple(AffiliationChoice("knights", "south", holds) for holds in held),
        tuple(Reservation(*one) for one in sorted(reserved)),
    )  # fmt: skip


def test_the_valley_can_be_read(tmp_path: Path) -> None:
    assert valley().problems == ()
    schema = json.loads((FORMATS / "agreement.schema.json").read_text("utf-8"))
    text, _ = read_text(write_valley(tmp_path / "valley") / "agreement.yml")
    Draft202012Validator(schema).validate(text.plain())


def test_a_reading_chooses_terms_affiliations_reservations_and_a_presumption() -> None:
    northern, southern, strict = valley().readings.values()
    assert set(choices_of(northern)) == {"start", "affected.hill-men", "affiliation:knights/south"}
    assert set(choices_of(southern)) - set(choices_of(northern)) == {
        "area", "reservation:south-army/C1.E1", "reservation:south-army/C3",
    }  # fmt: skip
    assert choices_of(strict) == {PRESUMPTION: Presumption.NONE}
    assert [one.says for one in southern.affiliations] == [("post",)]
    assert [one.says for one in southern.reservations] == [("news",), ("news",)]


@given(readings(), readings())
def test_to_change_all_that_differs_makes_the_one_the_other(one: Reading, other: Reading) -> None:
    points = differing(one, other)
    assert choices_of(mixed(one, other, points)) == choices_of(other)
    assert choices_of(mixed(one, other, ())) == choices_of(one)
    assert points == differing(other, one)
    for point in points:
        changed = mixed(one, other, (point,))
        assert differing(one, changed) == (point,)
        assert set(differing(changed, other)) == set(points) - {point}


def test_who_says_so_makes_no_other_reading() -> None:
    first, second = (
        Reading("r", "ours", {}, None, (), (AffiliationChoice("a", "b", True, says),))
        for says in (("post",), ("news",))
    )
    assert differing(first, second) == ()


# ---- the law under a reading -----------------------------------------------------------------------------------------


def test_an_affiliation_that_holds_commands_and_one_that_does_not_is_gone() -> None:
    law = valley()
    northern, southern, strict = law.readings.values()
    held = {said.to: said for said in under(law, northern).register.statements_of("knights")}
    assert (held["south"].kind, is_open(held["south"])) == (Affiliation.COMMANDED_BY, False)
    assert [said.to for said in under(law, southern).register.statements_of("knights")] == ["north"]
    assert under(law, strict) is law and under(law, None) is law
    assert open_affiliations(law.register) == (("knights", "south"),)


@given(readings())
def test_to_apply_a_reading_twice_is_to_apply_it_once(reading: Reading) -> None:
    once = under(valley(), reading)
    assert under(once, reading) == once


def test_a_reservation_takes_the_clause_or_the_exception_out_for_that_party_alone() -> None:
    law = under(valley(), valley().readings["southern"])
    assert law.clause("C1").outside_scope[0].reserved_by == ("south-army",)
    assert law.parties_of(law.clause("C1")) == ("north-army", "south-army", "hill-men")
    assert law.parties_of(law.clause("C3")) == ()
    assert law.clause("C2") is valley().clause("C2")


def test_a_point_bears_on_the_clauses_that_use_it() -> None:
    law = valley()
    points = (*contested_points(law), "reservation:south-army/C1.E1", "reservation:south-army/C3")
    told = {clause.id: {point for point in points if bears_on(point, clause, law)} for clause in law.clauses}
    everywhere = {PRESUMPTION, "affiliation:knights/south"}
    assert told == {
        "C1": everywhere | {"start", "area", "affected.hill-men", "reservation:south-army/C1.E1"},
        "C2": everywhere | {"strip", "affected.hill-men"},
        "C3": everywhere | {"reservation:south-army/C3"},
        "C4": everywhere | {"start"},
    }


# ---- which readings are asked for ------------------------------------------------------------------------------------


def test_the_readings_of_the_parties_are_told_together_or_not_at_all() -> None:
    law = valley()
    assert [reading.id for reading in chosen_readings(law)] == ["northern", "southern", "strict"]
    assert [reading.id for reading in chosen_readings(law, ["strict"])] == ["strict"]
    assert [reading.id for reading in chosen_readings(law, ["southern", "northern"])] == ["southern", "northern"]
    for names in (["northern"], ["strict", "southern"]):
        with pytest.raises(WrongCall, match=r"beside (southern|northern) or not at all"):
            chosen_readings(law, names)
    with pytest.raises(WrongCall, match="no reading 'strikt'; did you mean 'strict'"):
        chosen_readings(law, ["strikt"])
    refuse_alone(law, ())


def test_every_contested_point_has_a_reading_for_each_value() -> None:
    law = valley()
    assert {point: [one.id for one in some] for point, some in contested_points(law).items()} == {
        "start": ["noon", "midnight"],
        "area": ["whole", "half"],
        "strip": ["near", "far"],
        "affected.hill-men": ["bound", "not-bound"],
        PRESUMPTION: [str(one) for one in Presumption],
        "affiliation:knights/south": ["holds", "does-not-hold"],
    }
    assert all(
        differing(AS_IT_STANDS, one) == (point,) for point in contested_points(law) for one in each_value(law, point)
    )
    with pytest.raises(WrongCall, match="'strat'; did you mean 'start'"):
        each_value(law, "strat")
    with pytest.raises(WrongCall, match="contests no 'day'"):
        each_value(law, "day")


def test_of_the_shipped_case_every_party_that_reads_it_stands_beside_the_others() -> None:
    law = open_agreement("south-syria-2017")
    assert "affiliation:golan-knights/fsa" in contested_points(law)
    with pytest.raises(WrongCall, match="'russia' is how one side reads south-syria-2017"):
        chosen_readings(law, ["russia"])


# ---- bad input -------------------------------------------------------------------------------------------------------

WRONG = {
    "choose: {start: midnight": ("choose: {strat: midnight", "unknown-term"),
    "choose: {start: noon": ("choose: {start: nine", "unknown-value"),
    "{of: knights, to: south, holds: true": ("{of: nights, to: south, holds: true", "unknown-actor"),
    "{of: knights, to: south, holds: false": ("{of: knights, to: south, holds: perhaps", "not-true-or-false"),
    "holds: true, says: [news]": ("holds: true, says: [radio]", "unknown-source"),
    "[{of: knights, to: south, holds: false": ("[{of: squires, to: knights, holds: false", "affiliation-not-contested"),
    "{of: south-army, to: C1.E1": ("{of: north, to: C1.E1", "unknown-party"),
    "to: C1.E1, says": ("to: C1.E2, says", "unknown-clause"),
    "to: C3, says": ("to: C1.E1, says", "chosen-twice"),
    "says: [news]}\n  strict": ("says: [news], why: so}\n  strict", "unknown-key"),
}


@pytest.mark.parametrize("right", WRONG)
def test_a_reading_that_chooses_what_there_is_not_is_refused_on_its_line(right: str, tmp_path: Path) -> None:
    wrong, code = WRONG[right]
    before, after = TEXT.split(right)
    (problem,) = read_agreement(write_valley(tmp_path / "valley", agreement=before + wrong + after)).problems
    assert problem.code == code
    assert problem.line == before.count("\n") + wrong.partition(":")[0].count("\n") + 1
    assert Path(problem.file).name == "agreement.yml"


def test_an_alliance_that_is_contested_is_nothing_to_choose(tmp_path: Path) -> None:
    text = TEXT.replace("{of: knights, to: south, holds: true", "{of: knights, to: north, holds: true")
    (problem,) = read_agreement(write_valley(tmp_path / "one", agreement=text)).problems
    assert (problem.code, "of knights to south" in problem.hint) == ("affiliation-not-contested", True)
    twice = TEXT.replace(
        "[{of: knights, to: south, holds: true, says: [news]}]",
        "[{of: knights, to: south, holds: true}, {of: knights, to: south, holds: false}]",
    )
    (problem,) = read_agreement(write_valley(tmp_path / "two", agreement=twice)).problems
    assert problem.code == "chosen-twice"
    no_longer = ACTORS.replace("claims-to-be-subordinate-to", "allied-with")
    gone = read_agreement(write_valley(tmp_path / "three", actors=no_longer)).problems
    assert {one.code for one in gone} == {"affiliation-not-contested"} and len(gone) == 2
