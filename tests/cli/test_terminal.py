"""The terminal: nothing that a report holds can steer it, and a program reads what is printed."""

from __future__ import annotations

import json

import pytest

from trucewatch.cli.terminal import counted, progress_bar, say, tell_json


def test_a_report_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("a village\x1b[2J, \u202ereversed\u2069, and a tab\tkept")
    assert capsys.readouterr().out == "a village\ufffd[2J, \ufffdreversed\ufffd, and a tab\tkept\n"


def test_what_went_wrong_is_told_apart_from_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    say("a fault", err=True)
    assert capsys.readouterr() == ("", "a fault\n")


def test_json_is_one_line_that_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"place": "درعا", "rows": [1, None]}
    tell_json(told)
    printed = capsys.readouterr().out
    assert json.loads(printed) == told and printed.count("\n") == 1


def test_one_is_one_and_a_thousand_has_a_comma() -> None:
    assert [counted(number, "row") for number in (0, 1, 2_000)] == ["0 rows", "1 row", "2,000 rows"]


def test_where_nobody_watches_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(2) as progress:
        progress("reading")
    assert capsys.readouterr() == ("", "")
