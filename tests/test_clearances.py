"""Clearances: a sitrep goes out when every role has cleared it in order, and nothing else lets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.clearances import Clearance, Role, clearances, lacks, signatures, withheld

CHAIN = ("reporting", "legal", "chief")
FILES = {"sitrep.docx": "aa", "sitrep.pdf": "bb"}


@dataclass(frozen=True)
class Entry:
    number: int
    kind: str
    content: dict[str, Any] | None


def decided(*contents: dict[str, Any] | None) -> list[Entry]:
    kinds = ["released" if content and content["what"] == "released" else "decided" for content in contents]
    return [Entry(number, kind, content) for number, (kind, content) in enumerate(zip(kinds, contents, strict=True), 1)]


def drafted(by: str = "analyst", **more: Any) -> dict[str, Any]:
    return {"what": "drafted", "sitrep": "S", "by": by, "clearance": list(CHAIN), "files": dict(FILES), **more}


def step(what: str, by: str, draft: int = 1, files: dict[str, str] | None = None) -> dict[str, Any]:
    told = {"what": what, "sitrep": "S", "draft": draft, "by": by, "because": "so"}
    return {**told, "files": dict(files or FILES)} if what in ("cleared", "released") else told


def state(*contents: dict[str, Any] | None) -> Clearance:
    return clearances(decided(*contents))["S"]


# ---- the chain -------------------------------------------------------------------------------------------------------


def test_each_role_clears_once_and_in_order() -> None:
    told = [drafted()]
    for place, role in enumerate(CHAIN):
        now = state(*told)
        assert now.next_role == role and not now.is_cleared
        assert [bool(now.refuses(other)) for other in CHAIN] == [other != role for other in CHAIN]
        assert bool(now.refuses_release("chief"))
        told.append(step("cleared", role))
        assert state(*told).cleared_by == CHAIN[: place + 1]
    assert state(*told).is_cleared and not state(*told).refuses_release("chief")
    assert state(*told).refuses_release("legal")
    assert "nobody clears twice" in state(*told[:2]).refuses("reporting")


def test_nobody_clears_a_draft_of_their_own() -> None:
    assert "draft of their own" in state(drafted(by="legal")).refuses("legal")
    assert state(drafted(by="legal"), step("cleared", "reporting"), step("cleared", "legal")).cleared_by == (
        "reporting",
    )


def test_who_is_not_named_by_the_mandate_neither_clears_nor_returns() -> None:
    assert "does not let cook clear" in state(drafted()).refuses("cook")
    assert "is not one of those" in state(drafted()).refuses_return("cook")


def test_what_was_returned_is_cleared_from_the_start() -> None:
    told = [drafted(), step("cleared", "reporting"), step("returned", "legal")]
    back = state(*told)
    assert back.is_returned and back.next_role is None and back.refuses("legal") and not back.refuses_draft()
    assert "returned to analyst by legal: so" in back.state
    anew = state(*told, drafted())
    assert (anew.entry, anew.cleared_by, anew.next_role) == (4, (), "reporting")
    assert [one.what for one in anew.steps] == ["drafted", "cleared", "returned", "drafted"]
    # Whoever looked at the old draft has not cleared the new one.
    assert state(*told, drafted(), step("cleared", "reporting", draft=1)).cleared_by == ()


def test_a_draft_that_somebody_cleared_is_not_replaced_behind_their_back() -> None:
    assert not state(drafted()).refuses_draft()
    held = state(drafted(), step("cleared", "reporting"), drafted())
    assert (held.entry, held.cleared_by) == (1, ("reporting",))
    assert "has to be returned" in held.refuses_draft()


def test_only_whoever_clears_first_takes_in_what_was_edited() -> None:
    edited = {"sitrep.docx": "cc"}
    first = step("cleared", "reporting", files=edited)
    assert state(drafted(), first).files == edited
    assert state(drafted(), first, step("cleared", "legal", files=FILES)).cleared_by == ("reporting",)
    through = [first, step("cleared", "legal", files=edited), step("cleared", "chief", files=edited)]
    assert state(drafted(), *through).is_cleared
    assert state(drafted(), *through, step("released", "chief", files=FILES)).released is None
    assert state(drafted(), *through, step("released", "chief", files=edited)).released == 5


def test_an_entry_that_was_erased_says_nothing() -> None:
    assert state(drafted(), None, step("cleared", "reporting")).cleared_by == ("reporting",)


STEPS = st.lists(
    st.one_of(
        st.builds(drafted, by=st.sampled_from(["analyst", "reporting"])),
        st.builds(
            step,
            st.sampled_from(["cleared", "cleared", "cleared", "returned", "released"]),
            st.sampled_from([*CHAIN, "cook"]),
            st.integers(1, 3),
            st.sampled_from([FILES, {"sitrep.docx": "cc"}]),
        ),
    ),
    max_size=12,
)


def good(number: int) -> list[dict[str, Any]]:
    """Return the entries of a sitrep that goes out, drafted at a number."""
    return [drafted(), *(step("cleared", role, number) for role in CHAIN), step("released", "chief", number)]


@given(STEPS, STEPS, st.integers(0, 5))
def test_whatever_is_entered_only_the_whole_chain_lets_a_sitrep_out(
    before: list[dict[str, Any]], after: list[dict[str, Any]], between: int
) -> None:
    whole = good(len(before) + 1)
    told = [*before, *whole[:between], *after[:2], *whole[between:], *after[2:]]
    found = clearances(decided(*told)).get("S")
    if found is None or found.released is None:
        return
    # Written anew: of the draft that went out, who cleared it, in the order of entries, with what.
    own = [(number, one) for number, one in enumerate(told, 1) if one.get("draft") == found.entry]
    cleared = [one for number, one in own if one["what"] == "cleared" and found.entry < number < found.released]
    by = [step.by for step in found.steps if step.entry > found.entry and step.what == "cleared"]
    assert tuple(by) == CHAIN == found.cleared_by
    assert all(any(one["by"] == role and one["files"] == found.files for one in cleared) for role in CHAIN[1:])
    assert told[found.entry - 1]["by"] not in CHAIN
    assert not any(step.what == "returned" and step.entry > found.entry for step in found.steps)


def test_a_chain_in_any_other_order_lets_nothing_out() -> None:
    out = [
        state(drafted(), *(step("cleared", role) for role in order), step("released", "chief")).released
        for order in permutations(CHAIN)
    ]
    assert out == [5, None, None, None, None, None]


# ---- two persons, and legal or chief ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed_by", "roles", "parties", "is_enough"),
    [
        (("reporting", "legal"), {}, (), True),
        (("reporting", "chief"), {}, (), True),
        (("legal", "chief"), {}, (), True),
        (("legal",), {}, (), False),  # legal, and nobody beside the author
        (("reporting", "deputy"), {}, (), False),  # neither legal nor chief
        (("analyst", "legal"), {}, (), False),  # the author signs with
        (("reporting", "legal"), {"reporting": Role(under="analyst")}, (), False),
        (("reporting", "legal"), {"reporting": Role(nominee_of="a")}, ("a",), False),
        (("reporting", "legal"), {"reporting": Role(nominee_of="a")}, ("b",), True),
    ],
)
def test_what_one_person_may_not_decide_needs_two_and_legal_or_chief(
    signed_by: Sequence[str], roles: dict[str, Role], parties: Sequence[str], is_enough: bool
) -> None:
    assert (lacks("analyst", signed_by, "chief", roles, parties) == "") is is_enough


def test_entries_are_signed_many_at_once_and_only_after_they_were_made() -> None:
    def sign(by: str, *numbers: int) -> dict[str, Any]:
        return {"what": "signed", "entries": list(numbers), "by": by}

    found = signatures(decided(drafted(), drafted(), sign("reporting", 1, 2, 4), sign("legal", 2), sign("legal", 2)))
    assert found == {1: ("reporting",), 2: ("reporting", "legal")}


# ---- what is withheld ------------------------------------------------------------------------------------------------


def hide(finding: str, *claims: str, review: str = "2018-09-01", **more: Any) -> dict[str, Any]:
    told = {"what": "withheld", "finding": finding, "claims": list(claims), "by": "chief", "because": "talks"}
    return {**told, "review": review, **more}


def test_a_finding_is_withheld_with_its_claims_until_it_is_not() -> None:
    [one] = withheld(decided(hide("F", "a", "b")))
    assert (one.claims, one.review, one.by, one.because) == (frozenset("ab"), date(2018, 9, 1), "chief", "talks")
    assert withheld(decided(hide("F", "a"), {"what": "withheld no longer", "finding": "F"})) == ()


def test_one_that_is_withheld_again_keeps_what_was_withheld_with_it() -> None:
    [one] = withheld(decided(hide("F", "a"), hide("F", "b", review="2018-12-01")))
    assert (one.entry, one.claims, one.review) == (2, frozenset("ab"), date(2018, 12, 1))


@pytest.mark.parametrize(("day", "is_due"), [(date(2018, 9, 1), False), (date(2018, 9, 2), True)])
def test_a_review_is_due_when_its_day_has_passed(day: date, is_due: bool) -> None:
    assert withheld(decided(hide("F", "a")))[0].is_due(day) is is_due


def test_what_was_not_done_is_withheld_by_what_was_due() -> None:
    [one] = withheld(decided(hide("F", occasion=["C2", "a", "2018-01-01T00:00:00+00:00"])))
    assert one.occasion == ("C2", "a", "2018-01-01T00:00:00+00:00")
