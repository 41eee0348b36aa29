"""A problem says where it stands, what is wrong and what would mend it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.problems import FileFault, Problem, TrucewatchError, did_you_mean


def test_a_problem_prints_as_a_place_that_an_editor_can_jump_to() -> None:
    problem = Problem("wire.csv", 12, "bad-date", "'2017-02-30' is no date", "write 2017-07-09")
    assert str(problem) == "wire.csv:12: bad-date '2017-02-30' is no date (write 2017-07-09)"


def test_a_problem_without_a_hint_ends_with_its_message() -> None:
    assert str(Problem("wire.csv", 0, "empty-file", "holds nothing")) == "wire.csv:0: empty-file holds nothing"


def test_problems_stand_in_the_order_of_their_lines() -> None:
    places = [("b", 1, "x"), ("a", 10, "x"), ("a", 9, "y"), ("a", 9, "x")]
    problems = sorted(Problem(*place, "what is wrong") for place in places)
    assert [(p.file, p.line, p.code) for p in problems] == places[::-1]


def test_two_problems_that_differ_in_their_hint_only_are_one() -> None:
    assert Problem("a", 1, "x", "m", "one way") == Problem("a", 1, "x", "m", "another way")


def test_a_file_that_cannot_be_read_is_something_the_user_can_act_on() -> None:
    assert issubclass(FileFault, TrucewatchError)


def test_the_closest_word_is_named_and_a_far_one_is_not() -> None:
    assert did_you_mean("dara", ["quneitra", "daraa"]) == "did you mean 'daraa'?"
    assert did_you_mean("xyz", ["quneitra", "daraa"]) == ""
    assert did_you_mean("dara", []) == ""


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=6))
@settings(max_examples=50)
def test_a_hint_names_a_known_word_whatever_order_the_words_come_in(word: str, known: list[str]) -> None:
    hint = did_you_mean(word, known)
    assert hint == did_you_mean(word, reversed(known)) == did_you_mean(word, known + known)
    assert not hint or hint.removeprefix("did you mean '").removesuffix("'?") in known
