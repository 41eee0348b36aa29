"""The edges: whatever a user does to a file, a folder or a terminal, one line answers and nothing is half-written."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import trucewatch.sitreps.publish as publishing
from trucewatch.cli import main
from trucewatch.mission import Mission, shipped
from trucewatch.traces import trace

LAW = "south-syria-2017"
OWN = """\
format: 1
id: clinic
title: A clinic's list
licence: theirs
timezone: local
file: {form: csv}
record: n
what: {act: what}
when: {from: day}
where: {lon: lon, lat: lat, placing: [{as: disc, radius_m: 400}]}
told: {means: {always: told-by-interlocutor}, by: who, text: words}
"""
ROWS = "n,day,what,lon,lat,who,words\n" + "".join(
    f"{n},2017-10-{n:02d},shelling,36.10,32.62,عيادة,He said: \x1b[31mfire\n" for n in range(1, 5)
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder a user stands in, with a file of four rows and the description of it."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "clinic.yml").write_text(OWN, encoding="utf-8")
    (folder / "clinic.csv").write_text(ROWS, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def run(*words: str | Path) -> Result:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def assess(*more: str | Path, file: str | Path = "clinic.csv") -> Result:
    return run("assess", file, "--source", "clinic.yml", "--agreement", LAW, *more)


def faulty(done: Result, *said: str, code: int = 1) -> None:
    """Hold a call to have ended in one clear line."""
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    assert done.stderr.startswith("trucewatch: ") and done.stderr.count("\n") == 1, done.stderr
    for words in said:
        assert words in done.stderr


def products(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# ---- where a sitrep is put -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["plain", "with some spaces", "mit Ümläuten و عربي", "two/levels/down", ".hidden"])
def test_a_sitrep_is_put_where_it_is_asked_for(place: Path, out: str) -> None:
    assert assess("--out", out).exit_code == 0
    assert set(products(place / out)) == set(publishing.PRODUCTS)
    assert {path.name for path in place.iterdir()} == {"clinic.yml", "clinic.csv", Path(out).parts[0]}


def test_from_elsewhere_or_by_another_path_it_is_the_same_to_the_byte(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess("--out", "one")
    assess("--out", place / "two", file=place / "clinic.csv")
    monkeypatch.chdir(place.parent)
    run("assess", "here/clinic.csv", "--source", "here/clinic.yml", "--agreement", LAW, "--out", "here/three")
    assert products(place / "one") == products(place / "two") == products(place / "three")


def _file(place: Path) -> str:
    return "clinic.csv"


def _in_a_file(place: Path) -> str:
    return "clinic.csv/out"


def _link(place: Path) -> str:
    (place / "real").mkdir()
    (place / "link").symlink_to("real")
    return "link"


def _dangling(place: Path) -> str:
    (place / "link").symlink_to("nowhere")
    return "link"


def _somebodys(place: Path) -> str:
    (place / "mine").mkdir()
    (place / "mine" / "letter.txt").write_text("mine")
    return "mine"


def _annotated(place: Path) -> str:
    assess("--out", "old")
    (place / "old" / "note.txt").write_text("mine")
    return "old"


def _lookalike(place: Path) -> str:
    (place / "mine").mkdir()
    (place / "mine" / "summary.json").write_text('["made_by", "trucewatch"]')
    return "mine"


@pytest.mark.parametrize("make", [_file, _in_a_file, _link, _dangling, _somebodys, _annotated, _lookalike])
def test_what_stands_there_already_is_left_as_it_is(place: Path, make: Callable[[Path], str]) -> None:
    out = make(place)
    before = {path: path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}
    faulty(assess("--out", out), f"{out}: ")
    assert {path: path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()} == before


def test_the_folder_one_stands_in_is_not_taken_away(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "inside").mkdir()
    monkeypatch.chdir(place / "inside")
    done = run("assess", "../clinic.csv", "--source", "../clinic.yml", "--agreement", LAW, "--out", ".")
    faulty(done, "is the folder you stand in")
    assert Path.cwd() == place / "inside"


def test_a_sitrep_is_replaced_whole(place: Path) -> None:
    assess("--out", "out")
    (place / "clinic.csv").write_text("\n".join(ROWS.split("\n")[:4]), encoding="utf-8")
    assert assess("--out", "out").exit_code == 0
    assert json.loads((place / "out" / "summary.json").read_text("utf-8"))["rows_read"] == 3


@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), PermissionError(errno.EACCES, "Permission denied")]
)
def test_a_disk_that_will_not_have_it_is_told_and_the_old_one_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch, fault: OSError
) -> None:
    assess("--out", "out")
    before = products(place / "out")
    for name in ("summary_json", "_put_in_place"):
        with monkeypatch.context() as patch:
            patch.setattr(publishing, name, _raising(fault))
            faulty(assess("--out", "out"), "out: cannot be written", str(fault.strerror))
    assert products(place / "out") == before
    assert {path.name for path in place.iterdir()} == {"clinic.yml", "clinic.csv", "out"}


def _raising(fault: BaseException) -> Callable[..., Any]:
    def refuse(*_: object) -> None:
        raise fault

    return refuse


@pytest.mark.parametrize("name", ["render_page", "summary_json", "_put_in_place"])
def test_whoever_interrupts_finds_what_stood_there_before(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assess("--out", "out")
    before = products(place / "out")
    monkeypatch.setattr(publishing, name, _raising(KeyboardInterrupt()))
    done = assess("--out", "out")
    assert (done.exit_code, done.stderr.strip()) == (1, "Aborted!")
    assert products(place / "out") == before
    assert {path.name for path in place.iterdir()} == {"clinic.yml", "clinic.csv", "out"}


def test_a_sitrep_that_could_not_be_moved_in_leaves_the_old_one(place: Path) -> None:
    assess("--out", "out")
    before = products(place / "out")
    with pytest.raises(OSError, match="No such file"):
        publishing._put_in_place(place / "never made", place / "out", place / "replaced")
    assert products(place / "out") == before


# ---- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.csv", "nowhere.csv: cannot be read (No such file or directory)"),
        (".", "here: is a folder, not a file"),
        ("two\nlines.csv", "'two\\nlines.csv': holds a character that is no text"),
        ("half\udcff.csv", "'half\\udcff.csv': holds a character that is no text"),
    ],
)
def test_a_file_with_no_name_to_print_or_none_at_all_is_told(place: Path, name: str, said: str) -> None:
    if name not in ("nowhere.csv", "."):
        shutil.copy(place / "clinic.csv", place / name)
    faulty(assess("--out", "out", file=name), said)
    assert not (place / "out").exists()


def test_a_name_in_any_script_is_read_and_printed(place: Path) -> None:
    name = "ملف مع فراغات.csv"
    shutil.copy(place / "clinic.csv", place / name)
    done = assess("--out", "out", "--json", file=name)
    assert done.exit_code == 0 and json.loads(done.stdout)["rows_read"] == 4
    id_ = json.loads((place / "out" / "findings.geojson").read_text("utf-8"))["features"][0]["id"]
    assert f"{name}:2: clinic 1" in run("trace", "out", id_).stdout


def test_half_a_character_is_a_fault_of_the_file(place: Path) -> None:
    (place / "clinic.yml").write_text(OWN.replace("form: csv", "form: json"), encoding="utf-8")
    row = {"n": "1", "day": "2017-10-01", "what": "shelling", "who": "\ud800", "lon": "36", "lat": "32", "words": ""}
    (place / "clinic.csv").write_text(json.dumps(row), encoding="utf-8")
    faulty(assess("--out", "out"), "clinic.csv: holds half a character")


def test_a_description_that_cannot_be_read_is_told_with_its_line(place: Path) -> None:
    for text, said in (
        (OWN.replace("title:", "\ttitle:"), "clinic.yml:3: not-yaml"),
        (OWN.replace("licence:", "license:"), "clinic.yml:1: missing-key 'licence' is missing"),
        (OWN + "id: again\n", "clinic.yml:12: duplicate-key"),
        ("", "clinic.yml:1: empty-file"),
    ):
        (place / "clinic.yml").write_text(text, encoding="utf-8")
        faulty(assess("--out", "out"), said)
    faulty(run("assess", "clinic.csv", "--source", "clinik.yml", "--agreement", LAW, "--out", "out"), "'clinik.yml'")
    assert not (place / "out").exists()


# ---- what is asked for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--period", "last week", "the period cannot be read: 'last week' is no date"),
        ("--period", "2018/2017", "it ends before it starts"),
        ("--period", "2017-02-30", "2017-02-30"),
        ("--period", "", "the period cannot be read"),
        ("--reading", "stict", "did you mean 'strict'?"),
        ("--reading", "", "it has: russia, israel, strict"),
    ],
)
def test_what_nobody_can_understand_is_a_wrong_call(place: Path, option: str, value: str, said: str) -> None:
    faulty(assess("--out", "out", option, value), said, code=2)
    assert not (place / "out").exists()


@pytest.mark.parametrize("period", ["..", "../..", "../2018", "2017-10/..", "2030/..", "../2001", "2017-10-02T12:00"])
def test_a_period_may_be_open_or_hold_nothing(place: Path, period: str) -> None:
    done = assess("--out", "out", "--period", period)
    if period == "..":
        faulty(done, "the period cannot be read", code=2)
        return
    told = json.loads((place / "out" / "summary.json").read_text("utf-8"))["period"]
    assert done.exit_code == 0 and told["start"] < told["end"]
    assert "9999" not in json.dumps(told) and "0001" not in json.dumps(told)


def test_an_output_folder_that_bears_the_name_of_an_agreement_does_not_stand_in_its_way(place: Path) -> None:
    assert [assess("--out", LAW).exit_code for _ in range(2)] == [0, 0]


# ---- agreements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("agreement.yml", "timezone:", "\ttimezone:", "not-yaml"),
        ("agreement.yml", "timezone:", "timezone: UTC\ntimezone:", "duplicate-key"),
        ("agreement.yml", "  C2:\n", "  C1:\n", "duplicate-key"),
        ("agreement.yml", "{zones: [daraa, quneitra], says", "{zones: [dara, quneitra], says", "did you mean 'daraa'?"),
        ("agreement.yml", "nusra-hts]", "nusra-hst]", "did you mean 'nusra-hts'?"),
    ],
)
def test_a_fault_of_the_law_is_told_with_file_and_line(place: Path, file: str, old: str, new: str, said: str) -> None:
    shutil.copytree(shipped("agreements") / LAW, place / "law")
    text = (place / "law" / file).read_text("utf-8")
    assert old in text
    (place / "law" / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    done = run("check", "law")
    assert done.exit_code == 1 and said in done.stdout
    assert all(line.startswith(f"law/{file}:") for line in done.stdout.splitlines())
    told = json.loads(run("check", "law", "--json").stdout)["problems"]
    assert told and all(problem["line"] >= 0 and problem["code"] for problem in told)
    faulty(run("assess", "clinic.csv", "--source", "clinic.yml", "--agreement", "law", "--out", "out"), f"law/{file}:")
    assert not (place / "out").exists()


def test_a_zone_that_crosses_itself_is_told_with_its_line(place: Path) -> None:
    shutil.copytree(shipped("agreements") / LAW, place / "law")
    text = json.loads((place / "law" / "zones.geojson").read_text("utf-8"))
    (zone,) = (feature for feature in text["features"] if feature["id"] == "daraa")
    zone["geometry"] = {"type": "Polygon", "coordinates": [[[36, 32], [37, 33], [37, 32], [36, 33], [36, 32]]]}
    (place / "law" / "zones.geojson").write_text(json.dumps(text, indent=1), encoding="utf-8")
    done = run("check", "law")
    assert done.exit_code == 1
    assert re.search(r"^law/zones\.geojson:\d+: .*Self-intersection", done.stdout, re.M)


def test_an_agreement_without_examples_is_checked_all_the_same(place: Path) -> None:
    shutil.copytree(shipped("agreements") / LAW, place / "law")
    (place / "law" / "examples.yml").unlink()
    done = run("check", "law")
    assert (done.exit_code, done.stdout) == (0, f"{LAW}: 4 clauses, 0 examples come out as written\n")


# ---- a mission -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a mission that received some rows, one of which was refused, and the same without it."""
    folder = tmp_path_factory.mktemp("prepared")
    more = "".join(f"{n},2017-11-02,shelling,36.10,32.62,a clinic,\n" for n in range(10, 30))
    bad = "5,2017-02-30,shelling,36.10,32.62,a clinic,\n"
    for name, text in {"clinic.yml": OWN, "good.csv": ROWS + more, "clinic.csv": ROWS + bad + more}.items():
        (folder / name).write_text(text, encoding="utf-8")
    Mission.init(folder / "watch", LAW).collect(folder / "clinic.yml", [folder / "clinic.csv"])
    return folder


