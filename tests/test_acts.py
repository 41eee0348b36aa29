"""The trees of acts and weapons, and the crosswalks into them from the words of feeds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.acts import ANY_WEAPON, ROOT, Tree, act_tree, crosswalk, crosswalks, read_cameo, weapon_tree

TREES = {"acts": act_tree(), "weapons": weapon_tree()}
THREE_ACTS = st.tuples(*[st.sampled_from(sorted(act_tree()))] * 3)

# ACLED Codebook, the table of event types and sub-event types in use since 2023.
ACLED = {
    "Battles": ("Government regains territory", "Non-state actor overtakes territory", "Armed clash"),
    "Protests": ("Excessive force against protesters", "Protest with intervention", "Peaceful protest"),
    "Riots": ("Violent demonstration", "Mob violence"),
    "Explosions/Remote violence": (
        "Chemical weapon", "Air/drone strike", "Suicide bomb", "Shelling/artillery/missile attack",
        "Remote explosive/landmine/IED", "Grenade",
    ),
    "Violence against civilians": ("Sexual violence", "Attack", "Abduction/forced disappearance"),
    "Strategic developments": (
        "Agreement", "Arrests", "Change to group/activity", "Disrupted weapons use", "Headquarters or base established",
        "Looting/property destruction", "Non-violent transfer of territory", "Other",
    ),
}  # fmt: skip


@st.composite
def two_words(draw: st.DrawFn) -> tuple[Tree, str, str]:
    tree = TREES[draw(st.sampled_from(sorted(TREES)))]
    words = st.sampled_from(sorted(tree))
    return tree, draw(words), draw(words)


def words_to_the_root(tree: Tree, node: str) -> list[str]:
    upper = tree.parents[node]
    return [node] if upper is None else [node, *words_to_the_root(tree, upper)]


# ---- the trees -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tree", "root"), [(act_tree(), ROOT), (weapon_tree(), ANY_WEAPON)])
def test_a_tree_has_one_root_that_covers_everything(tree: Tree, root: str) -> None:
    assert [node for node in tree if tree.parents[node] is None] == [root]
    assert all(tree.covers(root, node) and words_to_the_root(tree, node)[-1] == root for node in tree)
    assert root in tree and "no such word" not in tree


@given(two_words())
@settings(max_examples=300)
def test_a_word_covers_what_has_it_on_its_way_to_the_root(words: tuple[Tree, str, str]) -> None:
    tree, one, other = words
    assert tree.covers(one, other) == (one in words_to_the_root(tree, other))
    assert tree.on_one_chain(one, other) == tree.on_one_chain(other, one)
    assert tree.on_one_chain(one, other) == (tree.covers(one, other) or tree.covers(other, one))
    assert tree.covers(one, one)
    assert one == other or not (tree.covers(one, other) and tree.covers(other, one))


@given(THREE_ACTS)
@settings(max_examples=200)
def test_what_covers_a_word_covers_what_that_covers(acts: tuple[str, ...]) -> None:
    upper, middle, lower = acts
    tree = act_tree()
    assert not (tree.covers(upper, middle) and tree.covers(middle, lower)) or tree.covers(upper, lower)


@given(two_words())
@settings(max_examples=300)
def test_the_leaves_of_a_word_are_those_of_all_that_stands_below_it(words: tuple[Tree, str, str]) -> None:
    tree, node, other = words
    ends = {name for name in tree if name not in tree.parents.values()}
    below = [name for name in tree if tree.parents[name] == node]
    assert tree.leaves[node] == {end for end in ends if tree.covers(node, end)}
    assert tree.leaves[node] == frozenset().union(*(tree.leaves[name] for name in below)) or node in ends
    assert not tree.covers(node, other) or tree.leaves[other] <= tree.leaves[node]
    # Two words that stand on no one chain tell of different acts, whatever the details.
    assert tree.on_one_chain(node, other) or not tree.leaves[node] & tree.leaves[other]


def test_an_undetermined_explosion_may_have_been_any_of_the_specific_ones() -> None:
    tree = act_tree()
    for act in ("mortar-fire", "artillery-fire", "tank-fire", "drone-strike", "mine-or-improvised-device", "grenade"):
        assert tree.covers("explosion", act) and tree.covers("use-of-weapons", act)
    assert not tree.covers("explosion", "small-arms-fire")


def test_the_monitors_freedom_of_movement_is_apart_from_humanitarian_access() -> None:
    tree = act_tree()
    assert tree.leaves["restriction-of-movement"] == {
        "movement-denied", "movement-delayed", "movement-conditional", "movement-otherwise-impeded",
    }  # fmt: skip
    assert not tree.on_one_chain("restriction-of-movement", "humanitarian-access-restricted")


def test_no_word_stands_twice_and_every_word_has_its_label() -> None:
    for tree in TREES.values():
        labels = [tree.label(node) for node in tree]
        assert len(set(labels)) == len(labels) and all(labels)
    assert act_tree().label("shelling", "ar") == "قصف"
    assert act_tree().label("shelling", "fr") == "shelling"
    assert [node for node in act_tree() if act_tree().label(node, "ar") == act_tree().label(node)] == []
    assert weapon_tree().label("rocket-launcher-long-range") == "rocket launcher long range"


# ---- crosswalks ------------------------------------------------------------------------------------------------------


def test_the_known_feeds() -> None:
    assert crosswalks() == ["acled", "cameo", "osce", "plover", "ucdp"]
    with pytest.raises(KeyError):
        crosswalk("gdelt")


@pytest.mark.parametrize("feed", crosswalks())
def test_every_word_of_a_feed_is_an_act(feed: str) -> None:
    table = crosswalk(feed)
    assert {word: act for word, act in table.items() if act not in act_tree()} == {}
    assert all(isinstance(word, str) for word in table)


def test_acled_is_read_in_all_its_25_words_and_no_other() -> None:
    words = [word for event_type in ACLED.values() for word in event_type]
    assert len(words) == 25
    assert sorted(crosswalk("acled")) == sorted(words)


@pytest.mark.parametrize("event_type", ["Battles", "Explosions/Remote violence", "Violence against civilians"])
def test_what_acled_calls_violence_is_violence(event_type: str) -> None:
    assert all(act_tree().covers("violence", crosswalk("acled")[word]) for word in ACLED[event_type])


def test_what_acled_calls_a_strategic_development_is_no_violence() -> None:
    acts = {crosswalk("acled")[word] for word in ACLED["Strategic developments"]}
    assert not any(act_tree().on_one_chain("violence", act) for act in acts)


def test_each_kind_of_violence_of_ucdp_is_use_of_weapons_and_nothing_finer() -> None:
    assert crosswalk("ucdp") == dict.fromkeys(["1", "2", "3"], "use-of-weapons")


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("190", "use-of-weapons"), ("195", "air-strike"), ("1951", "air-strike"), ("1952", "air-strike"),
        # "Small arms and light weapons" holds mortars; "blockade, restrict movement" need not be of aid; 2041 are
        # chemical, biological or radiological weapons: none may be read more narrowly than it certainly is.
        ("193", "use-of-weapons"), ("191", "act"), ("2041", "use-of-weapons"),
        ("010", "statement"), ("0411", "statement"), ("057", "agreement-made"), ("0571", "agreement-made"),
        ("1821", "sexual-violence"), ("1823", "violence"), ("1831", "suicide-bomb"), ("1833", "explosive-device"),
        ("", "act"), ("1", "act"), ("99", "act"), ("x", "act"),
    ],
)  # fmt: skip
def test_a_cameo_code_is_read_by_its_longest_known_beginning(code: str, act: str) -> None:
    assert read_cameo(code) == act


@given(st.from_regex(r"[0-2][0-9]{0,4}", fullmatch=True))
@settings(max_examples=200)
def test_every_cameo_code_is_an_act_by_its_longest_known_beginning(code: str) -> None:
    table = crosswalk("cameo")
    known = [word for word in table if code.startswith(word)]
    assert read_cameo(code) == (table[max(known, key=len)] if known else ROOT)


def test_every_root_of_cameo_is_read() -> None:
    assert [code for code in (f"{number:02}" for number in range(1, 21)) if code not in crosswalk("cameo")] == []
