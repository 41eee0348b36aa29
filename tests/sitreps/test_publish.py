"""Publish: a sitrep's folder stands whole or not at all, and never in the place of somebody else's."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.sitreps import publish as publishing
from trucewatch.sitreps.document import document_of
from trucewatch.sitreps.markdown import render_markdown
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.publish import FORMATS, PRODUCTS, SUMMARY, check_place, is_sitrep, products, publish
from trucewatch.sitreps.style import Style
from trucewatch.sitreps.tables import findings_csv, findings_geojson, findings_parquet, findings_table, summary_json

ROOT = Path(__file__).parents[2]
DAY: dict[str, Any] = {
    "earliest": datetime(2018, 6, 2, 21, tzinfo=UTC),
    "latest": datetime(2018, 6, 3, 21, tzinfo=UTC),
}


@pytest.fixture
def made(tell: Callable[..., Told], with_told: Callable[..., Figures]) -> Figures:
    """Return figures whose findings have their time, as every table wants it."""
    return with_told(tell("aa01", "violation", **DAY), tell("bb02", **DAY))


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return everything below a folder; None for a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_it_writes_the_products_and_nothing_else(made: Figures, agreement: Agreement, tmp_path: Path) -> None:
    out = tmp_path / "to be made" / "sitrep"
    paths = publish(made, agreement, out)
    assert paths == tuple(out / name for name in PRODUCTS)
    assert sorted(contents(tmp_path)) == sorted(
        ["to be made", "to be made/sitrep", *(f"to be made/sitrep/{name}" for name in PRODUCTS)]
    )
    assert is_sitrep(out)


def test_each_product_holds_what_its_maker_makes(made: Figures, agreement: Agreement, tmp_path: Path) -> None:
    publish(made, agreement, tmp_path / "s")
    written = contents(tmp_path / "s")
    assert written["findings.csv"] == findings_csv(findings_table(made))
    assert written["findings.geojson"] == findings_geojson(made, agreement)
    assert written["sitrep.md"] == render_markdown(document_of(made, agreement)).encode()
    assert written[SUMMARY] == summary_json(made)
    assert written["findings.parquet"] == findings_parquet(made, agreement)
    assert b"\r" not in (written["sitrep.html"] or b"\r")


def test_the_same_figures_give_the_same_bytes(made: Figures, agreement: Agreement, tmp_path: Path) -> None:
    for name in ("one", "other"):
        publish(made, agreement, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_it_writes_what_is_asked_for(made: Figures, agreement: Agreement, tmp_path: Path) -> None:
    paths = publish(made, agreement, tmp_path / "s", formats=("pdf", "csv"), languages=("ar", "en"))
    assert [path.name for path in paths] == ["sitrep.ar.pdf", "sitrep.pdf", "findings.csv"]
    assert set(contents(tmp_path / "s")) == {path.name for path in paths}
    every = publish(made, agreement, tmp_path / "all", formats=FORMATS, languages=("en", "ar"))
    assert [path.name for path in every] == list(products(FORMATS, ("en", "ar"))) and len(every) == 4 * 2 + 7
    assert set(contents(tmp_path / "all")) == {path.name for path in every}
    assert is_sitrep(tmp_path / "all")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"formats": ("html", "pfd")}, "'pfd' is no format; did you mean 'pdf'?"),
        ({"languages": ("xx",)}, "xx"),
        ({"languages": ()}, "at least one language"),
        ({"kind": "yearly"}, "'yearly' is no kind of sitrep"),
        ({"formats": ("xlsx",), "style": Style(columns=("sentense",))}, "'sentense' is no column.*'sentence'"),
    ],
)
def test_what_there_is_not_cannot_be_asked_for(
    made: Figures, agreement: Agreement, tmp_path: Path, asked: dict[str, Any], why: str
) -> None:
    with pytest.raises(WrongCall, match=why):
        publish(made, agreement, tmp_path / "s", **asked)
    assert not contents(tmp_path)


@pytest.mark.parametrize(
    ("word", "library"),
    [("pdf", "typst"), ("pdf", "pymupdf_fonts"), ("docx", "docx"), ("xlsx", "xlsxwriter"), ("hxl", "hxl")],
)
def test_a_library_that_is_not_there_is_named(
    made: Figures, agreement: Agreement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, library: str
) -> None:
    for name in ("pdf", "faces", "office", "spreadsheet", "hashtags"):
        monkeypatch.delitem(sys.modules, f"trucewatch.sitreps.{name}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(TrucewatchError, match=rf'{word}: {library}.* pip install "trucewatch\[office\]"'):
        publish(made, agreement, tmp_path / "s", formats=("html", word))
    assert not contents(tmp_path)


def test_without_its_library_there_is_no_provenance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "trucewatch.sitreps.provenance", raising=False)
    monkeypatch.setitem(sys.modules, "prov", None)
    monkeypatch.setitem(sys.modules, "prov.constants", None)
    with pytest.raises(TrucewatchError, match=r'provenance: prov.* pip install "trucewatch\[office\]"'):
        publishing.provenance({})


def test_a_fault_of_the_program_is_not_called_a_missing_library(
    made: Figures, agreement: Agreement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "trucewatch.sitreps.pdf", raising=False)
    monkeypatch.setitem(sys.modules, "trucewatch.sitreps.faces", None)
    with pytest.raises(ModuleNotFoundError, match="faces"):
        publish(made, agreement, tmp_path / "s", formats=("pdf",))


def test_a_thematic_sitrep_has_tables_of_its_topic_alone(
    tell: Callable[..., Told], with_told: Callable[..., Figures], agreement: Agreement, tmp_path: Path
) -> None:
    figures = with_told(tell("aa01", **DAY), replace(tell("bb02", **DAY), clause="C2"))
    publish(figures, agreement, tmp_path / "s", formats=("csv", "summary"), kind="thematic", topic="C2")
    written = contents(tmp_path / "s")
    assert b"bb02" in (written["findings.csv"] or b"") and b"aa01" not in (written["findings.csv"] or b"")
    assert json.loads(written[SUMMARY] or b"")["findings"]["undetermined"] == 1


ELSEWHERE = """
import os, pickle, sys, time, locale
from pathlib import Path
from trucewatch.sitreps.publish import FORMATS, publish
os.umask(int(os.environ["MASK"], 8))
figures, agreement = pickle.loads(Path(sys.argv[1]).read_bytes())
publish(figures, agreement, Path("out"), formats=FORMATS, languages=("en", "ar"))
"""


@pytest.mark.parametrize(
    "place",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "MASK": "077", "PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": "1"},
        {"TZ": "America/Adak", "LC_ALL": "C.UTF-8", "LANG": "ar_SY.UTF-8", "MASK": "002", "PYTHONHASHSEED": "2"},
    ],
)
def test_wherever_it_is_made_the_bytes_are_the_same(
    made: Figures, agreement: Agreement, tmp_path: Path, place: dict[str, str]
) -> None:
    folder = tmp_path / place["TZ"].replace("/", " ")
    folder.mkdir()
    (tmp_path / "figures").write_bytes(pickle.dumps((made, agreement)))
    call = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "figures")]
    environment = {**os.environ, **place, "HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    subprocess.run(call, cwd=folder, env=environment, check=True, timeout=300)
    publish(made, agreement, tmp_path / "here", formats=FORMATS, languages=("en", "ar"))
    here, there = contents(tmp_path / "here"), contents(folder / "out")
    assert {name for name in here if here[name] != there[name]} == set()
    assert [path.name for path in folder.iterdir()] == ["out"]
    assert not [name for name in here if str(tmp_path).encode() in (here[name] or b"")]


def test_its_own_folder_is_replaced_whole(made: Figures, agreement: Agreement, tmp_path: Path) -> None:
    publish(made, agreement, tmp_path / "s")
    publish(made, agreement, tmp_path / "fresh")
    earlier = contents(tmp_path / "s")
    later = replace(made, title="Another ceasefire", told=())
    publish(later, agreement, tmp_path / "s")
    publish(later, agreement, tmp_path / "anew")
    assert contents(tmp_path / "s") == contents(tmp_path / "anew") != earlier
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anew", "fresh", "s"]


def test_an_empty_folder_may_be_filled(made: Figures, agreement: Agreement, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    publish(made, agreement, tmp_path / "s")
    assert is_sitrep(tmp_path / "s")


@pytest.mark.parametrize(
    "stranger",
    [
        {"letters.txt": "dear all"},
        {SUMMARY: '{"made_by": "somebody else"}'},
        {SUMMARY: "[1, 2]"},
        {SUMMARY: "not json"},
        {SUMMARY: '{"made_by": "trucewatch"}', "my notes.txt": "kept beside the sitrep"},
    ],
)
def test_a_folder_of_somebody_else_is_left_as_it_is(
    made: Figures, agreement: Agreement, tmp_path: Path, stranger: dict[str, str]
) -> None:
    (tmp_path / "s").mkdir()
    for name, text in stranger.items():
        (tmp_path / "s" / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(TrucewatchError, match="is not a sitrep of Trucewatch"):
        publish(made, agreement, tmp_path / "s")
    assert contents(tmp_path) == before


def test_a_file_is_left_as_it_is(made: Figures, agreement: Agreement, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a letter")
    with pytest.raises(TrucewatchError, match="is no folder"):
        publish(made, agreement, tmp_path / "s")
    assert contents(tmp_path) == {"s": b"a letter"}


@pytest.mark.parametrize("target", ["a sitrep", "nothing"])
def test_a_link_is_not_followed(made: Figures, agreement: Agreement, tmp_path: Path, target: str) -> None:
    publish(made, agreement, tmp_path / "a sitrep")
    (tmp_path / "s").symlink_to(tmp_path / target, target_is_directory=True)
    before = contents(tmp_path / "a sitrep")
    with pytest.raises(TrucewatchError, match="is a link"):
        publish(replace(made, told=()), agreement, tmp_path / "s")
    assert (tmp_path / "s").is_symlink()
    assert contents(tmp_path / "a sitrep") == before


def test_the_folder_one_stands_in_is_not_pulled_away(
    made: Figures, agreement: Agreement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(made, agreement, tmp_path / "s")
    monkeypatch.chdir(tmp_path / "s")
    for way in (Path("."), tmp_path / "s", Path("../s")):
        with pytest.raises(TrucewatchError, match="the folder you stand in"):
            check_place(way)
    publish(made, agreement, Path("inside"))
    assert is_sitrep(tmp_path / "s" / "inside")


@pytest.mark.parametrize("is_there_already", [False, True])
def test_what_fails_halfway_leaves_nothing_behind(
    made: Figures, agreement: Agreement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there_already: bool
) -> None:
    if is_there_already:
        publish(made, agreement, tmp_path / "s")
    before = contents(tmp_path)

    def full_disk(*_: object) -> bytes:
        raise OSError(28, os.strerror(28))

    for maker in ("render_page", "findings_geojson", "summary_json"):
        with monkeypatch.context() as patch:
            patch.setattr(publishing, maker, full_disk)
            with pytest.raises(TrucewatchError, match=r"s: cannot be written \(No space left on device\)"):
                publish(replace(made, told=()), agreement, tmp_path / "s")
        assert contents(tmp_path) == before


def test_where_the_new_folder_cannot_be_put_the_old_one_comes_back(
    made: Figures, agreement: Agreement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(made, agreement, tmp_path / "s")
    before = contents(tmp_path)
    rename = Path.rename

    def refuse_the_new(self: Path, target: Path) -> Path:
        if self.name == "made":
            raise PermissionError(13, os.strerror(13))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(TrucewatchError, match="Permission denied"):
        publish(replace(made, told=()), agreement, tmp_path / "s")
    assert contents(tmp_path) == before
