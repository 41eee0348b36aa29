"""The map of a sitrep: to scale, in a fixed frame, never a pin."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import shapely

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps import map as the_map
from trucewatch.sitreps.languages import language_of
from trucewatch.sitreps.map import Caption, caption_of, tell_caption
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.style import Style

Tell = Callable[..., Told]
WithTold = Callable[..., Figures]
VAGUE: dict[str, Any] = {"lon": None, "lat": None, "radius_m": None}


def draw_map(figures: Figures, agreement: Agreement, is_small: bool = False, language: str = "en") -> str:
    """Return the drawing alone."""
    drawing = the_map.draw_map(figures, agreement, language_of(language, agreement, Style(), "public"), is_small)
    return drawing.svg if drawing else ""


def discs(svg: str) -> list[tuple[float, ...]]:
    """Return (x, y, radius) of each disc drawn, in order."""
    found = re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)" r="([\d.]+)"', svg)
    return [tuple(float(value) for value in disc) for disc in found]


def km_unit(svg: str) -> float:
    """Return how long a kilometre is, by the scale bar."""
    length, km = re.search(r'class="scale" d="[^"]*h([\d.]+)v', svg), re.search(r">([\d]+) km<", svg)
    assert length and km
    return float(length[1]) / float(km[1])


def test_it_is_well_formed_and_described(figures: Figures, agreement: Agreement) -> None:
    for is_small in (False, True):
        svg = ElementTree.fromstring(draw_map(figures, agreement, is_small))
        labels = (svg.get("aria-labelledby") or "").split()
        assert [svg.find(f"*[@id='{label}']") is not None for label in labels] == [True, True]
        assert svg.get("role") == "img"


def test_the_two_maps_of_a_page_share_no_id(figures: Figures, agreement: Agreement) -> None:
    large, small = (set(re.findall(r' id="([^"]+)"', draw_map(figures, agreement, small))) for small in (False, True))
    assert large and not large & small


def test_the_same_figures_give_the_same_map(figures: Figures, agreement: Agreement) -> None:
    again = replace(figures, told=tuple(reversed(figures.told)))
    assert draw_map(figures, agreement) == draw_map(again, agreement)


def test_it_says_that_it_decides_no_line(figures: Figures, agreement: Agreement) -> None:
    words = ">not authoritative: no base map decides a line</text>"
    assert words in draw_map(figures, agreement)
    assert words in draw_map(figures, agreement, is_small=True)


def test_in_arabic_its_words_run_from_right_to_left_and_stay_where_they_are(
    figures: Figures, agreement: Agreement
) -> None:
    english, arabic = (draw_map(figures, agreement, language=language) for language in ("en", "ar"))
    places = r'<text[^>]* x="([-\d.]+)" y="([-\d.]+)"'
    assert re.findall(places, english) == re.findall(places, arabic)
    texts = re.findall(r"<text([^>]*)>([^<]+)<", arabic)
    assert texts and all('direction="rtl"' in look for look, _ in texts)
    said = " ".join(text for _, text in texts)
    assert "كم" in said and "شرقا" in said


def test_a_disc_is_as_wide_as_the_place_is_uncertain(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    svg = draw_map(with_told(tell("a", radius_m=3000.0), tell("b", radius_m=25_000.0)), agreement)
    assert [radius / km_unit(svg) for _, _, radius in discs(svg)] == pytest.approx([25, 3], abs=0.05)


def test_nothing_is_drawn_as_a_point(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    assert [radius for *_, radius in discs(draw_map(with_told(tell("a", radius_m=0.0)), agreement))] == [1.5]


def test_the_frame_is_that_of_the_zones_whatever_is_reported(
    tell: Tell, with_told: WithTold, agreement: Agreement
) -> None:
    nothing, much = with_told(), with_told(tell("a"), tell("b", lon=40.0, lat=36.0), tell("c", lon=35.0, lat=31.0))
    frames = [re.search(r'viewBox="[^"]+"', draw_map(each, agreement)) for each in (nothing, much)]
    outline = r'class="(?:zone|part) outline" d="[^"]+"'
    grounds = [re.findall(outline, draw_map(each, agreement)) for each in (nothing, much)]
    assert frames[0] and frames[1] and frames[0][0] == frames[1][0]
    assert grounds[0] == grounds[1]
    assert len(grounds[0]) == 4


def test_an_incident_under_two_clauses_is_drawn_once_with_its_gravest_outcome(
    tell: Tell, with_told: WithTold, agreement: Agreement
) -> None:
    told = with_told(tell("a", "undetermined", incident="i1"), tell("b", "violation", incident="i1"))
    svg = draw_map(told, agreement)
    assert len(discs(svg)) == 1
    assert 'class="violation"' in svg
    assert "1 incident drawn, at 1 place." in svg


def test_one_place_is_drawn_once_and_darker(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    once, twice = (draw_map(with_told(*(tell(name) for name in names)), agreement) for names in ("a", "ab"))
    depths = [float(found[1]) for svg in (once, twice) if (found := re.search(r'fill-opacity="([\d.]+)"', svg))]
    assert len(discs(twice)) == 1
    assert depths[0] < depths[1] < 1
    assert "Daraa town, within 3 km: 2 incidents" in twice


def test_what_is_vague_is_counted_and_not_drawn(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    told = with_told(
        tell("a"),
        tell("b", place_kind="area", area="daraa", **VAGUE),
        tell("c", place_kind="country", country="Syria", **VAGUE),
        tell("d", place_kind="unplaced", **VAGUE),
        tell("e", lon=40.0, lat=36.0),
        tell("f", incident=None),
    )
    caption = caption_of(told, agreement)
    assert caption == Caption(1, 1, 1, 1, 1, 1, ("Quneitra", "Area of separation"))
    assert tell_caption(caption) == (
        "1 incident drawn, at 1 place.",
        "Not drawn: 1 placed in a whole area only; 1 placed in a country only; 1 without a place; 1 beyond the frame.",
    )


def test_nothing_left_out_is_said_too() -> None:
    assert tell_caption(Caption(1200, 2, 0, 0, 0, 0, ())) == (
        "1,200 incidents drawn, at 2 places.",
        "None is left out.",
    )


def test_a_shape_that_a_source_drew_is_drawn_as_it_is(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    sector = shapely.to_wkb(shapely.Polygon([(36.0, 32.6), (36.2, 32.6), (36.1, 32.8)]))
    svg = draw_map(with_told(tell("a", place_kind="sector", geometry=sector, **VAGUE)), agreement)
    assert discs(svg) == []
    assert re.search(r'<path d="M[^"]+Z" class="undetermined"', svg)


def test_a_disc_that_reaches_into_the_frame_from_outside_is_drawn(
    tell: Tell, with_told: WithTold, agreement: Agreement
) -> None:
    svg = draw_map(with_told(tell("a", lon=36.2, lat=33.75, radius_m=50_000.0)), agreement)
    assert [y < 0 for _, y, _ in discs(svg)] == [True]


def test_a_zone_too_small_for_its_name_has_a_number(figures: Figures, agreement: Agreement) -> None:
    names = re.findall(r'class="name"[^>]*>([^<]+)<', draw_map(figures, agreement))
    assert names == ["Daraa", "1", "As Suwayda", "2"]
    assert re.findall(r'class="name"[^>]*>([^<]+)<', draw_map(figures, agreement, True)) == ["Daraa", "As Suwayda"]


def test_names_are_escaped(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    told = with_told(tell("a", place_name='</title><script>alert(1)</script>"'))
    svg = draw_map(replace(told, zones=(("suwayda", "<b>&"),)), agreement)
    assert "<script" not in svg and "<b>" not in svg
    ElementTree.fromstring(svg)


def test_there_is_no_map_where_no_zone_was_ever_drawn(figures: Figures, agreement: Agreement) -> None:
    hidden = {name: replace(zone, shape=None) for name, zone in agreement.zones.items()}
    assert draw_map(figures, replace(agreement, zones=hidden)) == ""
    assert caption_of(figures, replace(agreement, zones=hidden)) is None
