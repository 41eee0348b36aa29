"""Links: why two claims are, or are not, held to be one event; decisions, series and bursts."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import Register, write_pairs
from trucewatch.claims import claims_table
from trucewatch.corroboration import links
from trucewatch.corroboration.likeness import FEATURES, pair_levels, traits_of
from trucewatch.corroboration.links import Linked, explain, fit_links, link
from trucewatch.corroboration.weights import shipped_weights
from trucewatch.decisions import Decision
from trucewatch.kernels import alike as in_kernels
from trucewatch.kernels import space_time, union_find
from trucewatch.kernels.alike import alike
from trucewatch.where import Area, Gazetteer

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)


def claim(key: str, hours: float = 0, **told: Any) -> dict[str, Any]:
    begun = NOON + timedelta(hours=hours)
    return {
        "claim_key": key, "event_key": key, "source": "wire", "record": key, "act": "shelling", "assertion": "act",
        "earliest": begun, "latest": begun + timedelta(hours=1), "place_kind": "disc", "lon": 36.1, "lat": 32.6,
        "radius_m": 1000.0, "pairs": write_pairs([("north", "south")]), "office": "outlet", "curated": False, **told,
    }  # fmt: skip


def table(claims: list[dict[str, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(name for row in claims for name in row)
    return claims_table({name: [row.get(name) for row in claims] for name in names})


def linked(*claims: dict[str, Any], decisions: tuple[Decision, ...] = ()) -> Linked:
    return link(table(list(claims)), Register(), Gazetteer(), decisions)


def groups(found: Linked) -> set[frozenset[str]]:
    return {frozenset(keys) for _, keys in found.members.group_by("cluster").agg("claim_key").iter_rows()}


@st.composite
def told(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw(st.integers(2, 9))):
        source = draw(st.sampled_from(["dataset", "wire", "patrol"]))
        has_place = draw(st.booleans()) or draw(st.booleans())
        rows.append(
            claim(
                f"k{number}",
                draw(st.sampled_from([0, 0.5, 2, 6, 20])),
                source=source,
                curated=source == "dataset",
                event_key=f"{source} {draw(st.integers(0, 6))}" if source == "dataset" else f"k{number}",
                record=draw(st.sampled_from([None, "r", f"k{number}"])),
                act=draw(st.sampled_from(["shelling", "mortar-fire", "clash", "use-of-weapons"])),
                lon=draw(st.sampled_from([36.1, 36.11, 36.14])) if has_place else None,
                lat=32.6 if has_place else None,
                radius_m=draw(st.sampled_from([500.0, 3000.0, 25_000.0])) if has_place else None,
                place_kind="disc" if has_place else "unplaced",
                place_name=draw(st.sampled_from([None, "Nawa", "نوى", "Inkhil"])),
                text=draw(
                    st.sampled_from([None, "shells fell on the village at noon today", "shells fell on the village"])
                ),
            )
        )
    return rows


@settings(max_examples=25)
@given(told(), st.randoms(use_true_random=False))
def test_neither_order_nor_engine_changes_a_link(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = table(rows).sample(fraction=1.0, shuffle=True, seed=random.randint(0, 99))
    one, other = linked(*rows), link(shuffled, Register(), Gazetteer())
    assert one.members.equals(other.members) and one.links.equals(other.links)


def all_compared(rows: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """Return what all pairs score that may be one event, found by looking at every one; in thousandths."""
    claims = table(rows).sort("claim_key")
    traits, weights = traits_of(claims, Register(), Gazetteer()), shipped_weights()
    search = weights.search
    runs = [{tuple(words[at : at + 5]) for at in range(len(words) - 4)} for words in map(words_of, claims["text"])]
    rare = {run for run, number in Counter(itertools.chain(*runs)).items() if number <= 8}
    scored = {}
    for one, other in itertools.combinations(range(claims.height), 2):
        mine, yours = claims.row(one, named=True), claims.row(other, named=True)
        if max(traits.start[one], traits.start[other]) - min(traits.end[one], traits.end[other]) > search.slack_us:
            continue
        if mine["curated"] and yours["curated"] and mine["source"] == yours["source"]:
            continue
        away = float(np.linalg.norm(traits.places[one, :3] - traits.places[other, :3]))
        if np.isnan(away):
            is_named = any(codes[one] == codes[other] >= 0 for codes in (traits.skeletons, traits.areas))
            if not is_named and not runs[one] & runs[other] & rare:
                continue
        elif away > traits.places[one, 3] + traits.places[other, 3] + search.slack_m:
            continue
        score = weights.prior
        for feature, level in enumerate(pair_levels(traits, np.array([one]), np.array([other]))[0]):
            score += int(weights.table[feature, level])
        if score >= search.floor:
            scored[mine["claim_key"], yours["claim_key"]] = score
    return scored


def words_of(text: str | None) -> list[str]:
    return (text or "").split()


def kept_apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["source"] != other["source"] or one["event_key"] == other["event_key"]:
        return False
    return bool(one["curated"]) or one["record"] == other["record"] is not None


def by_hand(rows: list[dict[str, Any]]) -> tuple[set[frozenset[str]], dict[tuple[str, str], tuple[int, str]]]:
    """Link claims one by one with sets as sets: the groups, and the score of every link and why it was refused."""
    scored, search = all_compared(rows), shipped_weights().search
    by_key = {row["claim_key"]: row for row in rows}
    together: dict[tuple[str, str], set[str]] = {}
    for key, row in by_key.items():
        together.setdefault((row["source"], row["event_key"]), set()).add(key)
    made = list(together.values())
    why = dict.fromkeys(scored, "below the threshold")
    for pair in sorted((pair for pair in scored if scored[pair] > search.threshold), key=lambda p: (-scored[p], p)):
        mine, yours = (next(some for some in made if key in some) for key in pair)
        total = sum(scored.get((min(a, b), max(a, b)), search.floor) - search.threshold for a in mine for b in yours)
        if mine is yours:
            continue
        keepers = {by_key[a]["source"] for a in mine for b in yours if kept_apart(by_key[a], by_key[b])}
        if keepers:
            why[pair] = " or ".join(sorted(keepers)) + " records them as different events"
        elif (len(mine) > 1 or len(yours) > 1) and total < 0:
            why[pair] = f"tell against it {total}"
        else:
            made = [some for some in made if some is not mine and some is not yours] + [mine | yours]
    of = {key: at for at, some in enumerate(made) for key in some}
    return {frozenset(some) for some in made}, {
        pair: (score, "" if of[pair[0]] == of[pair[1]] else why[pair]) for pair, score in scored.items()
    }


@st.composite
def told_again(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw reports some of which are told over again, word for word."""
    rows = draw(told())
    for number, again in enumerate(draw(st.lists(st.sampled_from(rows), max_size=8))):
        key = f"{draw(st.sampled_from('ajz'))}{number}"
        event = again["event_key"] if draw(st.booleans()) else key
        rows = [*rows, {**again, "claim_key": key, "event_key": event}]
    return rows


