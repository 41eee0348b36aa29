"""Taken over: a mission from before the ledger goes on under one, in its own words, and nothing is backdated."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.missions import on, receive, seen, verify
from trucewatch.claims import keyed_hash
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError
from trucewatch.record.entries import LEDGER
from trucewatch.record.taken_over import INDEX, decision_lines, index_lines
from trucewatch.shipped import shipped

KEY = b"k" * 32


def enter(mission: Mission, receipt_number: int, words: dict[str, Any]) -> None:
    """Write one batch as a mission without a ledger did."""
    folder = mission.folder / "received"
    receipts = mission.receipts()
    rows = receipts.rows(next(one for one in receipts.receipts if one.number == receipt_number))
    described = keyed_hash(KEY, "described", (shipped("sources") / "presence.yml").read_text("utf-8"))
    rows.claims.write_parquet(folder / f"{words['batch']}.parquet")
    if words["kind"] == "received":
        told = [[p.file, p.line, p.code, p.message, p.hint] for p in rows.problems]
        lines = "".join(f"{json.dumps(one)}\n" for one in told)
        (folder / f"{words['batch']}.problems.jsonl").write_text(lines, encoding="utf-8")
    (folder / f"{described}.yml").write_bytes((shipped("sources") / "presence.yml").read_bytes())
    with (folder / INDEX).open("a", encoding="utf-8") as index:
        index.write(json.dumps({**words, "described": described}, sort_keys=True) + "\n")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a mission as it was kept without a ledger: three receipts, a withdrawal, two decisions."""
    mission = Mission.init(tmp_path_factory.mktemp("prepared") / "watch", "south-syria-2017", key=KEY, now=on(1))
    receive(mission, [seen("F1"), seen("F2", lat=32.60)], day=1)
    receive(mission, [seen("F1", count=90)], day=3, whole=True)
    receive(mission, [seen("F1"), seen("F2", lat=32.60)], day=5)
    for number, receipt in enumerate(mission.receipts().receipts, 1):
        enter(mission, receipt.number, {**json.loads(receipt.as_line()), "number": number})
    keys = mission.receipts().claims()["claim_key"]
    lines = [
        {"after": after, "at": f"2026-01-0{after}T12:00:00Z", "by": "duty officer", "one": keys[0], "other": keys[1],
         "reason": f"because {after}", "same": same}
        for after, same in ((1, True), (4, False))
    ]  # fmt: skip
    (mission.folder / "decisions.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    for name in ("keys", "kept"):
        shutil.rmtree(mission.folder / name)
    for path in [*mission.folder.glob(f"{LEDGER}*"), *(mission.folder / "received").glob("*.sealed")]:
        path.unlink()
    return mission.folder.parent


@pytest.fixture
def former(prepared: Path, tmp_path: Path) -> Mission:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Mission.open(tmp_path / "watch")


def kept(mission: Mission) -> dict[str, bytes]:
    folder = mission.folder / "received"
    paths = [path for path in folder.iterdir() if path.suffix != ".sealed"] + [mission.folder / "decisions.jsonl"]
    return {path.name: path.read_bytes() for path in paths}


def test_what_was_there_is_taken_over_word_for_word_and_stays_as_it_is(former: Mission) -> None:
    before = kept(former)
    lines = [json.loads(line) for line in before[INDEX].decode().splitlines()]
    assert [line["kind"] for line in lines] == ["received", "received", "withdrawn", "received"]
    with former.record() as record:
        entries = record.entries()
        assert [entry.kind for entry in entries] == [
            "adopted", "adopted", "received", "decided", "received", "received", "received", "decided"
        ]  # fmt: skip
        words = [entry.content["taken_over"] for entry in entries if entry.content and "batch" in entry.content]
        assert words == lines
        # Entered today, whatever day the old index says.
        today = datetime.now(UTC)
        assert all(abs((today - entry.at).total_seconds()) < 600 for entry in entries)
    assert kept(former) == before
    assert verify(former).problems == ()


def test_any_day_can_be_had_again_by_the_old_words(former: Mission) -> None:
    def dead(as_of: str | None = None) -> dict[str, int]:
        claims = former.receipts(as_of).claims()
        return dict(claims.select("record", "count_low").sort("record").iter_rows())

    assert dead("2026-01-01") == dead("2026-01-02") == {"F1": 40, "F2": 40}
    assert dead("2026-01-03") == {"F1": 90}
    assert dead("2026-01-05") == dead() == {"F1": 40, "F2": 40}
    assert [d.is_same for d in former.decisions("2026-01-03")] == [True]
    assert [d.is_same for d in former.decisions()] == [True, False]


def test_it_goes_on_under_the_ledger_alone(former: Mission) -> None:
    before = kept(former)
    path = former.folder.parent / "presence.csv"
    former.collect("presence", [path])
    assert kept(former) == before
    with former.record() as record:
        assert record.entries()[-1].kind == "received" and "taken_over" not in (record.entries()[-1].content or {})


DAMAGES: dict[str, Callable[[Path], object]] = {
    "index.jsonl:5: cannot be read": lambda m: (m / "received" / INDEX).write_text(
        (m / "received" / INDEX).read_text("utf-8") + "{", encoding="utf-8"
    ),
    "index.jsonl:1: cannot be read": lambda m: os.truncate(m / "received" / INDEX, 40),
    "index.jsonl: cannot be read": lambda m: (m / "received" / INDEX).unlink(),
    "index.jsonl: cannot be read (": lambda m: (m / "received" / INDEX).write_bytes(b"\xff"),
    "the index is damaged": lambda m: (m / "received" / INDEX).write_text(
        "".join(reversed((m / "received" / INDEX).read_text("utf-8").splitlines(keepends=True)))
    ),
    "cannot be read back (No such file": lambda m: next((m / "received").glob("*.parquet")).unlink(),
    "cannot be read back (": lambda m: next((m / "received").glob("*.parquet")).write_bytes(b"junk" * 9),
    "or the mission's key is another": lambda m: (m / "mission.key").write_bytes(b"x" * 32),
    "decisions.jsonl:3: cannot be read; the file is damaged": lambda m: (m / "decisions.jsonl").write_text(
        (m / "decisions.jsonl").read_text() + "[]\n"
    ),
}


@pytest.mark.parametrize("said", DAMAGES)
def test_what_is_damaged_is_told_by_its_line_and_no_ledger_is_begun(former: Mission, said: str) -> None:
    DAMAGES[said](former.folder)
    with pytest.raises(TrucewatchError) as told:
        former.record()
    assert said in str(told.value)
    assert not (former.folder / LEDGER).exists() and not (former.folder / "keys").exists()


def test_a_mission_without_decisions_has_none(tmp_path: Path) -> None:
    assert decision_lines(tmp_path / "decisions.jsonl") == []


def test_the_old_index_is_read_under_the_key_it_was_written_under(former: Mission) -> None:
    lines = list(index_lines(former.folder / "received", KEY))
    assert [line.words["number"] for line in lines] == [1, 2, 3, 4]
    assert [line.rows.height for line in lines] == [2, 1, 1, 2]
