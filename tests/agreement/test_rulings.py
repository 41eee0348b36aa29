"""Rulings: what the mission decides of a contested term, from when it holds, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.valley import valley
from trucewatch.agreement.rulings import RULED, is_ruled_after, rule_in, ruling, rulings
from trucewatch.clearances import Role
from trucewatch.problems import WrongCall

CHIEF, ROLES = "chief", {"deputy": Role(under="analyst")}


@dataclass(frozen=True)
class Entry:
    """An entry of a record."""

    number: int
    kind: str
    at: datetime
    content: dict[str, Any] | None


def record(*told: tuple[str, dict[str, Any]]) -> list[Entry]:
    """Return entries, one a day."""
    return [
        Entry(number, kind, datetime(2026, 1, number, tzinfo=UTC), content)
        for number, (kind, content) in enumerate(told, 1)
    ]


def ruled(term: str, rival: str, by: str = "analyst") -> tuple[str, dict[str, Any]]:
    return RULED, ruling(valley(), term, rival, by, "the text says so")


def signed(by: str, *numbers: int) -> tuple[str, dict[str, Any]]:
    return "decided", {"what": "signed", "entries": list(numbers), "by": by, "because": ""}


def standing(entries: list[Entry]) -> dict[str, str]:
    return {one.term: one.rival for one in rulings(entries, CHIEF, ROLES)}


def test_a_ruling_holds_once_a_second_person_and_legal_or_chief_have_signed_it() -> None:
    entries = record(ruled("start", "noon"), signed("legal", 1), signed("reporting", 1))
    assert [standing(entries[:at]) for at in range(4)] == [{}, {}, {}, {"start": "noon"}]
    (one,) = rulings(entries, CHIEF, ROLES)
    assert (one.entry, one.by, one.because, one.at) == (1, "analyst", "the text says so", entries[2].at)
    assert standing(record(ruled("start", "noon"), signed("legal", 1), signed("deputy", 1))) == {}


def test_a_later_ruling_replaces_an_earlier_one_from_when_it_holds() -> None:
    entries = record(
        ruled("start", "noon"), signed("legal", 1), signed("chief", 1),
        ruled("start", "midnight"), ruled("area", "half"), signed("legal", 4, 5), signed("chief", 4, 5),
    )  # fmt: skip
    assert standing(entries[:6]) == {"start": "noon"}
    assert standing(entries) == {"area": "half", "start": "midnight"}


def test_what_else_is_entered_under_that_kind_or_was_erased_is_no_ruling() -> None:
    gone = replace(record(ruled("start", "noon"))[0], content=None)
    other = Entry(2, RULED, gone.at, {"sheet": "steps", "id": "S1"})
    assert rulings([gone, other], CHIEF, ROLES) == ()


@given(st.lists(st.sampled_from(["rule", "legal", "chief", "reporting"]), max_size=8))
def test_no_entry_before_the_ruling_or_by_its_author_makes_it_hold(acts: list[str]) -> None:
    entries = record(*(ruled("start", "noon", "legal") if act == "rule" else signed(act, 1) for act in acts))
    after = {act for act in acts[1:] if act != "rule"} if acts[:1] == ["rule"] else set()
    holds = {"chief", "reporting"} <= after
    assert (("start", 1) in {(one.term, one.entry) for one in rulings(entries, CHIEF, ROLES)}) is holds


def test_a_report_is_corrected_for_a_ruling_and_for_its_signature() -> None:
    entries = record(ruled("start", "noon"), ("received", {}), signed("legal", 1), signed("chief", 7))
    assert [is_ruled_after(entries, at) for at in range(5)] == [True, True, True, False, False]


def test_from_then_on_the_agreement_goes_by_it_and_says_so() -> None:
    law = valley()
    entries = record(ruled("area", "half"), signed("legal", 1), signed("chief", 1))
    now = rule_in(law, rulings(entries, CHIEF, ROLES))
    assert [rival.id for rival in now.rivals("area", None)] == ["half"]
    assert [rival.id for rival in now.rivals("area", law.readings["southern"])] == ["half"]
    assert [rival.id for rival in now.rivals("start", None)] == ["noon", "midnight"]
    (said,) = now.rivals("area", None)[0].says
    assert now.sources[said].title == "Ruling of the mission, 2026-01-03"
    assert now.clauses == law.clauses and rule_in(law, ()) is law


def test_a_ruling_falls_with_the_term_or_the_value_that_it_was_about() -> None:
    (one,) = rulings(record(ruled("area", "half"), signed("legal", 1), signed("chief", 1)), CHIEF, ROLES)
    law = valley()
    without = replace(law, terms={name: term for name, term in law.terms.items() if name != "area"})
    assert rule_in(without, [one]) is without
    assert rule_in(law, [replace(one, rival="third")]) is law


def test_the_day_of_a_ruling_is_local() -> None:
    entries = record(ruled("area", "half"), signed("legal", 1), signed("chief", 1))
    late = [replace(entry, at=entry.at + timedelta(hours=23)) for entry in entries]
    now = rule_in(valley(), rulings(late, CHIEF, ROLES))
    assert now.sources["ruling-area"].title == "Ruling of the mission, 2026-01-04"


@pytest.mark.parametrize(
    ("term", "rival", "says"),
    [
        ("strat", "noon", "'strat' is no term of valley; did you mean 'start'?"),
        ("day", "only", "'day' is not contested in valley"),
        ("start", "nonn", "'start' has no rival 'nonn'; did you mean 'noon'?"),
        ("affected.hill-men", "perhaps", "it has: bound, not-bound"),
    ],
)
def test_a_ruling_on_what_is_not_contested_is_refused(term: str, rival: str, says: str) -> None:
    with pytest.raises(WrongCall) as fault:
        ruling(valley(), term, rival, "legal", "because")
    assert says in str(fault.value)


def test_a_ruling_needs_a_role_and_a_reason() -> None:
    for by, because in ((" ", "so"), ("legal", "")):
        with pytest.raises(WrongCall, match="needs the role"):
            ruling(valley(), "start", "noon", by, because)