@settings(max_examples=40)
@given(told_again())
def test_links_are_those_of_the_plain_form(rows: list[dict[str, Any]]) -> None:
    if len({row["source"] for row in rows}) == 1 and rows[0]["curated"]:
        return
    found = linked(*rows)
    sets, links_told = by_hand(rows)
    assert groups(found) == sets and found.not_compared == 0
    assert list(found.links.select("one", "other").iter_rows()) == sorted(links_told)
    for one, other, log_odds, _, taken, reason in found.links.iter_rows():
        score, why = links_told[one, other]
        assert round(1000 * log_odds) == score and taken == (why == "")
        if why.startswith("tell against it"):
            assert reason.startswith("the reports that each is held to be one with tell against it (together -")
        elif "records them" in why:
            assert reason.split(" records")[0] in why
        else:
            assert reason == why


@settings(max_examples=25)
@given(
    st.sampled_from([4, 6, 9]), st.sampled_from([8, 12, 24]), st.sampled_from(["patrol", "dataset"]),
    st.sampled_from([None, 3]), st.sampled_from([None, "shells fell on the northern edge of the village at noon"]),
)  # fmt: skip
def test_what_scores_below_the_floor_counts_as_the_floor(
    hours: int, span: int, source: str, count: int | None, text: str | None
) -> None:
    shared: dict[str, Any] = {
        "place_name": "Nawa",
        "count_low": 3,
        "count_high": 3,
        "count_unit": "shells",
        "dead_low": 2,
    }
    words = "shells fell on the northern edge of the village at noon"
    rows = [
        claim("a", text=words, **shared),
        claim("b", hours, **shared | {"source": "other", "text": text, "count_low": count, "office": "y"}),
        claim("c", -1, **shared | {"source": source, "text": words, "office": "x", "cites": '["outlet"]'}),
    ]
    rows[2]["latest"] = rows[2]["earliest"] + timedelta(hours=span)
    assert groups(linked(*rows)) == by_hand(rows)[0]


