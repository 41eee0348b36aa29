"""The chain of levels, and how a word of it is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.levels import Level, most_sensitive, read_level
from trucewatch.problems import TrucewatchError

LEVELS = st.sampled_from(Level)


def test_the_chain_runs_from_the_public_to_what_is_sealed() -> None:
    assert [level.word for level in sorted(Level)] == ["public", "parties", "guarantors", "mission", "sealed"]


@given(LEVELS, st.sampled_from([str.lower, str.upper, str.title]), st.sampled_from(["{}", " {} ", "{}\n"]))
@settings(max_examples=30)
def test_a_level_reads_back_from_its_word(level: Level, written: object, around: str) -> None:
    assert callable(written)
    assert read_level(around.format(written(level.word))) is level


@pytest.mark.parametrize(("word", "meant"), [("mision", "mission"), ("PUBLC", "public"), (" Partys ", "parties")])
def test_a_slip_of_the_pen_is_answered_with_the_level_that_was_meant(word: str, meant: str) -> None:
    with pytest.raises(TrucewatchError, match=f"did you mean '{meant}'"):
        read_level(word)


@pytest.mark.parametrize("word", ["", "top secret", "3", "__class__"])
def test_what_is_no_level_is_answered_with_all_of_them(word: str) -> None:
    with pytest.raises(TrucewatchError, match="is not a level; one of public, parties, guarantors, mission, sealed"):
        read_level(word)


@given(st.lists(LEVELS, max_size=5), st.lists(LEVELS, max_size=5))
@settings(max_examples=50)
def test_what_is_put_together_is_as_sensitive_as_its_most_sensitive_part(some: list[Level], more: list[Level]) -> None:
    together = most_sensitive([*some, *more])
    assert together is max(most_sensitive(some), most_sensitive(more))
    assert all(level <= together for level in some)
    assert together in {*some, *more, Level.PUBLIC}
