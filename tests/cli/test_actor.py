"""The command that tells who an actor is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trucewatch.cli import main
from trucewatch.mission import Mission


def run(*words: str | Path) -> Result:
    done = CliRunner().invoke(main, ["actor", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_it_tells_who_somebody_is_as_each_side_tells_it() -> None:
    lines = run("فرسان الجولان").stdout.splitlines()
    assert lines[0] == "Golan Knights (golan-knights): armed group"
    assert lines[1].startswith("  Latin: Golan Knights, Fursan") and lines[2] == "  Arabic: فرسان الجولان"
    assert "  Golan Knights is allied with Israel; contested" in lines
    assert any(line.startswith("  described as Druze by Middle East Monitor") for line in lines)
    assert lines[-2:] == ["Under south-syria-2017:", "  no party of it: what it does is not bound"]


@pytest.mark.parametrize(("audience", "told"), [("public", False), ("guarantors", False), ("mission", True)])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_label_is_told_to_those_who_may_know_of_it(audience: str, told: bool, form: list[str]) -> None:
    done = run("Golan Knights", "--audience", audience, *form)
    assert done.exit_code == 0 and ("Druze" in done.stdout) == told


def test_it_is_told_to_a_program_too() -> None:
    told = json.loads(run("IDF", "--json").stdout)
    assert (told["actor"], told["kind"], told["names"]["Hebrew"][0]) == ("idf", "armed-forces", 'צה"ל')
    (part,) = told["affiliations"]
    assert (part["to"], part["kind"], part["binds"], part["inferred"]) == ("israel", "part-of", True, True)


def test_a_mission_tells_of_the_actors_of_its_own_agreement(tmp_path: Path) -> None:
    Mission.init(tmp_path / "mission", "donbas-2020")
    done = run("ЗСУ", "--mission", tmp_path / "mission")
    assert done.stdout.startswith("Ukrainian troops (ukraine): state") and "Under donbas-2020:" in done.stdout
    assert run("IDF", "--agreement", "disengagement-1974").stdout.startswith("Israel (israel): state")


@pytest.mark.parametrize("words", [["Golan"], [], ["Israel", "--ftm", "--agreement", "nowhere"]])
def test_what_nobody_can_be_told_of_is_one_line(words: list[str]) -> None:
    done = run(*words)
    assert done.exit_code in (1, 2) and done.stdout == ""
    assert done.stderr.startswith("trucewatch: ") and done.stderr.count("\n") == 1


def test_entities_come_one_a_line() -> None:
    one, all_of_them = (
        [json.loads(line) for line in run(*words, "--ftm").stdout.splitlines()] for words in (["HTS"], [])
    )
    assert {"id", "schema", "properties"} == set(one[0]) and 3 < len(one) < len(all_of_them)
    assert [entity["properties"]["name"] for entity in one if "HTS" in entity["properties"].get("name", ())] == [
        ["HTS"]
    ]