@settings(max_examples=20)
@given(told_again())
def test_claims_that_nothing_tells_apart_are_linked_as_if_each_were_compared(rows: list[dict[str, Any]]) -> None:
    found = linked(*rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "alike", lambda tables, order: alike([np.arange(len(order))], order))
        each = linked(*rows)
    assert found.members.equals(each.members) and found.links.equals(each.links)


def test_of_a_crowd_that_is_alike_each_is_compared_with_all_and_listed_with_few() -> None:
    crowd = [claim(f"{at:04}", 0.5 * (at % 2), lon=36.1, source="wire", office=None) for at in range(600)]
    found = linked(*crowd)
    assert found.not_compared == 0 and found.links.height < 2 * len(crowd)
    assert len(groups(found)) == 1
    apart = [claim(f"d{at}", 0.5 * at, source="dataset", curated=True) for at in range(2)]
    of = dict(linked(*crowd, *apart).members.select("claim_key", "cluster").iter_rows())
    assert of["d0"] != of["d1"]


@settings(max_examples=10)
@given(told_again())
def test_compiled_kernels_link_the_same(rows: list[dict[str, Any]]) -> None:
    plain = linked(*rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "_FEW_CLAIMS", -1)
        patch.setattr(space_time, "_FEW_ROWS", -1)
        patch.setattr(union_find, "_FEW_LINKS", -1)
        patch.setattr(in_kernels, "_FEW_PAIRS", -1)
        fast = linked(*rows)
    assert plain.members.equals(fast.members) and plain.links.equals(fast.links)


@settings(max_examples=25)
@given(told())
def test_a_report_from_elsewhere_changes_nothing_here(rows: list[dict[str, Any]]) -> None:
    far = linked(*rows, claim("z", lon=10.0))
    assert groups(far) == groups(linked(*rows)) | {frozenset("z")}


@settings(max_examples=25)
@given(told())
def test_what_was_not_taken_says_why_and_what_was_taken_is_one(rows: list[dict[str, Any]]) -> None:
    found = linked(*rows)
    of = dict(found.members.select("claim_key", "cluster").iter_rows())
    weights = shipped_weights()
    by_key = {row["claim_key"]: row for row in table(rows).to_dicts()}
    for one, other, log_odds, probability, taken, reason in found.links.iter_rows():
        assert one < other and taken == (of[one] == of[other]) == (not reason)
        assert (probability > 0.5) == (log_odds > 0)
        told = explain(by_key[one], by_key[other], weights)
        assert [reason.feature for reason in told] == ["prior", *FEATURES]
        assert sum(round(1000 * reason.log_odds) for reason in told) == round(1000 * log_odds)
        assert all(reason.sentence for reason in told)