@pytest.fixture
def mission(
    place: Path, prepared: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return the folder of that mission, beside the files it received; of its other copies nobody has seen a head."""
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path_factory.mktemp("state")))
    shutil.copytree(prepared, place, dirs_exist_ok=True)
    return place / "watch"


def test_a_mission_may_be_made_in_the_empty_folder_one_stands_in(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "new").mkdir()
    monkeypatch.chdir(place / "new")
    assert run("init", ".", "--agreement", LAW).exit_code == 0
    assert {path.name for path in Path.cwd().iterdir()} == {
        "mission.yml", "mandate.yml", "mission.key", "mission.sqlite", "received", "kept", "keys"
    }  # fmt: skip
    faulty(run("init", ".", "--agreement", LAW), "stands already")


@pytest.mark.parametrize("folder", ["clinic.csv", "clinic.csv/watch", "."])
def test_no_mission_is_made_where_something_stands(place: Path, folder: str) -> None:
    faulty(run("init", folder, "--agreement", LAW), folder)
    assert {path.name for path in place.iterdir()} == {"clinic.yml", "clinic.csv"}


def test_a_mission_that_could_not_be_made_is_not_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fdopen", _raising(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    faulty(run("init", "watch", "--agreement", LAW), "watch: cannot be written (No space left on device)")
    assert {path.name for path in place.iterdir()} == {"clinic.yml", "clinic.csv"}


def _one(mission: Path, pattern: str) -> Path:
    (path,) = (mission / "received").glob(pattern)
    return path


def _kept(mission: Path, text: str) -> Path:
    """Return the kept file that holds a text."""
    return next(path for path in (mission / "kept").iterdir() if text in path.read_text("utf-8", "replace"))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "mission.sqlite: is not there; restore it from a backup": lambda m: (m / "mission.sqlite").unlink(),
    "mission.sqlite: it is damaged; restore it from a backup": lambda m: (m / "mission.sqlite").write_bytes(
        b"junk" * 99
    ),
    "entry 3 cannot be read back": lambda m: _one(m, "*.sealed").unlink(),
    "it was altered; restore it from a backup), or collect clinic.csv again": lambda m: os.truncate(
        _one(m, "*.sealed"), 900
    ),
    "is no sealed batch of format 1": lambda m: _one(m, "*.sealed").write_bytes(b"junk" * 9),
    "is not what was kept": lambda m: _kept(m, "A clinic's list").write_bytes(b"junk"),
    "cannot be read (No such file or directory); restore it": lambda m: _kept(m, "A clinic's list").unlink(),
    "mission.key: cannot be read": lambda m: (m / "mission.key").unlink(),
    "mission.key: is not the key": lambda m: (m / "mission.key").write_bytes(b""),
    "or the mission's key is another": lambda m: (m / "mission.key").write_bytes(b"x" * 32),
    "mission.yml:1: names no agreement": lambda m: (m / "mission.yml").write_text("agreement: [x]\n"),
    "mission.yml:2: not-yaml": lambda m: (m / "mission.yml").write_text("agreement: [x\n"),
    "mission.yml:1: 'south-syria-2018' is neither": lambda m: (m / "mission.yml").write_text(
        "agreement: south-syria-2018\n"
    ),
    "mandate.yml: cannot be read": lambda m: (m / "mandate.yml").unlink(),
    "mandate.yml:1: unknown-power 'obsrve' is no power (did you mean 'observe'?)": lambda m: (
        m / "mandate.yml"
    ).write_text("may: [obsrve]\nstandard: reasonable-grounds\n"),
    "mandate.yml:2: unknown-key a mandate has no key 'standrad'": lambda m: (m / "mandate.yml").write_text(
        "may: [observe]\nstandrad: x\nstandard: reasonable-grounds\n"
    ),
    "mandate.yml:1: unknown-standard": lambda m: (m / "mandate.yml").write_text("standard: [x]\n"),
    "its mandate is not the one adopted": lambda m: (m / "mandate.yml").write_text(
        "may: [observe]\nstandard: reasonable-grounds\n"
    ),
    "its agreement is not the one adopted": lambda m: (m / "mission.yml").write_text("agreement: minsk-2015\n"),
}


@pytest.mark.parametrize("said", DAMAGES)
def test_a_damaged_mission_is_told_and_runs_no_further(mission: Path, said: str) -> None:
    DAMAGES[said](mission)
    faulty(run("run", mission), said)
    assert not (mission / "sitrep").exists()


def test_a_batch_that_was_lost_comes_back_with_its_file(mission: Path) -> None:
    assert run("run", mission, "--as-of", "3").exit_code == 0
    before = products(mission / "sitrep")
    _one(mission, "*.sealed").unlink()
    assert "0 claims new" in run("collect", mission, "clinic.yml", "clinic.csv").stdout
    assert run("run", mission, "--as-of", "3").exit_code == 0
    assert products(mission / "sitrep") == before


def _entries(mission: Path) -> int:
    with Mission.open(mission).record() as record:
        return record.number()


def test_an_entry_that_could_not_be_written_is_not_there(mission: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        context.setattr(os, "fsync", _raising(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        faulty(run("collect", mission, "clinic.yml", "good.csv"), "No space left on device")
    assert _entries(mission) == 3
    assert "entry 4" in run("collect", mission, "clinic.yml", "good.csv").stdout


def test_of_several_files_all_are_read_before_any_is_kept(mission: Path, place: Path) -> None:
    faulty(run("collect", mission, "clinic.yml", "clinic.csv", "nowhere.csv"), "nowhere.csv")
    assert _entries(mission) == 3


def test_refused_rows_are_counted_once_and_stay_told(mission: Path, place: Path) -> None:
    told = [json.loads(run("run", mission, "--json").stdout)]
    for name in ("good.csv", "clinic.csv", "good.csv"):
        run("collect", mission, "clinic.yml", name)
        told.append(json.loads(run("run", mission, "--json").stdout))
    assert [summary["rows_refused"] for summary in told] == [1, 1, 1, 1]
    assert len({summary["incidents"] for summary in told}) == 1


def test_rows_that_cannot_be_read_withdraw_nothing(mission: Path, place: Path) -> None:
    text = (place / "good.csv").read_text("utf-8")
    (place / "good.csv").write_text(text.replace("2017-10-03", "2017-10-33"), encoding="utf-8")
    done = run("collect", mission, "clinic.yml", "good.csv", "--whole")
    assert "none is withdrawn" in done.stderr and "withdrawn by" not in done.stdout
    assert {"1", "2", "3", "4"} <= set(Mission.open(mission).receipts().claims()["record"])


def test_a_sitrep_is_made_again_with_the_description_of_its_day(mission: Path, place: Path) -> None:
    run("run", mission, "--as-of", "3")
    before = products(mission / "sitrep")
    (place / "clinic.yml").write_text(OWN.replace("A clinic's list", "Another title"), encoding="utf-8")
    run("collect", mission, "clinic.yml", "clinic.csv")
    run("run", mission, "--as-of", "3")
    assert products(mission / "sitrep") == before
    run("run", mission)
    assert b"Another title" in products(mission / "sitrep")["sitrep.html"]


@pytest.mark.parametrize("as_of", ["0", "99", "yesterday", "2017-13", "²", ""])
def test_an_as_of_that_is_neither_entry_nor_day_is_a_wrong_call(mission: Path, as_of: str) -> None:
    faulty(run("run", mission, "--as-of", as_of), code=2)
    assert not (mission / "sitrep").exists()


def test_before_anything_was_received_there_is_nothing_to_tell(mission: Path) -> None:
    faulty(run("run", mission, "--as-of", "1999"), "there is nothing as of 1999: this record begins on", code=2)
    done = run("run", mission, "--as-of", "1")
    assert done.exit_code == 0 and "Nothing was received that could be assessed." in done.stdout
    made = products(mission / "sitrep")
    assert b"1970" not in made["sitrep.html"] + made["sitrep.md"] + made["findings.csv"]


@pytest.mark.parametrize("damage", ["remove", "junk", "shorten"])
def test_a_sitrep_that_lost_its_table_cannot_be_traced(place: Path, damage: str) -> None:
    assess("--out", "out")
    table = place / "out" / "findings.parquet"
    if damage == "remove":
        table.unlink()
    else:
        table.write_bytes(b"junk" * 9 if damage == "junk" else table.read_bytes()[:2000])
    faulty(run("trace", "out", "0"), "findings.parquet: cannot be read back")


# ---- the terminal ----------------------------------------------------------------------------------------------------


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script in which `tw` is this program."""
    program = "from trucewatch.cli import main; main(prog_name='trucewatch')"
    script = f'tw() {{ "{sys.executable}" -W error -c "{program}" "$@"; }}\n{script}'
    return subprocess.run(
        ["bash", "-c", script], env={**os.environ, **environment}, capture_output=True, check=False, timeout=120
    )


@pytest.fixture
def finding(place: Path) -> str:
    assess("--out", "out")
    return str(json.loads((place / "out" / "findings.geojson").read_text("utf-8"))["features"][0]["id"])


def test_whoever_has_seen_enough_may_stop_reading(finding: str) -> None:
    done = shell(f"tw trace out {finding} | head -1; tw trace out {finding} --json | true; tw trace out {finding} >&-")
    assert done.returncode == 0 and done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_a_terminal_without_these_letters_gets_their_numbers(finding: str) -> None:
    done = shell(f"tw trace out {finding}", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"") and b"\\u0639" in done.stdout
    for encoding in ("latin-1", "utf-8"):
        done = shell(f"tw trace out {finding} --json", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert json.loads(done.stdout.decode(encoding))["chain_to_line"][0]["office"] == "عيادة"


def test_what_stands_in_a_report_steers_no_terminal(finding: str) -> None:
    told = run("trace", "out", finding).stdout
    assert "He said: \ufffd[31mfire" in told and "\x1b" not in told
    assert trace("out", finding)["chain_to_line"][0]["text"].startswith("He said: \x1b[31m")


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes")
def test_who_presses_control_c_while_a_file_is_read_leaves_nothing(place: Path) -> None:
    os.mkfifo(place / "pipe.csv")
    program = "from trucewatch.cli import main; main(prog_name='trucewatch')"
    words = ["assess", "pipe.csv", "--source", "clinic.yml", "--agreement", LAW, "--out", "out"]
    # As at a terminal: what runs in the background of a script is deaf to it, and so are its children.
    with subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as running:  # fmt: skip
        try:
            pipe = _open_when_read(place / "pipe.csv")
            running.send_signal(signal.SIGINT)
            told, complained = running.communicate(timeout=60)
            os.close(pipe)
        finally:
            running.kill()
    assert (running.returncode, told, complained.strip()) == (1, b"", b"Aborted!")
    assert {path.name for path in place.iterdir()} == {"clinic.yml", "clinic.csv", "pipe.csv"}


def _open_when_read(pipe: Path) -> int:
    """Open a pipe for writing as soon as somebody reads it."""
    until = time.monotonic() + 60
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as fault:
            if fault.errno != errno.ENXIO or time.monotonic() > until:
                raise
            time.sleep(0.05)
