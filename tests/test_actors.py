"""Actors by any of their names, what an umbrella stands for, and pairs in their one form."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import (
    ANYBODY,
    BINDING,
    CIVILIANS,
    COUNTED,
    Actor,
    Affiliation,
    AffiliationStatement,
    Change,
    ChangeKind,
    Label,
    Register,
    Stance,
    Voice,
    hidden_in,
    read_pairs,
    script,
    unregistered,
    write_pairs,
)
from trucewatch.levels import Level, audiences

ACTORS = [
    Actor("army", ("Syrian Arab Army", "SAA", "الجيش العربي السوري", "Сирийская арабская армия"), "state-force"),
    Actor("south-front", ("Southern Front", "الجبهة الجنوبية", "החזית הדרומית")),
    Actor("yarmouk", ("Jaysh al-Yarmouk", "جيش اليرموك")),
    Actor("hts", ("Hay'at Tahrir al-Sham", "HTS", "هيئة تحرير الشام")),
    Actor("opposition", ("Syrian opposition",), "umbrella", members=("south-front", "yarmouk")),
    Actor("insurgents", ("Syrian insurgents",), "umbrella", members=("opposition", "hts"), open=True),
    Actor("unknown-gunmen", ("Unidentified armed group",), "umbrella", open=True),
]
REGISTER = Register({actor.id: actor for actor in ACTORS})
NAMES = st.one_of(st.sampled_from(["", "army", "hts", "?Some Brigade", CIVILIANS]), st.text(max_size=6))
Pairs = list[tuple[str, str]]
PAIRS = st.lists(st.tuples(NAMES, NAMES), max_size=6)


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("Syrian Arab Army", "army"), ("syrian arab army", "army"), ("SAA", "army"), ("army", "army"),
        ("الجيش العربي السوري", "army"), ("الجَيش العربى السورى", "army"), ("СИРИЙСКАЯ АРАБСКАЯ АРМИЯ", "army"),
        ("החזית הדרומית", "south-front"), ("Jaysh al Yarmouk", "yarmouk"), ("Hayʼat Taḥrīr al‑Shām", "hts"),
    ],
)  # fmt: skip
def test_an_actor_is_known_by_each_of_its_names_in_any_script(name: str, actor: str) -> None:
    assert REGISTER.identify(name) == actor


@pytest.mark.parametrize(
    "name", ["Civilians", "civilian", "Civilians (Syria)", "мирные жители", "مدنيون", "المدنيون", "אזרחים"]
)
def test_civilians_are_civilians_in_every_language_and_register(name: str) -> None:
    assert REGISTER.identify(name) == Register().identify(name) == CIVILIANS


def test_no_register_can_make_a_party_of_civilians() -> None:
    register = Register({"x": Actor("x", ("Civilians", "X Brigade"))})
    assert register.identify("civilians") == CIVILIANS
    assert register.label(CIVILIANS) == "civilians"


def test_a_name_nobody_registered_stands_for_an_actor_of_whom_nothing_is_known() -> None:
    assert REGISTER.identify("  Falcons of Nowhere ") == "?Falcons of Nowhere"
    assert REGISTER.label("?Falcons of Nowhere") == "Falcons of Nowhere"
    assert REGISTER.stands_for("?Falcons of Nowhere") == {"?Falcons of Nowhere"}
    assert not REGISTER.is_umbrella("?Falcons of Nowhere")


@pytest.mark.parametrize("name", ["", "—", "???"])
def test_what_has_no_letter_in_it_names_no_actor(name: str) -> None:
    register = Register({"x": Actor("x", ("X", "-"))})
    assert register.identify(name) == unregistered(name)


def test_an_actor_is_printed_under_the_first_of_its_names() -> None:
    assert REGISTER.label("army") == "Syrian Arab Army"
    assert Register({"x": Actor("x", ())}).label("x") == "x"


def test_a_name_that_two_actors_go_by_is_that_of_the_first() -> None:
    register = Register({"a": Actor("a", ("Brigade",)), "b": Actor("b", ("Brigade", "B"))})
    assert register.identify("brigade") == "a" and register.identify("b") == "b"


def test_an_actor_stands_for_itself_and_an_umbrella_for_any_of_its_members() -> None:
    assert REGISTER.stands_for("army") == {"army"}
    assert REGISTER.stands_for("opposition") == {"south-front", "yarmouk"}
    assert REGISTER.stands_for("insurgents") == {"south-front", "yarmouk", "hts", "?another of Syrian insurgents"}
    assert REGISTER.stands_for("unknown-gunmen") == {"?another of Unidentified armed group"}
    assert [REGISTER.is_umbrella(actor.id) for actor in ACTORS] == [False] * 4 + [True] * 3


UMBRELLAS = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.lists(st.sampled_from("abcdef"), max_size=4), st.booleans())
)


@given(UMBRELLAS)
@settings(max_examples=150)
def test_an_umbrella_ends_in_actors_even_where_umbrellas_hold_each_other(
    written: dict[str, tuple[list[str], bool]],
) -> None:
    actors = [Actor(name, (name,), members=tuple(below), open=more) for name, (below, more) in written.items()]
    register = Register({actor.id: actor for actor in actors})
    for actor in actors:
        found = register.stands_for(actor.id)
        assert not any(register.is_umbrella(name) for name in found)
        assert (unregistered(f"another of {actor.id}") in found) == actor.open or actor.members
        assert all(register.stands_for(member) <= found for member in actor.members)


def test_only_belonging_and_command_bind_one_actor_by_the_acts_of_another() -> None:
    assert BINDING == (Affiliation.PART_OF, Affiliation.COMMANDED_BY)


def test_what_is_said_of_an_actor_is_found_with_who_says_it() -> None:
    said = AffiliationStatement("yarmouk", "south-front", Affiliation.PART_OF, ("wire",))
    denied = AffiliationStatement("yarmouk", "hts", Affiliation.ALLIED_WITH, ("army",), contested=True)
    register = Register(REGISTER.actors, (said, denied))
    assert list(register.statements_of("yarmouk")) == [said, denied]
    assert list(register.statements_of("south-front")) == []


@given(PAIRS.flatmap(lambda pairs: st.tuples(st.just(pairs), st.permutations([*pairs, *pairs[:2]]))))
@settings(max_examples=150)
def test_pairs_have_one_form_whatever_order_they_are_told_in(told: tuple[Pairs, Pairs]) -> None:
    pairs, otherwise = told
    assert write_pairs(otherwise) == write_pairs(pairs)
    assert read_pairs(write_pairs(otherwise)) == tuple(sorted(set(pairs)))


@given(PAIRS, PAIRS)
@settings(max_examples=100)
def test_different_pairs_have_different_forms(some: Pairs, others: Pairs) -> None:
    assert (write_pairs(some) == write_pairs(others)) == (set(some) == set(others))


def test_names_stay_legible_in_pairs() -> None:
    assert write_pairs([("الجيش", "")]) == '[["الجيش", ""]]'
    assert read_pairs(ANYBODY) == (("", ""),)


# ---- names in time and across scripts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Golan Knights", "Latin"), ("Türkiye", "Latin"), ("فرسان الجولان", "Arabic"), ('צה"ל', "Hebrew"),
        ("ЦАХАЛ", "Cyrillic"), ("ИГИЛ (IS)", "Cyrillic"), ("23rd", "Latin"), ("1515", "Other"), ("", "Other"),
    ],
)  # fmt: skip
def test_the_script_of_a_name_is_seen_and_never_typed(name: str, told: str) -> None:
    assert script(name) == told


def test_names_stand_by_their_script_in_their_order() -> None:
    assert ACTORS[0].by_script == {
        "Latin": ("Syrian Arab Army", "SAA"),
        "Arabic": ("الجيش العربي السوري",),
        "Cyrillic": ("Сирийская арабская армия",),
    }


def test_of_several_that_share_a_name_the_umbrella_of_the_others_is_meant() -> None:
    actors = [
        Actor("part", ("Front",)), Actor("front", ("Front",), "umbrella", ("part",)),
        Actor("fronts", ("Fronts", "Front"), "umbrella", ("front", "other")), Actor("other", ("Other",)),
    ]  # fmt: skip
    for order in permutations(actors):
        register = Register({actor.id: actor for actor in order})
        assert register.identify("front") == "fronts"
        assert set(register.called("front")) == {"part", "front", "fronts"}
    assert hidden_in("fronts", {actor.id: actor for actor in actors}) == {"part", "front", "other"}


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Jaysh al Yarmuk", "Jaysh al-Yarmouk"),
        ("Arab Army", "Syrian Arab Army"),
        ("Southern Fronts", "Southern Front"),
        ("Сирийская армия", "Сирийская арабская армия"),
        ("Джейш аль-Ярмук", "Jaysh al-Yarmouk"),
    ],
)
def test_names_that_are_near_are_found_in_any_script(name: str, near: str) -> None:
    assert REGISTER.identify(name).startswith("?")
    assert near in REGISTER.near(name) and len(REGISTER.near(name)) <= 5


@pytest.mark.parametrize("name", ["", "—", "Zzyzx Qqqq"])
def test_what_is_near_nothing_has_no_near_names(name: str) -> None:
    assert REGISTER.near(name) == ()


# ---- what is said of them --------------------------------------------------------------------------------------------


def test_a_source_speaks_for_itself_where_nobody_else_does() -> None:
    assert Voice().voices(("wire", "herald")) == ((Stance.STATED, "wire"), (Stance.STATED, "herald"))
    claimed = Voice(claimed_by=("guard",), assessed_by=("us",), denied_by=("army",))
    assert claimed.voices(("wire",)) == (
        (Stance.CLAIMED, "guard"), (Stance.ASSESSED, "us"), (Stance.DENIED, "army"),
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(Affiliation))
def test_only_what_would_bind_is_vague_near_its_ends(kind: Affiliation) -> None:
    start, begun = datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 2, 1, tzinfo=UTC)
    said = AffiliationStatement("a", "b", kind, ("wire",), start, begun=begun)
    assert said.surely == (begun, None) and said.instants == (start, begun)
    assert said.is_vague == (kind in COUNTED)
    assert not AffiliationStatement("a", "b", kind, ("wire",), start).is_vague


@pytest.mark.parametrize("kind", list(Affiliation))
def test_one_surely_belongs_to_another_only_all_through_a_sure_span(kind: Affiliation) -> None:
    days = [datetime(2018, 1, day, tzinfo=UTC) for day in range(1, 11)]
    said = AffiliationStatement("a", "b", kind, ("wire",), days[0], days[8], begun=days[2], ending=days[6])
    above = AffiliationStatement("b", "c", Affiliation.COMMANDED_BY, ("wire",))
    contested = AffiliationStatement("a", "d", Affiliation.PART_OF, ("wire",), contested=True)
    register = Register({}, (said, above, contested))
    for start, end in combinations(range(10), 2):
        span = days[start], days[end]
        assert register.surely_belongs("a", {"c"}, *span) == (kind in COUNTED and start >= 2 and end <= 6)
        assert not register.surely_belongs("a", {"d"}, *span) and register.surely_belongs("a", {"a"}, *span)


def test_a_change_concerns_those_who_changed_and_a_name_only_its_actor() -> None:
    split = Change(ChangeKind.SPLIT, ("a",), ("b", "c"), ("wire",))
    renamed = Change(ChangeKind.RENAMED, ("b",), ("New",), ("wire",), of="a")
    assert [split.concerns(name) for name in "abcd"] == [True, True, True, False]
    assert [renamed.concerns(name) for name in "abcd"] == [True, False, False, False]


def test_a_label_above_an_audience_is_gone_from_what_it_may_know() -> None:
    label = Label("yarmouk", "x", ("wire",), level=Level.party("army"))
    register = Register(REGISTER.actors, labels=(label,))
    seen = {level.word for level in audiences(["army", "other"]) if register.seen_by(level).labels}
    assert seen == {"party: army", "mission", "sealed"}
    assert register.seen_by(Level.PUBLIC).actors == register.actors


def test_a_part_leads_to_its_whole_and_an_ally_does_not() -> None:
    said = [
        AffiliationStatement("a", "b", Affiliation.PART_OF, ("wire",)),
        AffiliationStatement("b", "c", Affiliation.PART_OF, ("wire",)),
        AffiliationStatement("c", "a", Affiliation.PART_OF, ("wire",), contested=True),
        AffiliationStatement("a", "d", Affiliation.ALLIED_WITH, ("wire",)),
        AffiliationStatement("a", "e", Affiliation.COMMANDED_BY, ("wire",)),
    ]
    register = Register({}, tuple(said))
    assert register.wholes("a") == {"a", "b", "c"} and register.wholes("c") == {"c"}
