"""The benchmarks: every peer that is here finds what Trucewatch finds; ratios and tables are what they say."""

from __future__ import annotations

import importlib
import itertools
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bench import exponent, in_turns, spread
from benchmarks.peers.by_trucewatch import Engine as Trucewatch
from benchmarks.peers.by_trucewatch import write_question
from benchmarks.peers.meltt_rule import Windows, integrate
from benchmarks.peers.questions import UNDETERMINED, VIOLATION, Question, answered, bound, counted, kinds, masks
from benchmarks.peers.records import records_of, with_cells
from benchmarks.reports_world import reports
from benchmarks.tables import BEGIN, END, told, write_tables
from trucewatch.actors import Register
from trucewatch.acts import act_tree
from trucewatch.corroboration.likeness import traits_of
from trucewatch.corroboration.links import candidates_of
from trucewatch.corroboration.weights import shipped_weights
from trucewatch.where import Gazetteer

PEERS = [
    name
    for name, needs in (
        ("shapely", "shapely"),
        ("geopandas", "geopandas"),
        ("duckdb", "duckdb"),
        ("sedonadb", "sedonadb"),
    )
    if find_spec(needs)
]
FORMS = [(name, form) for name in PEERS for form in importlib.import_module(f"benchmarks.peers.by_{name}").FORMS]
EVENTS = 400
DAY = 86_400_000_000


# ---- assess ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a question about a few events."""
    folder = tmp_path_factory.mktemp("question")
    write_question(folder, EVENTS)
    return folder


def one_by_one(question: Question) -> pl.DataFrame:
    """Answer a question by looking at each event and each clause in turn."""
    found = []
    events = question.events.select("event", "x_m", "y_m", "t_us", "act", "actor", "weapon", "allowed_m").rows()
    clauses = question.clauses.select("clause", "zone", "start_us", "end_us", "acts", "actors", "weapons").rows()
    for event, x, y, t, act, actor, weapon, allowed in events:
        point = shapely.Point(x, y)
        for clause, zone, start, end, acts, actors, weapons in clauses:
            if not (start <= t < end and act in acts and actor in actors and weapon in weapons):
                continue
            shape = question.zones[zone]
            if shape.contains(point) and shape.boundary.distance(point) > allowed:
                found.append((event, clause, VIOLATION))
            elif shape.distance(point) <= allowed:
                found.append((event, clause, UNDETERMINED))
    return answered(*zip(*found, strict=True))


def test_trucewatch_finds_what_looking_at_each_pair_in_turn_finds(asked: Path) -> None:
    expected = one_by_one(Question.read(asked))
    assert min(counted(expected).values()) > 5
    assert Trucewatch(asked, EVENTS).rows("grid").equals(expected)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_peer_finds_what_trucewatch_finds(asked: Path, name: str, form: str) -> None:
    engine = importlib.import_module(f"benchmarks.peers.by_{name}").Engine(Question.read(asked))
    ours = Trucewatch(asked, EVENTS)
    assert engine.rows(form).equals(ours.rows("grid"))
    assert engine.answer(form) == ours.answer("grid")


def test_a_question_is_read_as_it_was_written(asked: Path, tmp_path: Path) -> None:
    question = Question.read(asked)
    question.first(7).write(tmp_path)
    again = Question.read(tmp_path)
    assert again.events.equals(question.events.head(7)) and again.clauses.equals(question.clauses)
    assert again.zones == question.zones


CODES = st.sets(st.integers(0, 5), min_size=1)


@settings(max_examples=20)
@given(st.lists(st.tuples(CODES, CODES, CODES), min_size=1, max_size=4))
def test_tables_of_what_is_asked_about_say_what_the_lists_say(lists: list[tuple[set[int], set[int], set[int]]]) -> None:
    acts, actors, weapons = ([sorted(sets[at]) for sets in lists] for at in range(3))
    columns = {"clause": range(len(lists)), "zone": 0, "start_us": 0, "end_us": 1}
    clauses = pl.DataFrame({**columns, "acts": acts, "actors": actors, "weapons": weapons})
    question = Question((), clauses, pl.DataFrame())
    told_by_lists = {
        (*kind, clause) for clause, sets in enumerate(lists) for kind in itertools.product(*map(sorted, sets))
    }
    assert set(kinds(question).rows()) == told_by_lists
    by_masks = {
        (act, actor, weapon, clause)
        for actor, clause in bound(question).rows()
        for act, weapon in itertools.product(range(6), repeat=2)
        for row in [masks(question).row(clause, named=True)]
        if row["acts"] >> act & 1 and row["weapons"] >> weapon & 1
    }
    assert by_masks == told_by_lists


# ---- corroborate -----------------------------------------------------------------------------------------------------


def test_cells_bring_every_pair_together_that_trucewatch_compares() -> None:
    claims, _ = reports(1_500)
    claims = claims.sort("claim_key")
    search = shipped_weights().search
    left, right = candidates_of(claims, traits_of(claims, Register(), Gazetteer()), search)
    records = with_cells(records_of(claims, Register(), Gazetteer()), search.slack_m, search.slack_us)
    fine, wide, is_wide = (records[name].to_list() for name in ("cells", "wide_cells", "is_wide"))
    assert len(left) > 1_000
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        share_wide = (is_wide[one] or is_wide[other]) and set(wide[one] or ()) & set(wide[other] or ())
        assert set(fine[one] or ()) & set(fine[other] or ()) or share_wide


ACTS = list(act_tree())


