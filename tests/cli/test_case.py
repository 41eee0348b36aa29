"""The command of the case, on an agreement and on a mission, for an audience, as text and as data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.missions import run
from trucewatch.mission import Mission, shipped

LAW = "south-syria-2017"


def test_a_question_is_answered_in_a_line_and_what_it_rests_on() -> None:
    done = run("case", LAW, "who", "attended", "the third meeting")
    assert done.exit_code == 0, done.output
    first, *rest = done.stdout.splitlines()
    assert first.startswith("level: higher than Amman (1 report); delegations: not stated for this meeting")
    assert rest and all(line.startswith("  ") for line in rest)


def test_the_whole_case_is_printed_and_told_as_data() -> None:
    text = run("case", LAW)
    assert text.exit_code == 0 and "\n13. " in text.stdout and "\nPositions\n" in text.stdout
    data = json.loads(run("case", LAW, "--json", "--audience", "public").stdout)
    assert len(data["facts"]) == 13 and data["audience"] == "public" and data["marking"] == "public"
    answer = json.loads(run("case", LAW, "europe-3", "--json").stdout)
    assert answer["answer"]["echoes"] == "4, with 3 differences"


def test_a_missions_own_talks_are_told_to_an_audience(tmp_path: Path) -> None:
    folder = tmp_path / LAW
    shutil.copytree(shipped("agreements") / LAW, folder)
    text = (folder / "talks.yml").read_text("utf-8")
    (folder / "talks.yml").write_text(text.replace("  f9:\n", "  f9:\n    level: mission\n"), encoding="utf-8")
    Mission.init(tmp_path / "watch", folder)
    assert "telephone calls" in run("case", tmp_path / "watch").stdout
    told = run("case", tmp_path / "watch", "--audience", "public")
    assert told.exit_code == 0 and "telephone calls" not in told.stdout
    assert "\n12. " in told.stdout and "\n13. " not in told.stdout  # no gap in the numbers either


def test_the_case_is_told_as_it_was_adopted_then(tmp_path: Path) -> None:
    folder = tmp_path / LAW
    shutil.copytree(shipped("agreements") / LAW, folder)
    watch = tmp_path / "watch"
    Mission.init(watch, folder)
    before, talks = run("case", watch).stdout, folder / "talks.yml"
    talks.write_text(talks.read_text("utf-8").replace("telephone calls", "calls by telephone"), encoding="utf-8")
    assert run("case", watch).exit_code == 1  # what was edited is not adopted yet
    assert run("adopt", watch, "--by", "chief of mission", "--because", "a better wording").exit_code == 0
    assert "calls by telephone" in run("case", watch).stdout
    assert run("case", watch, "--as-of", "1").stdout == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("case", LAW, "--as-of", "1"), 2, "is an agreement, and no mission"),
        (("case", "south-syria"), 1, "did you mean 'south-syria-2017'?"),
        (("case", LAW, "why"), 2, "who attended the third meeting"),
        (("case", LAW, "--audience", "party: nobody"), 2, "has no party 'nobody'"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(words: tuple[str, ...], code: int, said: str) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_a_fault_in_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / LAW
    shutil.copytree(shipped("agreements") / LAW, folder)
    text = (folder / "talks.yml").read_text("utf-8")
    broken = text.replace("side: Jordan,", "side: Atlantis,")
    assert broken != text
    (folder / "talks.yml").write_text(broken, encoding="utf-8")
    done = run("case", folder)
    line = next(number for number, words in enumerate(broken.splitlines(), 1) if "Atlantis" in words)
    assert done.exit_code == 1 and f"talks.yml:{line}: unknown-actor" in done.stderr
    assert f"talks.yml:{line}: unknown-actor" in run("check", folder).stdout
