"""Hashtags: tags that the standard's own library reads, above the same rows as in the plain table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.sitreps.hashtags import HASHTAGS, findings_hxl
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.tables import FINDINGS, FOR_PROGRAMS, findings_csv, findings_table

DAY: dict[str, Any] = {
    "earliest": datetime(2018, 6, 2, 21, tzinfo=UTC),
    "latest": datetime(2018, 6, 3, 21, tzinfo=UTC),
}
# The hashtags of HXL 1.1 that stand here.
CORE = {"#event", "#status", "#description", "#date", "#loc", "#region", "#geo", "#affected", "#cause", "#meta"}


@pytest.fixture
def published(tell: Callable[..., Told], with_told: Callable[..., Figures]) -> Figures:
    vague = {"lon": None, "lat": None, "radius_m": None}
    return with_told(tell("a1", "violation", **DAY), tell("b2", **DAY, place_kind="unplaced", **vague))


def rows(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))


def test_every_column_has_a_tag_of_its_own_that_parses() -> None:
    assert [*HASHTAGS] == [name for name in FINDINGS if name not in FOR_PROGRAMS]
    columns = [hxl.Column.parse(tag, use_exception=True) for tag in HASHTAGS.values()]
    assert [column.display_tag for column in columns] == [*HASHTAGS.values()]
    assert len(set(HASHTAGS.values())) == len(HASHTAGS)
    assert {tag.partition("+")[0] for tag in HASHTAGS.values()} == CORE


def test_others_read_it_as_hxl(published: Figures) -> None:
    raw = findings_hxl(findings_table(published))
    read = hxl.data(rows(raw))
    assert read.headers == [*HASHTAGS]
    assert read.display_tags == [*HASHTAGS.values()]
    told = [row.values for row in read]
    assert [row[0] for row in told] == ["a1", "b2"]


def test_without_the_tags_it_is_the_plain_table(published: Figures) -> None:
    table = findings_table(published)
    head, tags, *told = rows(findings_hxl(table))
    assert tags == [*HASHTAGS.values()]
    assert [head, *told] == rows(findings_csv(table))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from("=+-@\t\r\n"), rest=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_no_cell_is_run(tell: Callable[..., Told], with_told: Callable[..., Figures], start: str, rest: str) -> None:
    figures = with_told(tell("a1", report={"source": start + rest, "record": start + rest}, **DAY))
    _, _, row = rows(findings_hxl(findings_table(figures)))
    assert not [text for text in row if text.startswith(tuple("=+-@\t\r\n"))]
    assert "'" + start + rest in row


def test_without_findings_the_tags_stay(with_told: Callable[..., Figures]) -> None:
    assert rows(findings_hxl(findings_table(with_told()))) == [[*HASHTAGS], [*HASHTAGS.values()]]


def test_every_tag_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "products.md").read_text("utf-8")
    assert [name for name, tag in HASHTAGS.items() if f"| `{name}` | `{tag}` |" not in text] == []
