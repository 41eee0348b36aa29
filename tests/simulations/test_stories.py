"""Stories and their copies: what they keep, what they change, whom they cite."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import pytest
import yaml

from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.simulations.neighbourhoods import Event, grow_events
from trucewatch.simulations.observation import Observation
from trucewatch.simulations.stories import Press, Story
from trucewatch.simulations.told import Scene
from trucewatch.simulations.truths import Dice
from trucewatch.simulations.versions import Eyes

Model = Callable[..., Observation]
LETTERS = re.compile(r"[^\W\d_]{2,}")


def press_of(asked: Observation, law: Agreement) -> tuple[Press, Eyes, tuple[Event, ...]]:
    events = grow_events(asked, law, None)
    eyes = Eyes(asked.observers, 1, ("clash",), ("is",), tuple({event.village: None for event in events}), law.timezone)
    return Press(Scene(asked.spec, law, ()), asked.observers), eyes, events


def families(law: Agreement, asked: Observation) -> list[tuple[Press, list[Story]]]:
    """Return, of some events, each story beside its copies."""
    press, eyes, events = press_of(asked, law)
    found = []
    for event in events[:150]:
        dice = Dice(1, event.truth.id)
        version = eyes.see(event, "SIM Observatory", dice)
        found.append((press, list(press.spread(version, "SIM Observatory", event.truth.end, dice))))
    return found


def copies(law: Agreement, asked: Observation, how: str) -> list[tuple[Press, Story, Story]]:
    """Return each copy that was made in some way beside the only story it can have been made from."""
    return [
        (press, story, copy)
        for press, told in families(law, asked)
        for story in told[:1]
        for copy in told[1:2]
        if copy.how == how
    ]


@pytest.fixture
def plain(model: Model) -> Callable[[str], Observation]:
    """Return the model with one printer, one way to copy, and nothing changed on the way."""

    def of(how: str) -> Observation:
        return model(printers={1: 1}, copies={how: 1}, copied=0.9, drift=0, no_text=0, copy_claims_own=0)

    return of


def body(press: Press, story: Story) -> list[str]:
    """Return the sentences of a story without the one that its outlet always adds."""
    return press.text(story).rstrip(".").split(". ")[1:-1]


def test_a_verbatim_copy_differs_in_whom_it_cites_alone(law: Agreement, plain: Callable[[str], Observation]) -> None:
    found = copies(law, plain("verbatim"), "verbatim")
    assert len(found) > 50
    for press, story, copy in found:
        assert [one for one in body(press, copy) if one not in body(press, story)][1:] == []
        assert copy.outlet != story.outlet
        assert copy.published >= story.published


def test_an_abridged_copy_keeps_a_third_from_the_beginning(law: Agreement, plain: Callable[[str], Observation]) -> None:
    for press, story, copy in copies(law, plain("abridged"), "abridged"):
        whole, kept = body(press, story), body(press, copy)
        assert kept == whole[: len(kept)]
        assert len(kept) == max(round(len(whole) / 3), 2)


def test_a_paraphrase_keeps_what_is_quoted_and_says_the_rest_otherwise(
    law: Agreement, plain: Callable[[str], Observation]
) -> None:
    quoted = 0
    for press, story, copy in copies(law, plain("paraphrased"), "paraphrased"):
        assert body(press, copy)[0] != body(press, story)[0]
        marks = re.findall("[“«].*?[”»]", press.text(story))
        assert re.findall("[“«].*?[”»]", press.text(copy)) == marks
        quoted += len(marks)
    assert quoted > 5


def test_a_translation_shares_no_word_with_what_it_was_made_from(
    law: Agreement, plain: Callable[[str], Observation]
) -> None:
    found = copies(law, plain("translated"), "translated")
    assert {copy.language for _, _, copy in found} == {"en", "ar"}
    for press, story, copy in found:
        one, other = (set(LETTERS.findall(press.text(told))) - {"SIMULATION", "SIM"} for told in (story, copy))
        assert one & other == set(), copy


def test_a_drifted_copy_says_so_and_changes_one_thing(law: Agreement, model: Model) -> None:
    asked = model(printers={1: 1}, copies={"verbatim": 1}, copied=0.9, drift=1)
    kinds = set()
    for _, told in families(law, asked):
        for story, copy in itertools.pairwise(told[:2]):
            kinds |= {change.split()[0] for change in copy.changes}
            if copy.changes and copy.changes[0].startswith("dead"):
                assert (copy.version.dead or 0) > (story.version.dead or 0)
            if copy.changes == ("place lost",):
                assert (copy.version.radius_m, copy.version.village) == (None, None)
            if not copy.changes:
                assert copy.version == story.version
    assert kinds == {"dead", "count", "place", "hour", "actor"}


@pytest.mark.parametrize(("cites", "length"), [("chain", 2), ("nearest", 1), ("root", 1), ("nobody", 0)])
def test_a_copy_cites_as_much_as_it_is_asked_to(law: Agreement, model: Model, cites: str, length: int) -> None:
    asked = model(printers={1: 1}, copied=0.9, cites={cites: 1}, copy_claims_own=0)
    for _, told in families(law, asked):
        for copy in told[1:2]:
            assert len(copy.chain) == length
            assert (copy.chain[:1] == (told[0].outlet,)) == (cites in ("chain", "nearest"))
            assert copy.version.root == "SIM Observatory"


def test_a_circle_cites_nobody_else(law: Agreement, model: Model) -> None:
    press, eyes, events = press_of(model(), law)
    one, other = press.circle(eyes.see(events[0], "", Dice(1, "a")), events[0].truth.end, Dice(1, "b"))
    assert (one.chain, other.chain) == ((other.outlet,), (one.outlet,))


def test_every_row_is_marked_and_none_bears_an_empty_place(law: Agreement, model: Model) -> None:
    for press, told in families(law, model()):
        for story in told:
            cells = press.cells(story)
            assert cells["headline"].startswith("SIMULATION: ")
            assert cells["text"].startswith("SIMULATION. ") == story.has_text
            assert "{" not in cells["text"]
            assert ("lon" in cells) == (story.version.radius_m is not None)
            whole_day = replace(story.version, by_hour=False, end=story.version.start + timedelta(days=1))
            assert len(press.cells(replace(story, version=whole_day))["from"]) == len("2018-01-01")


def test_every_sentence_has_a_form_in_both_languages() -> None:
    phrases = yaml.safe_load(files("trucewatch.simulations").joinpath("phrases.yml").read_text("utf-8"))
    slots = re.compile(r"\{(\w+)\}")
    forms = [phrase for kind, phrase in phrases.items() if kind not in ("details", "quotes", "acts", "quarters")]
    for phrase in (*forms, *phrases["details"], *phrases["quotes"]):
        assert phrase["en"]
        assert phrase["ar"]
        written = [form if isinstance(form, list) else [form] for form in (phrase["en"], phrase["ar"])]
        named = [{slot for form in some for slot in slots.findall(form)} - {"unit"} for some in written]
        assert named[0] == named[1], phrase
    assert set(phrases["acts"]) <= set(act_tree())
    assert len(phrases["quarters"]["en"]) == len(phrases["quarters"]["ar"])
