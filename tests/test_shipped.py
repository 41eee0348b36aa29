"""Shipped: what comes with Trucewatch can be opened, and what does not is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from trucewatch.problems import TrucewatchError
from trucewatch.shipped import find_agreement, find_simulation, open_agreement, open_source, shipped


@pytest.mark.parametrize("name", sorted(path.stem for path in shipped("sources").glob("*.yml")))
def test_the_shipped_sources_can_be_opened(name: str) -> None:
    assert open_source(name).id == name


def test_what_is_not_there_is_told_with_the_nearest_name() -> None:
    for look, wrong, near in (
        (find_agreement, "south-siria-2017", "south-syria-2017"),
        (open_source, "ucpd", "ucdp"),
        (find_simulation, "south-syria-dem", "south-syria-demo"),
    ):
        with pytest.raises(TrucewatchError, match=f"did you mean '{near}'"):
            look(wrong)


def test_an_agreement_with_faults_is_opened_for_nobody(tmp_path: Path) -> None:
    shutil.copytree(shipped("agreements") / "south-syria-2017", tmp_path / "agreement")
    with (tmp_path / "agreement" / "agreement.yml").open("a", encoding="utf-8") as file:
        file.write("timezon: UTC\n")
    with pytest.raises(TrucewatchError, match="unknown-key"):
        open_agreement(tmp_path / "agreement")
