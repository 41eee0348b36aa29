"""Adoptions: what a mission works with is kept whole, and what differs from it is named."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from trucewatch.mandates import TEMPLATE
from trucewatch.problems import TrucewatchError
from trucewatch.record.adoptions import (
    AGREEMENT,
    MANDATE,
    Adoption,
    changed,
    differences,
    lay_out,
    refuse_changed,
    standing,
    versions,
)
from trucewatch.record.entries import Entry
from trucewatch.shipped import open_agreement


class Shelf(dict[str, bytes]):
    """Files by their SHA-256."""

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self[digest] = data
        return digest


def entry(number: int, content: dict[str, Any]) -> Entry:
    return Entry(number, "adopted", datetime(2026, 1, number, tzinfo=UTC), content)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def now(tmp_path: Path, shelf: Shelf) -> dict[str, Any]:
    (tmp_path / "mandate.yml").write_text(TEMPLATE)
    return standing(tmp_path, open_agreement("south-syria-2017"), shelf.put)


def test_versions_are_those_installed_of_all_that_it_runs_with() -> None:
    told = versions()
    assert told["trucewatch"] == version("trucewatch") and told["polars"] == version("polars")
    assert told["cffi"] == version("cffi")  # not asked for by us, but by what we ask for
    assert list(told) == sorted(told) and "pytest" not in told


def test_what_was_adopted_last_of_each_thing_stands(now: dict[str, Any]) -> None:
    assert changed(Adoption.of((entry(1, now),)), now) == ()
    later = Adoption.of((entry(1, now), entry(2, {MANDATE: {"mandate.yml": "0" * 64}, "source": "acled"})))
    assert changed(later, now) == (MANDATE,) and later.sources == {"acled"}
    assert changed(Adoption.of((entry(1, now),)), {**now, "versions": {}}) == ("versions",)
    assert set(changed(Adoption(), now)) == {"agreement", "mandate", "weights", "levels", "versions"}


def test_an_agreement_is_laid_out_as_it_was_adopted(now: dict[str, Any], shelf: Shelf, tmp_path: Path) -> None:
    place = lay_out(Adoption.of((entry(1, now),)), shelf.__getitem__, tmp_path / "out")
    before, after = open_agreement("south-syria-2017"), open_agreement(place)
    assert after.id == before.id and list(after.clauses) == list(before.clauses)
    assert {path.name for path in place.iterdir()} == {path.name for path in before.folder.iterdir()}
    assert (tmp_path / "out" / "mandate.yml").read_text() == TEMPLATE


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_an_agreement_never_leaves_its_folder(now: dict[str, Any], shelf: Shelf, tmp_path: Path, name: str) -> None:
    digest = shelf.put(b"x")
    with pytest.raises(TrucewatchError, match="outside itself"):
        lay_out(Adoption.of((entry(1, {**now, AGREEMENT: {name: digest}}),)), shelf.__getitem__, tmp_path / "out")


def test_what_is_not_as_adopted_is_refused_with_what_to_do(now: dict[str, Any], tmp_path: Path) -> None:
    adopted = Adoption.of((entry(1, now),))
    refuse_changed(tmp_path, adopted, now)
    for part in (AGREEMENT, MANDATE):
        with pytest.raises(TrucewatchError, match=rf"its {part} is not the one adopted.*trucewatch adopt .* --by ROLE"):
            refuse_changed(tmp_path, adopted, {**now, part: {}})


def test_each_thing_that_differs_is_listed_with_both_versions(now: dict[str, Any]) -> None:
    adopted = Adoption.of((entry(1, now),))
    assert differences(adopted, now, 1) == ()
    after = {**now, "versions": {**now["versions"], "polars": "0.1", "new": "1"}, "weights": {"links.yml": "f" * 64}}
    told = [problem.message for problem in differences(adopted, after, 7)]
    assert [line.split(" was ")[0] for line in told] == ["new", "polars", "weights links.yml"]
    assert told[0] == "new was not there then, and is 1 now" and told[2].endswith("is ffffffffffff now")