def records(*rows: dict[str, object]) -> pl.DataFrame:
    """Records of one day at one place and of one act, by datasets of their own, but for what each row says."""
    usual = {"x_m": 0.0, "y_m": 0.0, "z_m": 0.0, "start_us": 0, "end_us": DAY, "act": ACTS.index("mortar-fire"),
             "pairs": 1, "one_side": [1], "other_side": [2], "curated": True, "office": None}  # fmt: skip
    told_of = [{"unique_id": at, "source": at, **usual, **row} for at, row in enumerate(rows)]
    return pl.DataFrame(told_of, schema_overrides={"office": pl.Int64, "x_m": pl.Float64})


NARROW = Windows(days=1, km=5.0, each_teller=False, any_actor=False)


def clusters(told_of: pl.DataFrame, windows: Windows = NARROW) -> list[int]:
    return integrate(told_of, windows)["cluster_id"].to_list()


def test_meltt_joins_what_lies_within_its_windows() -> None:
    assert clusters(records({}, {"x_m": 5_000.0, "start_us": DAY, "end_us": 2 * DAY})) == [0, 0]
    assert clusters(records({}, {"x_m": 5_001.0})) == [0, 1]
    assert clusters(records({}, {"start_us": 2 * DAY, "end_us": 3 * DAY})) == [0, 1]


def test_meltt_never_joins_events_of_one_dataset_nor_events_with_episodes() -> None:
    assert clusters(records({"source": 4}, {"source": 4})) == [0, 1]
    assert clusters(records({}, {"end_us": 2 * DAY})) == [0, 1]


def test_meltt_takes_the_best_agreement_first_and_each_event_once() -> None:
    broad = ACTS.index("shelling") if "shelling" in ACTS else ACTS.index("explosion")
    told_of = records(
        {"source": 1}, {"source": 1, "act": broad}, {"source": 2, "act": broad}, {"source": 2, "act": broad}
    )
    found = clusters(told_of)
    assert found[2] == 1
    assert found[3] in (0, 3) and len(set(found)) < 4


def test_meltt_asks_for_agreement_in_every_taxonomy() -> None:
    other = {"pairs": 2, "one_side": [3], "other_side": [4]}
    assert clusters(records({}, other)) == [0, 1]
    assert clusters(records({}, other), Windows(1, 5.0, False, True)) == [0, 0]
    assert clusters(records({}, {"pairs": 2, "one_side": [2], "other_side": [1]})) == [0, 0]


def test_meltt_may_count_each_office_as_a_dataset() -> None:
    offices = records({"source": 1, "curated": False, "office": 1}, {"source": 1, "curated": False, "office": 2})
    assert clusters(offices) == [0, 1]
    assert clusters(offices, Windows(1, 5.0, True, False)) == [0, 0]


@given(st.permutations(range(6)), st.integers(0, 2**32 - 1))
def test_meltt_joins_one_event_of_a_dataset_at_most_whatever_their_order(order: list[int], seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows: list[dict[str, object]] = [
        {"source": int(draw.integers(3)), "x_m": float(draw.integers(4) * 3_000)} for _ in range(6)
    ]
    told_of = records(*rows)
    found = integrate(told_of, NARROW)
    together = found.join(told_of, on="unique_id").group_by("cluster_id").agg(pl.col("source").is_unique().all())
    assert together["source"].all()
    assert integrate(told_of[list(order)], NARROW).equals(found)


# ---- turns, ratios, tables -------------------------------------------------------------------------------------------


def test_each_round_begins_with_the_next_engine() -> None:
    order: list[int] = []

    def engine(number: int) -> dict[str, int] | None:
        order.append(number)
        return None if number == 1 else {"number": number}

    found = in_turns([lambda n=n: engine(n) for n in range(3)], rounds=3)  # type: ignore[misc]
    assert order == [0, 1, 2, 1, 2, 0, 2, 0, 1]
    assert [len(some) for some in found] == [3, 0, 3]


def test_a_spread_is_the_median_between_least_and_most() -> None:
    assert spread([3.0, 1.0, 7.0]) == {"median": 3.0, "min": 1.0, "max": 7.0}


@given(st.floats(0.2, 3.0), st.floats(0.01, 100.0))
def test_an_exponent_is_found_again(power: float, factor: float) -> None:
    sizes = [1e4, 1e5, 1e6]
    assert exponent(sizes, [factor * size**power for size in sizes]) == pytest.approx(power)


RESULTS = {
    "machine": {"cores": 2, "cpu": "CPU", "memory_gb": 24, "kernel": "6", "python": "3.11", "versions": {"numpy": "2"}},
    "first result": {"now_s": spread([2.0]), "before_s": spread([1.0]), "ratio": spread([2.0])},
}


def test_a_target_that_was_missed_is_said_to_be() -> None:
    assert "| first result, share of the time before | 1.00 (1.05 is noise) | 2.00 (2.00-2.00) | **no** |" in told(
        RESULTS
    )


def test_tables_stand_between_the_markers_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before {BEGIN} old {END} after", "utf-8")
    write_tables(page, RESULTS)
    once = page.read_text("utf-8")
    write_tables(page, RESULTS)
    assert page.read_text("utf-8") == once
    assert once.startswith(f"before {BEGIN}\n") and once.endswith(f"{END} after") and " old " not in once


def test_the_page_of_the_benchmarks_has_its_markers() -> None:
    text = (Path(__file__).parents[1] / "benchmarks" / "README.md").read_text("utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
