"""The monthly chart: bars as high as their numbers, time from left to right in every language."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.charts import chart_of, draw_chart
from trucewatch.sitreps.languages import Language, language_of
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.style import Style


@pytest.fixture(scope="module", params=["en", "ar"])
def language(request: pytest.FixtureRequest, agreement: Agreement) -> Language:
    return language_of(request.param, agreement, Style(), "public")


def months(numbers: list[int]) -> dict[str, int]:
    return {f"{2016 + at // 12}-{at % 12 + 1:02d}": number for at, number in enumerate(numbers)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(0, 40_000), min_size=1, max_size=60))
def test_bars_are_as_high_as_their_numbers(
    numbers: list[int], figures: Figures, agreement: Agreement, language: Language
) -> None:
    chart = chart_of(replace(figures, by_month=months(numbers)), agreement, language)
    assert chart is not None and [bar.number for bar in chart.bars] == numbers
    top = max(number for _, number in chart.lines)
    assert top >= max(numbers)
    room = chart.floor - min(y for y, _ in chart.lines)
    for bar in chart.bars:
        assert bar.height == pytest.approx(room * bar.number / top, abs=0.11)
        assert bar.y + bar.height == pytest.approx(chart.floor, abs=0.11)
    assert [bar.x for bar in chart.bars] == sorted(bar.x for bar in chart.bars)
    ElementTree.fromstring(draw_chart(chart, language))


def test_days_of_coming_into_force_are_marked(figures: Figures, agreement: Agreement, language: Language) -> None:
    chart = chart_of(replace(figures, by_month={"2017-07": 5, "2017-08": 2}), agreement, language)
    assert chart is not None and len(chart.marks) == 1
    written = draw_chart(chart, language)
    assert (">in force, 9 July 2017<" if language.code == "en" else ">بدء النفاذ، 9 تموز/يوليو 2017<") in written


def test_where_no_month_was_counted_there_is_no_chart(
    figures: Figures, agreement: Agreement, language: Language
) -> None:
    assert chart_of(replace(figures, by_month={}), agreement, language) is None


def test_months_are_named_as_far_as_there_is_room(figures: Figures, agreement: Agreement) -> None:
    english, arabic = (language_of(code, agreement, Style(), "public") for code in ("en", "ar"))

    def letters(length: int, language: Language) -> list[str]:
        chart = chart_of(replace(figures, by_month=months([1] * length)), agreement, language)
        assert chart is not None
        return [bar.letters for bar in chart.bars][:3]

    assert letters(3, english) == ["Jan", "Feb", "Mar"]
    assert letters(16, english) == ["J", "F", "M"]
    assert letters(3, arabic) == ["1", "2", "3"]
    assert re.fullmatch(r"\d", letters(16, arabic)[0])
