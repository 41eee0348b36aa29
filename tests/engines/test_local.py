"""The local engine: batches in threads, in order, whatever their number."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.assessment.test_dockets import agreement_of, random_accounts
from trucewatch.assessment.dockets import docket_of
from trucewatch.engines.local import assess_batches, batches_of
from trucewatch.kernels.compiled import is_fast_available
from trucewatch.problems import TrucewatchError

NAME = "donbas-2020"


@pytest.fixture(scope="module")
def accounts() -> pl.DataFrame:
    told, evidence = random_accounts(agreement_of(NAME), 600, 21)
    return told.join(evidence, on="incident", maintain_order="left")


@pytest.mark.parametrize(("threads", "rows"), [(1, 600), (2, 50), (3, 170)])
def test_threads_and_the_size_of_batches_change_nothing(accounts: pl.DataFrame, threads: int, rows: int) -> None:
    whole = docket_of(agreement_of(NAME), fast=is_fast_available())
    expected = whole.judge(accounts)
    asked = docket_of(agreement_of(NAME), fast=is_fast_available())
    parts = assess_batches((accounts.slice(first, rows) for first in range(0, 600, rows)), asked, threads)
    found = pl.concat(
        part.with_columns((pl.col("row") + number * rows).cast(pl.UInt32)) for number, part in enumerate(parts)
    )
    assert found.equals(expected)
    assert asked.judgements.equals(whole.judgements)


def test_few_batches_are_held_at_a_time(accounts: pl.DataFrame) -> None:
    taken = 0

    def coming() -> object:
        nonlocal taken
        for first in range(0, 600, 30):
            taken += 1
            yield accounts.slice(first, 30)

    asked = docket_of(agreement_of(NAME), fast=is_fast_available())
    for given, _ in enumerate(assess_batches(coming(), asked, threads=2)):  # type: ignore[arg-type]
        assert taken <= given + 3


def test_a_parquet_file_is_read_in_batches(accounts: pl.DataFrame, tmp_path: Path) -> None:
    accounts.write_parquet(tmp_path / "accounts.parquet", row_group_size=100)
    batches = list(batches_of(tmp_path / "accounts.parquet", rows=250))
    assert [batch.height for batch in batches] == [250, 250, 100]
    assert pl.concat(batches).equals(accounts)
    (narrow,) = batches_of(tmp_path / "accounts.parquet", columns=["incident", "act"])
    assert narrow.columns == ["incident", "act"]


def test_what_is_no_parquet_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("no table")
    with pytest.raises(TrucewatchError, match="cannot be read as a Parquet table of accounts"):
        list(batches_of(tmp_path / "x.parquet"))
