"""What a simulation asks for, read; and where it asks for what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.specs import read_spec, words_of_patrols

ROOT = Path(__file__).parents[2]
SPEC = """\
format: 1
simulation: small
agreement: south-syria-2017
seed: 3
period: 2017-07-01/2017-07-31
truth:
  fire: {number: 2, act: mortar-fire, by: [sy-government], in: daraa, minutes: 5..9, told_by: {wire: 1}}
  guns: {number: 1, act: presence-of-weapons, by: [sy-government], in: daraa, days: 2, during: 2017-07-10/2017-07-20}
feeds:
  wire:
    {outlets: {SIM Agency: en, SIM Radio: ar}, roots: [SIM Observatory, ""], copies: 0..1, drift: 1, umbrella: 0,
     acted: 1, broadly: 0, vague: 0, radius_m: 500..900, late_hours: 1..2}
rumours:
  - {number: 1, act: rocket-fire, side_a: sy-government, side_b: southern-front, in: daraa}
"""


@pytest.fixture(scope="module")
def law() -> Agreement:
    return read_agreement(ROOT / "agreements" / "south-syria-2017")


def test_a_spec_is_read(law: Agreement, tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    path.write_text(SPEC, "utf-8")
    spec = read_spec(path, law)
    fire, guns = spec.groups
    assert (spec.id, spec.seed, fire.number, fire.minutes, fire.told_by) == ("small", 3, 2, (5, 9), {"wire": 1})
    assert (guns.minutes, guns.on, guns.at) == ((2880, 2880), ("",), "small.yml:8")
    assert spec.feeds["wire"].names == {"SIM Agency": ("en",), "SIM Radio": ("ar",)}
    assert spec.feeds["wire"].tellers == ("SIM Observatory", "")
    assert [extra.by for extra in spec.extras["rumours"]] == [("sy-government",)]


@pytest.mark.parametrize(
    ("was", "now", "line", "told"),
    [
        ("format: 1", "format: 2", 1, "`format: 1` must stand here"),
        ("agreement: south-syria-2017", "agreement: minsk", 3, "'minsk' is not known here"),
        ("seed: 3", "seed: -3", 4, "seed: '-3' is no whole number"),
        ("seed: 3", "", 1, "'seed' is missing"),
        ("period: 2017-07-01", "period: July", 5, "period: 'July"),
        ("act: mortar-fire", "act: mortar-fyre", 7, "did you mean 'mortar-fire'?"),
        ("in: daraa, minutes", "in: contact, minutes", 7, "'contact' is not known here"),
        ("minutes: 5..9", "minutes: 9..5", 7, "ends before it begins"),
        ("minutes: 5..9", "minutes: some", 7, "no number, and no range such as 2..14"),
        ("minutes: 5..9, ", "", 7, "must say how long it lasts"),
        ("{wire: 1}", "{wyre: 1}", 7, "did you mean 'wire'?"),
        ("days: 2,", "days: 2, told_by: {wire: 1},", 8, "the form of 'wire' has no word for presence-of-weapons"),
        ("2017-07-10/2017-07-20", "2017-07-10/2017-08-20", 8, "does not lie in the period"),
        ("SIM Radio: ar", "SIM Radio: fr", 11, "'fr' is not known here"),
        ("roots: [SIM Observatory, \"\"]", "roots: []", 11, "'roots' names nothing"),
        ("side_b: southern-front", "side_b: nobody-known", 14, "'nobody-known' is not known here"),
        ("rumours:", "quiet:\n  - {in: daraa}\nrumours:", 14, "'quiet' needs the feed 'patrol'"),
        ("seed: 3", "seed: [3", 5, "not-yaml"),
        ("rumours:", "lies:", 14, "'side_a' is not known here"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_line(
    law: Agreement, tmp_path: Path, was: str, now: str, line: int, told: str
) -> None:
    assert was in SPEC
    path = tmp_path / "small.yml"
    path.write_text(SPEC.replace(was, now, 1), "utf-8")
    with pytest.raises(TrucewatchError) as fault:
        read_spec(path, law)
    assert told in str(fault.value)
    assert str(fault.value).startswith(f"small.yml:{line}: ")


def test_a_spec_may_be_given_as_its_content(law: Agreement) -> None:
    content = {
        "format": 1, "simulation": "none", "agreement": "south-syria-2017", "seed": 1, "period": "2017-07",
        "truth": {"quiet": {"number": 0, "act": "clash", "in": "daraa", "minutes": 5}}, "feeds": {},
    }  # fmt: skip
    assert read_spec({**content, "feeds": {"presence": FEED}}, law).feeds["presence"].tellers == ("SIM Patrol 1",)
    with pytest.raises(TrucewatchError, match=r"^simulation:0: 'radio' is no feed"):
        read_spec({**content, "feeds": {"radio": {}}}, law)


FEED = {"tellers": ["SIM Patrol 1"], "sightings": 1, "within": 0, "radius_m": 100, "late_hours": 1}


def test_patrols_have_words_for_what_can_be_seen_or_heard() -> None:
    assert words_of_patrols("mortar-fire")[0] == "mortar"
    assert "undetermined explosion" in words_of_patrols("mortar-fire")
    assert words_of_patrols("movement-denied") == ("denial",)
    assert words_of_patrols("abduction") == ()
