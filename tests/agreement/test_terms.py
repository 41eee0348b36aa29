"""Terms: rival values, rulings and readings; moments with their offsets; what an agreement reaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.agreement.terms import (
    Agreement,
    Clause,
    ClauseKind,
    Ground,
    Moment,
    Presumption,
    Reading,
    Rival,
    Term,
    TermKind,
    What,
    Zone,
)
from trucewatch.when import Span

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


def span(hours: int, length: int = 0) -> Span:
    """Return a span that begins some hours after noon."""
    start = NOON + timedelta(hours=hours)
    return Span(start, start + timedelta(hours=length), "told")


def clause(name: str, ground: Ground, demand_of: str = "") -> Clause:
    """Return a ban on firing."""
    return Clause(
        id=name, kind=ClauseKind.BAN, says={"en": "No firing."}, sources=(), what=What(("firing",)), who=(),
        ground=ground, start=Moment("start"), end=Moment(), at_most=None, outside_scope=(),
        presumption=Presumption.NONE, standard=None, demand_of=demand_of, line_number=1,
    )  # fmt: skip


def zone(name: str) -> Zone:
    """Return a zone that nobody drew."""
    return Zone(name, name, None, "stated", ())


def agreement(**told: object) -> Agreement:
    """Return an agreement with two starts and two areas."""
    terms = {
        "start": Term(
            "start", TermKind.INSTANT, (Rival("noon", span(0)), Rival("dusk", span(6)), Rival("never", None))
        ),
        "area": Term("area", TermKind.ZONES, (Rival("all", ("north", "south")), Rival("half", ("north",)))),
        "bound": Term("bound", TermKind.BOUND, (Rival("bound", True), Rival("not-bound", False))),
    }
    zones = {name: zone(name) for name in ("south", "north", "east")}
    fields = {"terms": terms, "zones": zones, **told}
    return Agreement("a", {"en": "A"}, "public", "UTC", Path(), **fields)  # type: ignore[arg-type]


def reading(**choices: str) -> Reading:
    """Return a reading of ours."""
    return Reading("r", "ours", choices, None, ())


def test_all_rivals_are_open_until_somebody_chooses() -> None:
    assert [r.id for r in agreement().rivals("start", None)] == ["noon", "dusk", "never"]
    assert [r.id for r in agreement().rivals("start", reading(area="half"))] == ["noon", "dusk", "never"]
    assert [r.id for r in agreement().rivals("start", reading(start="dusk"))] == ["dusk"]


def test_a_reading_goes_before_a_ruling() -> None:
    start = Term("start", TermKind.INSTANT, (Rival("noon", span(0)), Rival("dusk", span(6))), ruling="noon")
    ruled = agreement(terms={"start": start})
    assert [r.id for r in ruled.rivals("start", None)] == ["noon"]
    assert [r.id for r in ruled.rivals("start", reading(start="dusk"))] == ["dusk"]


def test_a_moment_has_every_value_of_its_term() -> None:
    assert agreement().moments(Moment("start")) == (span(0), span(6), None)
    assert agreement().moments(Moment("start"), reading(start="never")) == (None,)
    assert agreement().moments(Moment(value=span(3))) == (span(3),)
    assert agreement().moments(Moment()) == (None,)


@given(hours=st.integers(-10_000, 10_000), length=st.integers(0, 1000), offset=st.integers(0, 10_000))
def test_an_offset_moves_a_moment_and_keeps_its_length(hours: int, length: int, offset: int) -> None:
    moved = agreement().moments(Moment(value=span(hours, length), offset=timedelta(hours=offset)))
    assert [(m.earliest, m.latest) for m in moved if m] == [
        (span(hours + offset).earliest, span(hours + offset + length).earliest)
    ]


def test_never_stays_never_however_far_it_is_moved() -> None:
    moved = agreement().moments(Moment("start", offset=timedelta(days=14)))
    assert moved == (span(14 * 24), span(6 + 14 * 24), None)


def test_a_clause_is_found_by_its_id_and_a_demand_too() -> None:
    held = agreement(clauses=(clause("C1", Ground()),), hypothetical=(clause("D1", Ground(), "third"),))
    assert not held.clause("C1").is_hypothetical
    assert held.clause("D1").is_hypothetical
    with pytest.raises(StopIteration):
        held.clause("C2")


def test_the_widest_area_is_what_any_reading_reaches_in_the_order_of_the_text() -> None:
    held = agreement(clauses=(clause("C1", Ground(term="area")), clause("C2", Ground(zones=("south",)))))
    assert held.widest_area() == ("south", "north")
    assert agreement(clauses=(clause("C1", Ground()),)).widest_area() == ()


def test_it_is_in_force_from_each_instant_that_somebody_names() -> None:
    held = agreement(in_force=(Moment("start"), Moment(value=span(-1))))
    assert held.in_force_from() == (span(-1).earliest, span(0).earliest, span(6).earliest)


def test_a_drawn_zone_keeps_its_shape() -> None:
    square = shapely.box(0, 0, 1, 1)
    assert Zone("z", "Z", square, "stated", ()).shape is square
