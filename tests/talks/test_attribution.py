"""Attribution: counting words give bounds, chains give origins by the rules of corroboration, copies add nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.talks.attribution import (
    Attribution,
    Link,
    Origins,
    Repeat,
    Root,
    Said,
    Voicing,
    bounds,
    drift,
    in_all,
    ordinal,
    origins,
    roots_of,
    spoken_of,
    unnamed_persons,
)

OFFICIALS = Link(unnamed=(spoken_of("Israeli officials"), spoken_of("Western diplomats")))


def told(by: str, *on: str | Link) -> Attribution:
    links = tuple(Link(source=one) if isinstance(one, str) else one for one in on)
    return Attribution(by, Voicing.ATTRIBUTED if on else Voicing.NONE, links)


# ---- counting words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "low", "high", "unit"),
    [
        ("Israeli officials", 2, None, "Israeli officials"),
        ("an Israeli newspaper", 1, 1, "Israeli newspaper"),
        ("one senior Israeli official", 1, 1, "senior Israeli official"),
        ("the third meeting, in Europe", 1, 1, "third meeting, in Europe"),
        ("the meetings in Jordan's capital", 2, None, "meetings in Jordan's capital"),
        ("a series of secret meetings", 2, None, "secret meetings"),
        ("two of them in Amman", 2, 2, "in Amman"),
        ("at least three", 3, None, ""),
        ("at most four diplomats", 0, 4, "diplomats"),
        ("10 to 12 times a day", 10, 12, "times a day"),
        ("several sources", 2, None, "sources"),
        ("a couple of officers", 2, None, "officers"),
        ("no diplomats", 0, 0, "diplomats"),
        ("military personnel", 2, None, "military personnel"),
        ("a witness", 1, 1, "witness"),
    ],
)
def test_words_of_a_text_give_bounds(words: str, low: int, high: int | None, unit: str) -> None:
    count = spoken_of(words)
    assert (count.low, count.high, count.unit) == (low, high, unit)


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("the third meeting", 3),
        ("the 3rd meeting", 3),
        ("two of them in Amman", 2),
        ("a series of meetings", 2),
        ("the second and third meetings", 3),
        ("the meeting", 1),
    ],
)
def test_where_there_is_a_third_there_are_three(words: str, least: int) -> None:
    assert in_all(words) == least


@given(st.integers(1, 12))
def test_a_figure_and_its_word_say_the_same(number: int) -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    assert spoken_of(f"{words[number - 1]} men") == spoken_of(f"{number} men")
    ranks = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
    if number <= 10:
        assert ordinal(f"the {ranks[number - 1]} meeting") == number


@given(st.integers(0, 50), st.none() | st.integers(0, 50))
def test_bounds_say_what_they_are(low: int, more: int | None) -> None:
    high = None if more is None else low + more
    written = bounds(low, high)
    assert (str(low) in written or low == 0) and (high is None or str(high) in written)
    assert ("at least" in written) is (high is None)


# ---- origins ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ways", "low", "high"),
    [
        ([], 0, 0),
        ([told("monitor")], 1, 1),  # an office that is silent on whence it has it
        ([told("monitor"), told("gazette")], 1, 2),
        ([told("monitor", "haaretz", OFFICIALS)], 1, None),
        ([told("monitor", "haaretz")], 1, 1),
        ([told("monitor", "haaretz"), told("gazette", "haaretz")], 1, 1),
        ([told("monitor", "haaretz"), told("gazette", "tass")], 2, 2),
        ([told("monitor", Link(unnamed=(spoken_of("one official"),)))], 1, 1),
        ([told("monitor", Link(outlet="an Israeli newspaper"))], 1, 1),
        ([told("monitor", Link(actor="ru")), told("gazette", Link(actor="ru"))], 1, 1),
        ([told("monitor", Link(unnamed=(spoken_of("military personnel"),)))], 1, None),
        ([told("monitor", Link(unnamed=(spoken_of("an aide"), spoken_of("an officer"))))], 1, None),
    ],
)
def test_origins_are_bounded_as_everywhere(ways: list[Attribution], low: int, high: int | None) -> None:
    assert origins(ways) == Origins(low, high)


def test_two_who_speak_of_officials_may_mean_the_same_ones() -> None:
    ways = [told("monitor", OFFICIALS), told("gazette", Link(unnamed=(spoken_of("three Israeli officials"),)))]
    assert [(count.unit, count.low) for count in unnamed_persons(ways)] == [
        ("Israeli officials", 3),
        ("Western diplomats", 2),
    ]


# ---- roots and echoes ------------------------------------------------------------------------------------------------


def root(*repeats: Repeat, on: tuple[Link, ...] = (OFFICIALS,)) -> Root:
    said = {
        "sources": Said("sources", "series", words=("Israeli officials", "Western diplomats")),
        "meetings": Said("meetings", "series", count=spoken_of("at least three"), basis="inferred"),
        "level": Said("level", "third", words=("higher",), on=(Link(unnamed=(spoken_of("one official"),)),)),
    }
    return Root("meetings", "series", "haaretz", on, said, repeats, ("said",))


def test_a_copy_that_says_the_same_has_no_drift() -> None:
    said = {"sources": Said("sources", "series", words=("western diplomats", "Israeli Officials"))}
    assert drift(root(Repeat("copy", said), Repeat("silent"))) == ()


@pytest.mark.parametrize(
    ("respect", "now", "change"),
    [
        ("sources", Said("sources", "series", words=("Russian diplomats",)), "changed"),
        ("sources", Said("sources", "series", words=("Israeli officials",)), "lost"),
        ("sources", Said("sources", "series", words=("Israeli officials", "Western diplomats", "x")), "added"),
        ("sources", Said("sources", "series"), "lost"),
        ("meetings", Said("meetings", "series", count=spoken_of("two")), "shrank"),
        ("meetings", Said("meetings", "series", count=spoken_of("four")), "sharpened"),
        ("meetings", Said("meetings", "series", count=spoken_of("at least two")), "blurred"),
        ("level", Said("level", "third", words=("higher",)), "attribution lost"),
        ("place", Said("place", "third", words=("Geneva",)), "added"),
    ],
)
def test_what_a_copy_changed_is_computed(respect: str, now: Said, change: str) -> None:
    (found,) = drift(root(Repeat("copy", {respect: now})))
    assert (found.by, found.respect, found.change) == ("copy", respect, change)
    assert found.is_of_content is (change != "attribution lost")
    assert found.basis == ("inferred" if respect == "meetings" else "stated")


NAMES = st.sampled_from(["one", "two", "three", "four"])
CHAINS = st.sampled_from([(), (OFFICIALS,), (Link(source="agency"),), (Link(actor="ru"),), (Link(outlet="a paper"),)])


@settings(max_examples=40)
@given(st.lists(NAMES, unique=True), CHAINS, st.booleans())
def test_an_echo_that_only_copies_changes_no_bound_and_no_origin(
    copies: list[str], on: tuple[Link, ...], with_words: bool
) -> None:
    alone = root(on=on)
    said = dict(alone.said) if with_words else {}
    echoed = root(*(Repeat(name, said) for name in copies), on=on)
    assert origins(echoed.told()) == origins(alone.told())
    assert unnamed_persons(echoed.told()) == unnamed_persons(alone.told())
    assert drift(echoed) == ()
    assert roots_of(echoed.told(), [echoed]) == roots_of(alone.told(), [alone]) == {"haaretz"}


@settings(max_examples=30)
@given(st.lists(NAMES, unique=True, min_size=1), st.text("abc ", min_size=1))
def test_whom_a_copy_names_in_the_roots_place_is_drift_and_no_origin(copies: list[str], words: str) -> None:
    changed = {"sources": Said("sources", "series", words=(f"{words}z",))}
    echoed = root(*(Repeat(name, changed) for name in copies))
    assert origins(echoed.told()) == origins(root().told())
    assert [one.by for one in drift(echoed)] == copies


@settings(max_examples=10)
@given(st.permutations([told("monitor", "haaretz", OFFICIALS), told("gazette"), told("wire", Link(actor="ru"))]))
def test_origins_do_not_depend_on_order_or_repetition(ways: list[Attribution]) -> None:
    assert origins(ways) == origins([*ways, *ways]) == Origins(1, None)
