"""The lattice of levels, and how a word of it is read."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.levels import CHAIN, Level, audiences, most_sensitive, read_level
from trucewatch.problems import TrucewatchError

EVERY = audiences(["government", "southern-opposition", "iran-backed-2"])
LEVELS = st.sampled_from(EVERY)


def test_the_chain_runs_from_the_public_to_what_is_sealed() -> None:
    assert [level.word for level in CHAIN] == ["public", "parties", "guarantors", "mission", "sealed"]
    assert all(lower < upper and not upper <= lower for lower, upper in itertools.pairwise(CHAIN))


def test_each_party_stands_beside_the_guarantors_and_beside_the_others() -> None:
    own, others = Level.party("government"), Level.party("southern-opposition")
    assert Level.PARTIES < own < Level.MISSION
    for beside in (others, Level.GUARANTORS):
        assert not own <= beside and not beside <= own and not own > beside
    assert own == Level.party("government") and own.party_id == "government" and Level.PARTIES.party_id is None
    assert [level.word for level in EVERY] == [
        *("public", "parties", "party: government", "party: iran-backed-2", "party: southern-opposition"),
        *("guarantors", "mission", "sealed"),
    ]


@given(LEVELS, LEVELS, LEVELS)
@settings(max_examples=200)
def test_who_may_know_is_an_order(one: Level, other: Level, third: Level) -> None:
    assert one <= one and not one < one
    assert (one <= other and other <= one) == (one == other)
    assert not (one <= other <= third) or one <= third
    assert (one < other) == (one <= other and one != other) == (other > one)


@given(st.lists(LEVELS, max_size=5), st.lists(LEVELS, max_size=5))
@settings(max_examples=200)
def test_what_is_put_together_is_for_those_alone_who_may_know_each_part(some: list[Level], more: list[Level]) -> None:
    together = most_sensitive([*some, *more])
    assert together == most_sensitive([most_sensitive(some), most_sensitive(more)])
    for audience in EVERY:
        assert (together <= audience) == all(level <= audience for level in [*some, *more])


@given(LEVELS, st.sampled_from([str.lower, str.upper, str.title]), st.sampled_from(["{}", " {} ", "{}\n"]))
@settings(max_examples=60)
def test_a_level_reads_back_from_its_word(level: Level, written: object, around: str) -> None:
    assert callable(written)
    assert read_level(around.format(written(level.word))) == level


def test_the_word_of_a_party_may_be_written_close() -> None:
    assert read_level("party:government") == Level.party("government")
    assert read_level("party:  government").word == "party: government"


@pytest.mark.parametrize(("word", "meant"), [("mision", "mission"), ("PUBLC", "public"), (" Partys ", "parties")])
def test_a_slip_of_the_pen_is_answered_with_the_level_that_was_meant(word: str, meant: str) -> None:
    with pytest.raises(TrucewatchError, match=f"did you mean '{meant}'"):
        read_level(word)


@pytest.mark.parametrize(
    "word", ["", "top secret", "3", "__class__", "party: ../etc", "party: a b", "party:-", "CHAIN"]
)
def test_what_is_no_level_is_answered_with_all_of_them(word: str) -> None:
    told = "is not a level; one of public, parties, guarantors, mission, sealed, or party: ID"
    with pytest.raises(TrucewatchError, match=told):
        read_level(word)


@pytest.mark.parametrize("id", ["", "Government", "two words", "a--b", "-a", "a\n"])
def test_what_is_no_id_of_a_party_has_no_level(id: str) -> None:
    with pytest.raises(TrucewatchError, match="is no id of a party"):
        Level.party(id)
