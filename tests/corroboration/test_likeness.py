"""Likeness: levels that do not ask who comes first, sentences with their figures, and one kernel in two forms."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import Actor, Affiliation, AffiliationStatement, Register, write_pairs
from trucewatch.claims import claims_table
from trucewatch.corroboration.likeness import FEATURES, levels_of, pair_levels, sentence, traits_of, write_levels
from trucewatch.where import Gazetteer

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)
REGISTER = Register(
    {
        "north": Actor("north", ("north",)),
        "guard": Actor("guard", ("the guard",)),
        "all": Actor("all", ("all of them",), members=("north",)),
    },
    (AffiliationStatement("guard", "north", Affiliation.PART_OF, ("wire",)),),
)


def told(**fields: Any) -> dict[str, Any]:
    return {
        "claim_key": "a", "source": "wire", "act": "shelling", "earliest": NOON, "latest": NOON + timedelta(hours=1),
        "place_kind": "disc", "lon": 36.1, "lat": 32.6, "radius_m": 1000.0, "pairs": write_pairs([("north", "south")]),
        "office": "one", **fields,
    }  # fmt: skip


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    names = dict.fromkeys(name for row in rows for name in row)
    keyed = [{**row, "claim_key": f"{at:04}"} for at, row in enumerate(rows)]
    return claims_table({name: [row.get(name) for row in keyed] for name in names})


def compared(one: dict[str, Any], other: dict[str, Any], feature: str) -> tuple[str, str]:
    claims = table(one, other)
    traits = traits_of(claims, REGISTER, Gazetteer())
    level = pair_levels(traits, np.array([0]), np.array([1]))[0, list(FEATURES).index(feature)]
    rows = claims.to_dicts()
    return FEATURES[feature][level], sentence(feature, FEATURES[feature][level], rows[0], rows[1], traits)


CASES = [
    ("distance", {"lon": 36.1}, "fine-same-point", "both stand at the same point, and their radii allow 2.0 km"),
    ("distance", {"lon": 36.11, "radius_m": 4000.0}, "local-near",
     "the stated places are 0.9 km apart where their radii allow 5.0 km"),
    ("distance", {"lon": None, "lat": None, "radius_m": None}, "unplaced", "one of them does not say where"),
    ("time", {}, "hour-same", "both tell of the same 1 hour"),
    ("time", {"earliest": NOON + timedelta(hours=2), "latest": NOON + timedelta(hours=3)}, "hour-just-beyond",
     "between the stated times lie 1 hour; the one spans 1 hour, the other 1 hour"),
    ("act", {"act": "mortar-fire"}, "covers",
     "the second tells 'mortar fire' where the first tells 'shelling': the one covers the other"),
    ("act", {"act": "air-strike"}, "kin",
     "the second tells 'air strike' where the first tells 'shelling': acts that are taken for each other"),
    ("who", {"pairs": write_pairs([("south", "all of them")])}, "both-sides",
     "'north and south' and 'south and all of them' can be the same on both sides"),
    ("who", {"pairs": write_pairs([("the guard", "south")])}, "both-sides",
     "'north and south' and 'the guard and south' can be the same on both sides"),
    ("who", {"pairs": write_pairs([("", "")])}, "silent", "one of them names nobody"),
    ("who", {"pairs": write_pairs([("east", "west")])}, "disjoint",
     "'north and south' and 'east and west' are different people"),
    ("citing", {"office": "two", "cites": json.dumps(["One"])}, "cites", "the second cites the first's office"),
    ("teller", {"office": "two"}, "other-office", "told by two offices of one source, one and two"),
]  # fmt: skip


@pytest.mark.parametrize(("feature", "other", "level", "words"), CASES, ids=lambda case: str(case)[:40])
def test_a_level_is_told_in_words_with_its_figures(feature: str, other: dict[str, Any], level: str, words: str) -> None:
    assert compared(told(), told(**other), feature) == (level, words)


def test_names_meet_across_scripts() -> None:
    level, words = compared(told(place_name="Nawa"), told(place_name="نوى"), "name")
    assert level == "same-skeleton" and words.startswith("both name Nawa (نوى)")


def test_counts_and_deaths_are_intervals() -> None:
    twelve = {"count_low": 12, "count_high": None, "count_unit": "explosions"}
    assert compared(told(**twelve), told(**twelve | {"count_low": 3, "count_high": 20}), "count")[0] == "overlapping"
    assert compared(told(**twelve), told(**twelve | {"count_low": 3, "count_high": 4}), "count")[0] == "disjoint"
    assert compared(told(**twelve), told(**twelve | {"count_unit": "bursts"}), "count")[0] == "missing"
    assert compared(told(dead_low=0, dead_high=0), told(dead_low=0, dead_high=0), "dead")[0] == "none"
    assert compared(told(dead_low=2, dead_high=2), told(civilians_dead=1), "dead")[0] == "overlapping"


def test_copied_words_tell() -> None:
    text = "Mortar shells fell on the edge of the village in the early hours and two farmers were hurt"
    assert compared(told(text=text), told(text="SIM News: " + text), "text")[0] == "most"
    assert compared(told(text=text), told(text=text[::-1]), "text") == ("none", "no five words in a row in common")
    assert compared(told(text=text), told(), "text")[0] == "missing"


CLAIMS = st.fixed_dictionaries({
    "lon": st.sampled_from([36.1, 36.1005, 36.2, None]),
    "radius_m": st.sampled_from([500.0, 5000.0, 50_000.0, 90_000.0]),
    "act": st.sampled_from(["shelling", "mortar-fire", "use-of-weapons", "clash", "protest"]),
    "earliest": st.sampled_from([NOON, NOON - timedelta(hours=1), NOON - timedelta(days=3)]),
    "pairs": st.sampled_from([
        write_pairs(pairs)
        for pairs in ([("", "")], [("north", "south")], [("south", "all of them")], [("east", "west")],
                      [("east", "civilians"), ("east", "north")])
    ]),
    "place_name": st.sampled_from([None, "Nawa", "نوى", "Inkhil"]), "adm_1": st.sampled_from([None, "Daraa", "Homs"]),
    "count_low": st.sampled_from([None, 0, 3]), "count_unit": st.sampled_from([None, "bursts"]),
    "dead_low": st.sampled_from([None, 0, 3]), "dead_high": st.sampled_from([0, 3, None]),
    "office": st.sampled_from(["one", "two", None]), "source": st.sampled_from(["wire", "patrol"]),
    "cites": st.sampled_from([None, '["two"]', '["root"]', '["unnamed officials"]']),
    "text": st.sampled_from([None, "one two three four five six", "two three four five six seven", "short"]),
})  # fmt: skip


@settings(max_examples=40)
@given(st.lists(CLAIMS, min_size=2, max_size=5))
def test_who_comes_first_changes_no_level_and_both_forms_agree(rows: list[dict[str, Any]]) -> None:
    traits = traits_of(table(*(told(**row) for row in rows)), REGISTER, Gazetteer())
    left, right = np.triu_indices(len(rows), 1)
    levels = pair_levels(traits, left, right)
    assert (levels == pair_levels(traits, right, left)).all()
    assert (levels < [len(names) for names in FEATURES.values()]).all()
    fast = np.zeros_like(levels)
    write_levels.fast()(left, right, *traits.columns(), fast)
    assert (fast == levels).all()
    row = np.zeros(len(FEATURES), np.uint8)
    levels_of(int(left[0]), int(right[0]), *traits.columns(), row)
    assert (row == levels[0]).all()


@given(CLAIMS)
@settings(max_examples=25)
def test_a_claim_agrees_with_itself(row: dict[str, Any]) -> None:
    traits = traits_of(table(told(**row), told(**row)), REGISTER, Gazetteer())
    levels = dict(zip(FEATURES, pair_levels(traits, np.array([0]), np.array([1]))[0], strict=True))
    assert FEATURES["time"][levels["time"]].endswith("-same")
    assert FEATURES["act"][levels["act"]] in ("same", "same-broad")
    assert FEATURES["name"][levels["name"]] in ("same", "same-area", "missing")
    assert FEATURES["distance"][levels["distance"]].endswith(("same-point", "unplaced"))
