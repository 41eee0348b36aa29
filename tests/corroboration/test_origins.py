"""Origins: bounds that nobody can talk up, whoever repeats whom in whatever words."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from trucewatch.claims import claims_table
from trucewatch.corroboration.echoes import echoes_of
from trucewatch.corroboration.origins import origins_of

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)
STORY = "Mortar shells fell on the northern quarter of the town on Saturday evening and three members of a family died"
OTHER = "A convoy of eleven trucks with flour and blankets crossed into the valley after two days at the barrier"
SAW = {"office": "patrol", "means": "saw"}
COMPLAINT = {"office": "north", "allegation": True}


def named(*told: dict[str, Any]) -> pl.DataFrame:
    """Return claims, of one incident unless they name theirs, that came in one after the other."""
    rows = [
        {
            "claim_key": f"c{n}", "version": f"c{n}", "source": "wire", "record": f"r{n}", "entry": n,
            "act": "shelling", "earliest": NOON, "latest": NOON + timedelta(hours=1), "place_kind": "unplaced",
            "means": "open-source", "office": f"office {n}", "allegation": False, "incident": "i", **row,
        }
        for n, row in enumerate(told)
    ]  # fmt: skip
    incidents = {str(row["claim_key"]): row["incident"] for row in rows}
    names = dict.fromkeys(name for row in rows for name in row if name != "incident")
    table = claims_table({name: [row.get(name) for row in rows] for name in names})
    return table.with_columns(pl.Series("incident", [incidents[key] for key in table["claim_key"]], pl.String))


def found(table: pl.DataFrame) -> pl.DataFrame:
    return origins_of(table, echoes_of(table))


def bounds(*told: dict[str, Any]) -> tuple[int, int | None]:
    (row,) = found(named(*told)).iter_rows(named=True)
    assert row["origins_low"] == max(len(row["roots"]), row["origins_low"] if not row["roots"] else 0)
    return row["origins_low"], row["origins_high"]


def cites(*chain: str) -> dict[str, Any]:
    return {"cites": json.dumps(chain)}


# ---- copied text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param([{"text": STORY}, {"text": OTHER}], (1, 2), id="two silent offices in words of their own"),
        pytest.param([{"text": STORY}, {"text": STORY}], (1, 1), id="in the same words"),
        pytest.param([{"text": STORY, **cites("a")}, {"text": STORY, **cites("b")}], (1, 2), id="each names a root"),
        pytest.param([{"text": STORY, **cites("a")}, {"text": OTHER, **cites("b")}], (2, 2), id="in other words"),
        pytest.param([{"text": STORY, **cites("a")}, {"text": STORY}], (1, 1), id="the copy drops the root"),
        pytest.param([{"text": STORY}, {"text": STORY, **cites("a")}], (1, 1), id="the copy adds a root"),
        pytest.param([{"text": STORY}, {"text": STORY, **cites("a")}, SAW], (1, 2), id="which is none beside others"),
        pytest.param([{"text": STORY, **cites("a")}, {"text": STORY}, {"text": OTHER}], (1, 2), id="and a third"),
        pytest.param([{"text": STORY, **SAW}, {"text": STORY, **SAW, "office": "p2"}], (1, 2), id="a copied log"),
        pytest.param([{**COMPLAINT, "text": STORY}, {"text": STORY}], (0, 1), id="a complaint in print"),
        pytest.param([{**COMPLAINT, "text": STORY}, {"text": STORY, **cites("a")}], (0, 2), id="with a root put to it"),
        pytest.param([{**COMPLAINT, "text": STORY}, {"text": STORY}, cites("office 1")], (0, 1), id="cited from there"),
        pytest.param([{"text": STORY, **cites("a")}, {**COMPLAINT, "text": STORY}], (1, 2), id="which copies"),
        pytest.param(
            [{"text": STORY, **cites("unnamed official")}, {"text": STORY, **cites("unnamed official")}], (1, 1),
            id="one official in the same words",
        ),
        pytest.param(
            [{"text": STORY, **cites("unnamed officials")}, {"text": STORY}], (1, None), id="officials, copied",
        ),
        pytest.param(
            [{"text": STORY, **cites("office 1")}, {"text": STORY}], (1, 1), id="who is cited did not copy",
        ),
        pytest.param(
            [{"text": STORY, **cites("a"), "entry": 0}, {"text": STORY, "entry": 0}], (1, 1), id="received together",
        ),
    ],
)  # fmt: skip
def test_reports_in_the_same_words_share_a_root(told: list[dict[str, Any]], expected: tuple[int, int | None]) -> None:
    assert bounds(*told) == expected


def test_two_who_quote_one_statement_need_not_be_two() -> None:
    said = "we will not leave this town whatever they do to us or to our fields"
    one, other = {"text": f'"{said}", he told us'}, {"text": f"So it was said: «{said}»"}
    assert bounds({**one, **cites("a")}, {**other, **cites("b")}) == (1, 2)
    # Whoever saw it saw it, whomever they quote besides.
    assert bounds({**one, **SAW}, {**other, **cites("b")}) == (2, 2)


def test_an_office_that_copies_two_makes_them_no_one() -> None:
    copies = [{"office": "press", "text": STORY}, {"office": "press", "text": OTHER}]
    assert bounds({"text": STORY, **cites("a")}, {"text": OTHER, **cites("b")}, *copies) == (2, 2)


# ---- the case --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # Israeli officials and Western diplomats, none of them named, behind one paper and whoever took it from there.
        ([("Haaretz", "unnamed officials"), ("New Khalij", "Haaretz"), ("MEMO", "New Khalij", "Haaretz")], (1, None)),
        ([("New Khalij", "Haaretz"), ("MEMO", "New Khalij", "Haaretz"), ("Newsweek", "Haaretz")], (1, 1)),
        # A copy that makes "Russian diplomats" of them names nobody who must be another.
        ([("Haaretz", "unnamed officials"), ("The New Arab", "Haaretz", "unnamed Russian diplomats")], (1, None)),
        # Nearly all events of the south-west in 2017 and 2018 rest on one observatory.
        ([("SOHR", "SOHR"), ("Reuters", "SOHR"), ("AFP", "Reuters", "SOHR")], (1, 1)),
    ],
)
def test_the_chains_of_the_case_come_to_their_roots(
    told: list[tuple[str, ...]], expected: tuple[int, int | None]
) -> None:
    assert bounds(*({"office": office, **cites(*chain)} for office, *chain in told)) == expected


# ---- properties ------------------------------------------------------------------------------------------------------

OFFICES = st.sampled_from(["A", "B", "C", "D"])
CHAINS = st.sampled_from(
    [(), (), ("A",), ("B",), ("B", "A"), ("root",), ("other root",), ("unnamed officials",), ("unnamed official",)]
)


@st.composite
def reports(draw: st.DrawFn) -> list[dict[str, Any]]:
    told = []
    for _ in range(draw(st.integers(1, 5))):
        chain = draw(CHAINS)
        kind: dict[str, Any] = draw(
            st.sampled_from([{}, {}, {}, {"means": "saw"}, {"interest": "ally"}, {"allegation": True}])
        )
        words: dict[str, Any] = draw(st.sampled_from([{}, {"text": STORY}, {"text": OTHER}]))
        told.append({"office": draw(OFFICES), **(cites(*chain) if chain else {}), **kind, **words})
    return told


@settings(max_examples=25)
@given(reports())
def test_the_lower_bound_never_passes_the_upper(told: list[dict[str, Any]]) -> None:
    low, high = bounds(*told)
    assert low >= 0 and (high is None or max(low, 1) <= high)


@settings(max_examples=20)
@given(reports().flatmap(lambda told: st.tuples(st.just(told), st.permutations(range(len(told))))))
def test_the_order_of_claims_changes_nothing(orders: tuple[list[dict[str, Any]], Sequence[int]]) -> None:
    told, order = orders
    table = named(*told)
    assert_frame_equal(found(table), found(table[list(order)]))


@settings(max_examples=25)
@given(reports(), st.integers(0, 4), CHAINS)
def test_a_copy_never_raises_the_lower_bound(told: list[dict[str, Any]], which: int, chain: tuple[str, ...]) -> None:
    told = [row if row.get("text") else {**row, "text": f"{n} {OTHER} {n}"} for n, row in enumerate(told)]
    text = told[which % len(told)]["text"]
    before = bounds(*told)[0]
    for row in ({}, cites(*chain) if chain else {}, SAW):
        assert bounds(*told, {"office": "copyist", "text": text, **row})[0] <= before


@settings(max_examples=20)
@given(reports())
def test_who_saw_it_adds_one_at_most(told: list[dict[str, Any]]) -> None:
    before, after = bounds(*told)[0], bounds(*told, SAW)[0]
    assert max(before, 1) <= after <= before + 1


@settings(max_examples=20)
@given(reports(), st.integers(0, 4))
def test_a_report_in_two_parts_is_still_one(told: list[dict[str, Any]], which: int) -> None:
    assert bounds(*told, told[which % len(told)]) == bounds(*told)


@settings(max_examples=25)
@given(st.integers(2, 5), st.integers(0, 3))
def test_a_circle_alone_is_nothing_or_one(size: int, echoes: int) -> None:
    circle = [{"office": f"o{n}", **cites(f"o{(n + 1) % size}")} for n in range(size)]
    assert bounds(*circle, *({"office": f"e{n}", **cites(f"o{n % size}")} for n in range(echoes))) == (0, 1)


@settings(max_examples=25)
@given(reports(), reports())
def test_incidents_have_their_origins_by_themselves(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    both = named(*({**row, "incident": "a"} for row in one), *({**row, "incident": "b"} for row in other))
    rows = {row["incident"]: (row["origins_low"], row["origins_high"]) for row in found(both).iter_rows(named=True)}
    assert rows == {"a": bounds(*one), "b": bounds(*other)}


def roots_must(told: Sequence[dict[str, Any]]) -> set[str]:
    """Return, by hand, the roots of tellers who have nothing to do with each other."""
    return {
        f"interest {row['interest']}" if "interest" in row
        else row["office"].lower() if row.get("means") == "saw"
        else json.loads(row["cites"])[-1]
        for row in told
        if "interest" in row or row.get("means") == "saw" or "cites" in row
    }  # fmt: skip


@given(
    st.lists(
        st.sampled_from([{}, {"means": "saw"}, cites("x"), cites("y"), {"interest": "ally"}, {"interest": "foe"}]),
        min_size=1,
        max_size=6,
    )
)
def test_tellers_apart_are_counted_one_by_one(kinds: list[dict[str, Any]]) -> None:
    told = [{"office": f"Office {n}", **kind} for n, kind in enumerate(kinds)]
    must = roots_must(told)
    silent = sum(kind == {} for kind in kinds)
    expected = (max(len(must), int(silent > 0)), len(must) + silent)
    assert bounds(*told) == expected
    # The same, where a longer chain makes them be read together.
    assert bounds(*told, {"office": "Office z", **cites("w", "z")}) == (len(must) + 1, len(must) + silent + 1)


def test_repeats_are_counted_once_each() -> None:
    told = [{"text": STORY}, {"text": STORY, **cites("office 0")}, {"text": STORY}, {"text": OTHER}]
    (row,) = found(named(*told)).iter_rows(named=True)
    assert row["repeats"] == 2


def test_no_incidents_have_no_origins() -> None:
    assert found(named().with_columns(pl.lit("i").alias("incident"))).is_empty()


def test_every_incident_is_there_once() -> None:
    table = named(*({"incident": f"i{n % 3}", "office": f"o{n}"} for n in range(7)))
    assert found(table)["incident"].to_list() == ["i0", "i1", "i2"]
    assert list(itertools.chain(*found(table)["roots"])) == []
