"""The command line, as a user meets it: one clear line for every fault, and exit codes that mean something."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from tests.missions import run

HEADER = (
    "id,type_of_violence,side_a,side_b,source_article,source_office,source_headline,source_original,where_prec,"
    "where_coordinates,adm_1,latitude,longitude,country,date_start,date_end,deaths_civilians,low,high"
)


def event(number: int, **told: str) -> str:
    row = {
        "id": str(number), "type_of_violence": "1", "side_a": "Government of Syria", "side_b": "Syrian insurgents",
        "source_article": "", "source_office": "SOHR", "source_headline": "a headline", "source_original": "SOHR",
        "where_prec": "1", "where_coordinates": "Daraa town", "adm_1": "Daraa Governorate", "latitude": "32.62",
        "longitude": "36.10", "country": "Syria", "date_start": "2017-09-01", "date_end": "2017-09-01",
        "deaths_civilians": "0", "low": "1", "high": "1", **told,
    }  # fmt: skip
    return ",".join(row.values())


GOOD = [event(n) for n in range(1, 41)]


def write(folder: Path, *rows: str, name: str = "events.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def assess(path: Path, out: Path, *more: str) -> Result:
    return run("assess", path, "--source", "ucdp", "--agreement", "south-syria-2017", "--out", out, *more)


# ---- what goes well --------------------------------------------------------------------------------------------------


def test_a_file_becomes_a_sitrep(tmp_path: Path) -> None:
    done = assess(write(tmp_path, *GOOD), tmp_path / "out")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "40 findings are assessed as inconsistent" in done.stdout and "40 rows read, 0 refused" in done.stdout
    assert (tmp_path / "out" / "sitrep.html").exists()


def test_a_program_reads_json(tmp_path: Path) -> None:
    path = write(tmp_path, *GOOD)
    told = json.loads(assess(path, tmp_path / "out", "--json").stdout)
    assert told == json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    id_ = json.loads((tmp_path / "out" / "findings.geojson").read_text(encoding="utf-8"))["features"][0]["id"]
    assert json.loads(run("trace", tmp_path / "out", id_, "--json").stdout)["finding"] == id_
    assert json.loads(run("check", "south-syria-2017", "--json").stdout)["problems"] == []


def test_a_mission_from_the_command_line(tmp_path: Path) -> None:
    watch, path = tmp_path / "watch", write(tmp_path, *GOOD)
    assert run("init", watch, "--agreement", "south-syria-2017").exit_code == 0
    (entry,) = json.loads(run("collect", watch, "ucdp", path, "--json").stdout)
    assert (entry["number"], entry["rows_read"], entry["new"]) == (3, 40, 40)
    assert "40 findings are assessed as inconsistent" in run("run", watch).stdout
    assert run("run", watch, "--as-of", "7").exit_code != 0


def test_a_mission_asks_what_flips_for_its_own_sitrep_and_for_no_other(tmp_path: Path) -> None:
    watch, out = tmp_path / "watch", tmp_path / "out"
    run("init", watch, "--agreement", "south-syria-2017")
    run("collect", watch, "ucdp", write(tmp_path, event(1)))
    done = run("run", watch, "--readings", "--format", "md", "--out", out)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "What flips between the parties’ readings: " in (out / "sitrep.md").read_text("utf-8")
    assert "What flips" not in run("run", watch, "--format", "md", "--out", out).output
    assert "What flips" not in (out / "sitrep.md").read_text("utf-8")
    outside = run("run", watch, "--readings", "--audience", "public", "--out", tmp_path / "public")
    assert (outside.exit_code, (tmp_path / "public").exists()) == (2, False)
    assert "not for public" in outside.stderr


def test_formats_stand_beside_the_usual_ones_and_are_known_before_anything_is_done(tmp_path: Path) -> None:
    done = run("demo", "--out", tmp_path / "demo", "--format", "json", "--lang", "ar", "--lang", "en")
    assert done.exit_code == 0
    usual = {"sitrep.html", "sitrep.md", "findings.csv", "findings.parquet", "findings.geojson", "summary.json"}
    written = {path.name for path in (tmp_path / "demo").iterdir()}
    assert written == usual | {"sitrep.ar.html", "sitrep.ar.md", "findings.json"}
    for words in (["demo"], ["run", tmp_path / "demo-mission"]):
        wrong = run(*words, "--out", tmp_path / "other", "--format", "pfd")
        assert wrong.exit_code == 2 and "did you mean 'pdf'" in wrong.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "demo-mission", "demo-simulation"]


def test_byte_order_marks_and_crlf_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([HEADER, *GOOD]).encode())
    assert "40 rows read, 0 refused" in assess(path, tmp_path / "out").stdout


def test_a_file_of_another_country_reads_whole(tmp_path: Path) -> None:
    abroad = event(1, country="Angola", adm_1="Cuanza Sul", latitude="-11.2", longitude="13.8")
    done = assess(write(tmp_path, abroad), tmp_path / "out")
    assert (done.exit_code, done.stderr) == (0, "") and "1 row read, 0 refused" in done.stdout


# ---- file faults -----------------------------------------------------------------------------------------------------


def _truncated(folder: Path) -> Path:
    path = folder / "events.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *GOOD]).encode())[:-40])
    return path


def _nul(folder: Path) -> Path:
    path = write(folder, *GOOD)
    path.write_bytes(path.read_bytes().replace(b"Daraa town", b"Daraa\0town", 1))
    return path


def _empty(folder: Path) -> Path:
    path = folder / "events.csv"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "nowhere.csv", "cannot be read"),
        (lambda folder: folder, ""),
        (_empty, "is empty"),
        (_truncated, "truncated"),
        (_nul, "NUL"),
        (lambda folder: write(folder, "1,2,3", header="a,b,c"), "is not a file of the source 'ucdp'"),
        (lambda folder: write(folder, HEADER, *GOOD), "header"),
        (lambda folder: write(folder, *GOOD, header=HEADER.replace("low,high", "low,low")), "low"),
    ],
    ids=["missing", "a folder", "empty", "truncated", "nul", "another source", "header twice", "column twice"],
)
def test_a_fault_of_the_file_stops_with_one_line_and_leaves_nothing(make: object, said: str, tmp_path: Path) -> None:
    assert callable(make)
    folder = tmp_path / "in"
    folder.mkdir()
    path = make(folder)
    done = assess(path, tmp_path / "out")
    assert done.exit_code == 1
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert path.name in done.stderr and said in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


# ---- row faults ------------------------------------------------------------------------------------------------------

FAULTS = {
    "latitude 91": {"latitude": "91"},
    "not a number": {"longitude": "NaN"},
    "a day that never was": {"date_start": "2017-02-30"},
    "a year too far": {"date_start": "20177-09-01"},
    "an end before the start": {"date_end": "2017-08-01"},
    "latitude and longitude swapped": {"latitude": "36.10", "longitude": "32.62"},
    "a field of a megabyte": {"source_headline": "x" * 1_100_000},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_row_that_cannot_be_is_left_out_and_told(fault: str, tmp_path: Path) -> None:
    path = write(tmp_path, *GOOD[:20], event(99, **FAULTS[fault]), *GOOD[20:])
    done = assess(path, tmp_path / "out")
    assert done.exit_code == 0
    assert "41 rows read, 1 refused" in done.stdout
    assert "events.csv:22:" in done.stderr and "Traceback" not in done.stderr
    assert "40 findings are assessed as inconsistent" in done.stdout
    assert assess(path, tmp_path / "strict", "--strict").exit_code == 1


def test_passing_the_refusal_limit_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, *GOOD, *(event(n, latitude="91") for n in range(90, 94)))
    done = assess(path, tmp_path / "out")
    assert done.exit_code == 1 and "5%" in done.stderr


# ---- law, places and calls -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["assess", "x.csv"],
        ["assess", "--source", "ucdp"],
        ["nonsense"],
        ["run", "x", "--audience", "everybody"],
        ["trace", "x"],
    ],
)
def test_a_wrong_call_exits_with_two(words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_a_fault_of_the_agreement_is_told_by_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "law"
    folder.mkdir()
    text = "format: 1\nagreement: law\ntimezone: UTC\ntitel: {en: A law}\nclauses:\n  C1:\n\ttext: x\n"
    (folder / "agreement.yml").write_text(text)
    done = run("check", folder)
    assert done.exit_code == 1 and f"{folder / 'agreement.yml'}:7: not-yaml" in done.stdout
    (folder / "agreement.yml").write_text(text.split("clauses:", maxsplit=1)[0])
    done = run("check", folder)
    assert done.exit_code == 1 and "agreement.yml:4: unknown-key" in done.stdout and "'title'" in done.stdout


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    done = assess(write(tmp_path, *GOOD), tmp_path / "mine")
    assert done.exit_code == 1 and "mine" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    path = write(tmp_path, *GOOD)
    assert [assess(path, tmp_path / "out").exit_code for _ in range(2)] == [0, 0]


def test_what_cannot_be_understood_is_told_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, *GOOD)
    for more in (["--period", "2017-13"], ["--reading", "stict"], ["--period", "last week"]):
        done = assess(path, tmp_path / "out", *more)
        assert done.exit_code in (1, 2) and done.stderr.count("\n") == 1, more
        assert not (tmp_path / "out").exists()


def _shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).parent / "trucewatch")
    env = {**os.environ, "TW": command}
    return subprocess.run(["sh", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_help_comes_without_the_route() -> None:
    code = "import sys, trucewatch.cli; sys.exit(any(name in sys.modules for name in ('polars', 'shapely', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_reader_who_has_seen_enough_hears_no_complaint(tmp_path: Path) -> None:
    write(tmp_path, *GOOD)
    done = _shell('"$TW" --help | head -1', tmp_path)
    assert "Traceback" not in done.stderr and done.stdout.startswith("Usage")


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    write(tmp_path, *GOOD)
    (tmp_path / "file").write_text("no folder")
    done = assess(tmp_path / "events.csv", tmp_path / "file" / "out")
    assert done.exit_code == 1 and done.stderr.count("\n") == 1 and "file" in done.stderr