@settings(max_examples=25)
@given(told(), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans()), max_size=3))
def test_a_person_outranks_the_dataset(rows: list[dict[str, Any]], said: list[tuple[int, int, bool]]) -> None:
    keys = [row["claim_key"] for row in rows]
    decisions = tuple(
        Decision(entry, keys[one % len(keys)], keys[other % len(keys)], same)
        for entry, (one, other, same) in enumerate(said)
    )
    found = linked(*rows, decisions=decisions)
    of = dict(found.members.select("claim_key", "cluster").iter_rows())
    overruled = {problem.line for problem in found.problems}
    for decision in decisions:
        if decision.entry not in overruled and decision.one != decision.other:
            assert (of[decision.one] == of[decision.other]) == decision.is_same


def test_an_area_goes_by_the_name_that_the_gazetteer_has_for_it() -> None:
    daraa = Gazetteer({"SY.DR": Area("SY.DR", "adm1", "SY", ("Daraa", "درعا"), "SY12", shapely.box(36, 32, 37, 33))})
    one, other = table([claim("a", area="SY.DR"), claim("b", adm_1="daraa")]).to_dicts()
    told = {reason.feature: reason.sentence for reason in explain(one, other, gazetteer=daraa)}
    assert told["name"] == "both name Daraa, and no place in it that both would share"


def test_a_long_series_of_shelling_is_neither_one_blob_nor_strangers() -> None:
    bouts = [
        claim(f"{bout:02}{source}", 5 * bout, source=source, lon=36.1 + bout % 2 / 500)
        for bout in range(12)
        for source in ("wire", "patrol")
    ]
    found = linked(*bouts)
    assert groups(found) == {frozenset({f"{bout:02}wire", f"{bout:02}patrol"}) for bout in range(12)}
    assert found.members["series"].n_unique() == 1 and found.members["series"].null_count() == 0
    assert linked(claim("a"), claim("b", lon=36.5)).members["series"].null_count() == 2


def test_what_has_no_place_is_found_by_name_by_area_or_by_words() -> None:
    nowhere: dict[str, Any] = {"lon": None, "lat": None, "radius_m": None, "place_kind": "unplaced", "source": "patrol"}
    text = "shells fell on the northern edge of the village at noon"
    places: list[dict[str, Any]] = [{"place_name": "Nawa"}, {"adm_1": "Daraa"}, {"text": text}]
    for shared in places:
        assert linked(claim("a", **shared), claim("b", **nowhere, **shared)).links.height == 1
    assert linked(claim("a"), claim("b", **nowhere)).links.is_empty()


def test_what_a_burst_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_NEAR", 5)
    crowd = [claim(f"{at:03}", at / 60, source="wire" if at % 2 else "patrol") for at in range(40)]
    found = linked(*crowd)
    # The last five have fewer than five after them.
    assert found.not_compared == 40 * 39 // 2 - (35 * 5 + 4 + 3 + 2 + 1)


def test_a_lone_dataset_is_not_compared_with_itself() -> None:
    dataset = [claim(key, source="dataset", curated=True) for key in "abc"]
    assert len(groups(linked(*dataset))) == 3 and linked(*dataset).links.is_empty()


def test_weights_fitted_anew_are_the_same_whatever_the_order_of_tables() -> None:
    days = [
        table([claim(f"{day}{at}", 24 * day + at / 3, lon=36.1 + at / 300) for at in range(12)]) for day in range(3)
    ]
    one, other = (fit_links(some, Register(), Gazetteer(), "x") for some in (days, days[::-1]))
    assert one == other and one.pairs == 3 * len(list(itertools.combinations(range(12), 2)))


def test_few_claims_are_linked_without_compiling_anything() -> None:
    code = (
        "import sys; from tests.corroboration.test_links import claim, linked; "
        "linked(claim('a'), claim('b', source='patrol')); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
