"""Checks: the worked examples of an agreement come out as written, or are told by line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from trucewatch.checks import check
from trucewatch.shipped import shipped


@pytest.mark.parametrize("name", sorted(path.name for path in shipped("agreements").iterdir() if path.is_dir()))
def test_the_worked_examples_of_what_ships_come_out_as_written(name: str) -> None:
    agreement, problems, examples = check(name)
    assert problems == []
    assert examples >= (30 if agreement.id == "south-syria-2017" else 6)


def test_an_example_that_comes_out_otherwise_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "agreement"
    shutil.copytree(shipped("agreements") / "south-syria-2017", folder)
    text = (folder / "examples.yml").read_text(encoding="utf-8")
    wrong = text.replace("expect: violation", "expect: untouched", 1)
    (folder / "examples.yml").write_text(wrong, encoding="utf-8")
    _, (problem,), _ = check(folder)
    line = next(n for n, (a, b) in enumerate(zip(text.split("\n"), wrong.split("\n"), strict=True), 1) if a != b)
    assert problem.code == "example-differs"
    assert problem.line <= line and "comes to violation" in problem.message
