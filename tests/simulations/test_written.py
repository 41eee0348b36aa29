"""The folder of a simulation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from trucewatch.simulations.written import table, utc, write_text


def test_a_table_leaves_cells_empty_that_a_row_lacks() -> None:
    assert table(["id", "place", "text"], [{"id": "1", "text": "a, b"}, {"id": "2", "place": "x"}]) == (
        'id,place,text\n1,,"a, b"\n2,x,\n'
    )


def test_the_same_bytes_everywhere(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "سيم\n")
    assert (tmp_path / "a.txt").read_bytes() == "سيم\n".encode()
    assert utc(datetime(2018, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2018-01-02T03:04:05Z"
