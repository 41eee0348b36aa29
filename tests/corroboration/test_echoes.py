"""Echoes: who repeats whom, by their own word or in the other's words."""

from __future__ import annotations

import gzip
import itertools
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from trucewatch.claims import claims_table
from trucewatch.corroboration.echoes import (
    COPIED_RUN,
    COPIED_SHARE,
    SCHEMA,
    chain_of,
    containment,
    echoes_of,
    sharing,
    shingles,
)

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)


def named(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return claims of one incident, or of those they name; each told by an office of its own unless it says so."""
    told = [
        {
            "claim_key": f"c{n}", "version": f"c{n}", "source": "wire", "record": f"r{n}", "entry": n,
            "act": "shelling", "earliest": NOON, "latest": NOON + timedelta(hours=1),
            "place_kind": "unplaced", "means": "open-source", "office": f"office {n}", "allegation": False, **row,
        }
        for n, row in enumerate(rows)
    ]  # fmt: skip
    incidents = {str(row["claim_key"]): row.pop("incident", "i") for row in told}
    names = dict.fromkeys(name for row in told for name in row)
    table = claims_table({name: [row.get(name) for row in told] for name in names})
    return table.with_columns(pl.Series("incident", [incidents[key] for key in table["claim_key"]], pl.String))


def told(*rows: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["claim_key"], row["how"], row["of"]) for row in echoes_of(named(*rows)).iter_rows(named=True)]


def texts(*said: str | None) -> list[tuple[str, str, str]]:
    return told(*({"text": text} for text in said))


# ---- shingles --------------------------------------------------------------------------------------------------------

SAID = st.lists(st.lists(st.sampled_from("abc"), max_size=14).map(" ".join), min_size=1, max_size=6)


def runs(text: str) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[at : at + 5]) for at in range(len(words) - 4)]


@given(SAID)
def test_containment_is_the_share_of_the_smaller_set_of_runs(said: list[str]) -> None:
    found = shingles(pl.Series(said))
    for one, other in itertools.product(range(len(said)), repeat=2):
        mine, yours = set(runs(said[one])), set(runs(said[other]))
        spans = *found.offsets[one : one + 2].tolist(), *found.offsets[other : other + 2].tolist()
        smaller = min(len(mine), len(yours))
        expected = len(mine & yours) / smaller if smaller else 0.0
        assert containment(found.hashes, *spans) == containment.fast()(found.hashes, *spans) == expected


@given(SAID)
def test_shingles_rise_each_once(said: list[str]) -> None:
    found = shingles(pl.Series([*said, None]))
    for at, text in enumerate([*said, ""]):
        span = found.hashes[found.offsets[at] : found.offsets[at + 1]].tolist()
        assert span == sorted(set(span)) and len(span) == len(set(runs(text)))


@given(SAID, st.integers(2, 4))
def test_texts_that_share_a_rare_run_are_found(said: list[str], at_most_in: int) -> None:
    held = [set(runs(text)) for text in said]
    rare = {run for run in set().union(*held) if sum(run in some for some in held) <= at_most_in}
    expected = [(i, j) for i, j in itertools.combinations(range(len(said)), 2) if held[i] & held[j] & rare]
    one, other = sharing(shingles(pl.Series(said)), at_most_in)
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == expected


# ---- copied text -----------------------------------------------------------------------------------------------------

STORY = (
    "Mortar shells fell on the northern quarter of Nawa on Saturday evening, residents of the town said by telephone. "
    "Three members of one family were killed when a shell came through the roof of their kitchen. "
    "The town council asked the monitors to visit the quarter before the rubble is cleared away."
)
OTHER = (
    "A convoy of eleven trucks with flour and blankets crossed into the western valley after two days at the barrier. "
    "Drivers spoke of long searches and of a road that had been mined again in the night."
)


def test_a_reprint_copies_the_first_received() -> None:
    assert texts(STORY, OTHER, f"From our own desk: {STORY} Read more below.") == [("c2", "copies", "c0")]


def test_an_abridgement_to_a_third_is_found() -> None:
    third = STORY.split(". ")[1] + "."
    assert len(third.split()) < len(STORY.split()) * 0.4
    assert texts(STORY, third) == [("c1", "copies", "c0")]


def test_formulae_make_no_copy() -> None:
    always = "There was no comment from the ministry."
    assert texts(f"{STORY} {always}", f"{OTHER} {always}") == []


def test_what_reports_of_many_incidents_have_in_common_is_a_formula() -> None:
    form = "The patrol heard explosions from its post on the ridge and could not see where they fell or who had fired."
    pairs = [{"incident": f"i{n // 2}", "text": form} for n in range(6)]
    assert len(told(*pairs)) == 3
    assert told(*pairs, {"incident": "i9", "text": form}) == []


def test_a_translation_is_found_by_citation_alone() -> None:
    translated = {"text": "سقطت قذائف هاون على الحي الشمالي من نوى مساء السبت، بحسب سكان البلدة عبر الهاتف."}
    assert told({"text": STORY}, translated) == []
    assert told({"text": STORY}, {**translated, "cites": '["office 0"]'}) == [("c1", "cites", "c0")]


def test_two_who_quote_one_statement_copy_nobody() -> None:
    said = "we will not leave this town whatever they do to us or to our fields"
    one = f'The elder of the town told our reporter, "{said}".'
    other = f"«{said.capitalize()}», he repeated before the cameras in the square."
    assert texts(one, other) == [("c1", "quotes the same", "c0")]
    # Whoever has more than the quotation from the other is a copy.
    assert texts(f"{STORY} {one}", f"{STORY} {other}") == [("c1", "copies", "c0")]


def test_what_one_record_tells_is_one_text() -> None:
    assert told({"text": STORY, "record": "r"}, {"text": STORY, "record": "r"}) == []
    assert told({"text": STORY, "record": None, "version": "v"}, {"text": STORY, "record": None, "version": "v"}) == []


def test_reports_of_different_incidents_echo_nobody() -> None:
    assert told({"text": STORY, "incident": "i"}, {"text": STORY, "incident": "j", "cites": '["office 0"]'}) == []


def test_a_crowd_of_reprints_is_held_together_by_the_fewest_pairs() -> None:
    found = texts(*[STORY] * 40)
    assert [key for key, _, _ in found] == sorted(f"c{n}" for n in range(1, 40))


def longest(one: str, other: str) -> int:
    """Return the longest run of words of both, the slow way; 0 where none is of five."""
    mine, yours = one.split(), other.split()
    run = max(
        (n for i in range(len(mine)) for n in range(1, len(mine) - i + 1)
         if any(mine[i : i + n] == yours[j : j + n] for j in range(len(yours)))),
        default=0,
    )  # fmt: skip
    return run if run >= 5 else 0


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=24),
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=24),
)
def test_share_and_run_are_those_of_a_slow_reference(one: list[str], other: list[str]) -> None:
    first, second = " ".join(one), " ".join(other)
    cited = {"text": second, "cites": '["office 0"]'}
    (row,) = echoes_of(named({"text": first}, cited)).iter_rows(named=True)
    mine, yours = set(runs(first)), set(runs(second))
    smaller = min(len(mine), len(yours))
    assert row["run"] == longest(first, second)
    assert row["share"] == pytest.approx(len(mine & yours) / smaller if smaller else 0.0)
    is_copy = row["run"] >= COPIED_RUN and row["share"] >= COPIED_SHARE
    assert bool(texts(first, second)) == is_copy


# ---- citing ----------------------------------------------------------------------------------------------------------


def test_the_nearest_received_in_a_chain_is_repeated() -> None:
    chain = {"cites": json.dumps(["office 7", "Office 1", "office 0"])}
    assert told({}, {}, chain) == [("c2", "cites", "c1")]


def test_citing_outranks_receipt() -> None:
    assert told({"text": STORY, "cites": '["office 1"]'}, {"text": STORY}) == [("c0", "cites", "c1")]


def test_a_circle_repeats_itself() -> None:
    assert told({"cites": '["office 1"]'}, {"cites": '["office 0"]'}) == [("c0", "cites", "c1"), ("c1", "cites", "c0")]


def test_who_cites_themselves_or_somebody_not_received_repeats_nobody_here() -> None:
    assert told({"cites": '["office 0"]'}, {"cites": '["a radio station"]'}) == []


def test_somebody_unnamed_is_another_behind_each() -> None:
    assert chain_of("wire", "A", '["unnamed officials"]') == ("a", "unnamed officials behind a")
    assert chain_of("wire", None, None) == ("source wire",)
    assert chain_of("wire", "A", '["a", "A"]') == ("a",)


# ---- the case --------------------------------------------------------------------------------------------------------


def test_the_echoes_of_august_2017_are_told_with_their_drift() -> None:
    """Two papers took the meetings from one; one lost what held it at arm's length, one counted two."""
    found = echoes_of(
        named(
            {"office": "Haaretz", "cites": '["unnamed Israeli officials", "unnamed Western diplomats"]',
             "count_low": 3, "count_unit": "meetings", "text": "Israel apparently opposed the memorandum."},
            {"office": "New Khalij", "cites": '["Haaretz"]', "text": "عارضت إسرائيل المذكرة"},
            {"office": "Newsweek", "cites": '["Haaretz"]', "count_low": 2, "count_high": 2, "count_unit": "meetings"},
            {"office": "Middle East Monitor", "cites": '["New Khalij", "Haaretz"]',
             "count_low": 3, "count_unit": "meetings", "text": "The delegation opposed the memorandum."},
        )
    )  # fmt: skip
    changes = {
        row["claim_key"]: [(one["field"], one["change"]) for one in json.loads(row["drift"])]
        for row in found.iter_rows(named=True)
    }
    assert found.select("claim_key", "of", "how").rows() == [
        ("c1", "c0", "cites"),
        ("c2", "c0", "cites"),
        ("c3", "c1", "cites"),
    ]
    assert changes == {
        "c1": [("count", "lost"), ("hedge", "lost")],
        "c2": [("count", "shrank")],
        "c3": [("count", "added")],
    }


# ---- as a whole ------------------------------------------------------------------------------------------------------


@st.composite
def press(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Reports that take sentences from each other, cite each other, and come in at several times."""
    sentences = STORY.split(". ") + OTHER.split(". ")
    return [
        {
            "text": ". ".join(draw(st.lists(st.sampled_from(sentences), max_size=3))) or None,
            "cites": draw(st.sampled_from([None, None, '["office 0"]', '["office 1", "office 2"]', '["a root"]'])),
            "entry": draw(st.integers(0, 2)),
            "incident": draw(st.sampled_from(["i", "i", "j"])),
        }
        for _ in range(draw(st.integers(1, 6)))
    ]


@settings(max_examples=25)
@given(press().flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows))))))
def test_the_order_of_reports_changes_nothing(orders: tuple[list[dict[str, Any]], Sequence[int]]) -> None:
    rows, order = orders
    table = named(*rows)
    assert_frame_equal(echoes_of(table), echoes_of(table[list(order)]))


@settings(max_examples=25)
@given(press())
def test_every_echo_has_its_reason(rows: list[dict[str, Any]]) -> None:
    table = named(*rows)
    found = echoes_of(table)
    assert dict(found.schema) == SCHEMA
    claims = {row["claim_key"]: row for row in table.iter_rows(named=True)}
    for echo in found.iter_rows(named=True):
        repeating, repeated = claims[echo["claim_key"]], claims[echo["of"]]
        assert repeating["incident"] == repeated["incident"] == echo["incident"]
        assert repeating["claim_key"] != repeated["claim_key"]
        if echo["how"] == "cites":
            assert repeated["office"] in json.loads(repeating["cites"])
        else:
            assert echo["run"] >= COPIED_RUN
            assert (repeated["entry"], repeated["claim_key"]) < (repeating["entry"], repeating["claim_key"])


def test_no_claims_have_no_echoes() -> None:
    assert echoes_of(named().with_columns(pl.lit("i").alias("incident"))).is_empty()


# ---- measured --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def news(data: Path) -> dict[str, str]:
    """Return the sentences of each document of ECB+ that annotators looked at, by the document's name."""
    said: dict[str, dict[int, str]] = {}
    for part in ("dev", "train"):
        path = data / "ecb_plus_event_coref" / f"{part}_event_mentions.json.gz"
        for mention in json.loads(gzip.decompress(path.read_bytes())):
            said.setdefault(mention["doc_id"], {})[mention["sent_id"]] = " ".join(mention["mention_context"])
    return {name: " ".join(dict.fromkeys(said[name][at] for at in sorted(said[name]))) for name in sorted(said)}


def test_articles_on_different_events_copy_nobody(news: dict[str, str]) -> None:
    found = shingles(pl.Series(list(news.values())))
    events = [f"{name.split('_')[0]} {'plus' in name}" for name in news]
    one, other = sharing(found, len(news))
    apart = [(i, j) for i, j in zip(one.tolist(), other.tolist(), strict=True) if events[i] != events[j]]
    assert len(apart) > 1000
    shares = [
        containment(found.hashes, *map(int, (*found.offsets[i : i + 2], *found.offsets[j : j + 2]))) for i, j in apart
    ]
    # Of 291,599 pairs none: their shared formulae stay below a tenth, but for shorter runs.
    close = [pair for pair, share in zip(apart, shares, strict=True) if share >= COPIED_SHARE]
    names = list(news)
    assert [texts(news[names[i]], news[names[j]]) for i, j in close] == [[]] * len(close)


def test_articles_abridged_to_a_third_are_found(news: dict[str, str]) -> None:
    dice = random.Random(1)
    rows: list[dict[str, Any]] = []
    for text in [text for text in news.values() if len(text.split()) > 150][:100]:
        sentences = [one for one in text.split(" . ") if one]
        kept = sorted(dice.sample(range(len(sentences)), max(len(sentences) // 3, 1)))
        rows += [
            {"incident": text[:80], "text": text},
            {"incident": text[:80], "text": " . ".join(sentences[n] for n in kept)},
        ]
    found = echoes_of(named(*rows))
    assert np.mean([row["incident"] in set(found["incident"]) for row in rows]) >= 0.95
