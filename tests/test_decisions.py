"""Decisions: of two that cannot both hold the later stands, and a Problem names both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.decisions import DECIDED, OVERRULED, Decision, decided, link, standing
from trucewatch.problems import WrongCall


def test_of_two_decisions_on_one_pair_the_later_stands() -> None:
    earlier, later = Decision(3, "a", "b", True), Decision(7, "b", "a", False)
    found = standing([earlier, later])
    assert (found.same, found.apart) == ((), (("a", "b"),))
    [problem] = found.problems
    assert problem.code == OVERRULED and problem.line == 3
    assert str(earlier) in problem.message and str(later) in problem.message


def test_two_that_cannot_hold_beside_a_later_one_by_way_of_others_give_way_too() -> None:
    found = standing([Decision(1, "a", "c", False), Decision(2, "a", "b", True), Decision(3, "b", "c", True)])
    assert found.same == (("a", "b"), ("b", "c")) and not found.apart
    assert [problem.line for problem in found.problems] == [1]


def test_a_decision_on_a_claim_and_itself_says_nothing() -> None:
    assert standing([Decision(1, "a", "a", False)]) == standing([])


DECISIONS = st.lists(
    st.builds(Decision, st.integers(1, 9), st.sampled_from("abcd"), st.sampled_from("abcd"), st.booleans()), max_size=8
)


@given(DECISIONS, st.randoms(use_true_random=False))
def test_what_stands_holds_together_in_whatever_order_it_was_recorded(
    decisions: list[Decision], random: object
) -> None:
    found = standing(decisions)
    assert standing(sorted(decisions, key=lambda decision: (decision.reason, -decision.entry))) == found
    group = {key: key for key in "abcd"}
    for one, other in found.same * 4:
        group[one] = group[other] = min(group[one], group[other])
    assert all(group[one] != group[other] for one, other in found.apart)


@dataclass(frozen=True)
class Told:
    """An entry, as far as a decision is told by it."""

    number: int
    kind: str
    content: dict[str, Any] | None


def test_a_decision_reads_back_as_it_was_entered_and_not_once_it_was_erased() -> None:
    content = link("a", "b", True, "duty officer", "one column")
    entries = [Told(4, DECIDED, content), Told(5, DECIDED, None), Told(6, DECIDED, {"what": "drafted"})]
    assert decided(entries) == (Decision(4, "a", "b", True, "duty officer", "one column"),)


@pytest.mark.parametrize("wrong", [("a", "a", "x", "y"), ("a", "b", "", "y"), ("a", "b", "x", " ")])
def test_a_decision_is_about_two_and_has_a_role_and_a_reason(wrong: tuple[str, str, str, str]) -> None:
    one, other, by, reason = wrong
    with pytest.raises(WrongCall):
        link(one, other, True, by, reason)
