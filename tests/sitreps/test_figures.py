"""Figures: each number of a sitrep, counted by hand from a few reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import Register, write_pairs
from trucewatch.levels import Level
from trucewatch.sitreps.figures import dyad, figures
from trucewatch.sitreps.material import Cell, Figures, Material
from trucewatch.when import Span, read_edtf

Claim = Callable[..., dict[str, Any]]
MaterialOf = Callable[..., Material]
ZONE = "Asia/Damascus"
NOTHING = {"violation": 0, "outside_scope": 0, "undetermined": 0}
ABROAD: dict[str, Any] = {"lon": 40.0, "lat": 36.0, "adm_1": "Hasakah"}


def period(text: str) -> Span:
    return read_edtf(text, ZONE)


def on(day: str) -> dict[str, datetime]:
    """Return the time of something that happened on a local day."""
    span = period(day)
    return {"earliest": span.earliest, "latest": span.latest}


def counts(**told: int) -> dict[str, int]:
    return {**NOTHING, **told}


@pytest.fixture
def count(claim: Claim, material_of: MaterialOf) -> Callable[..., Figures]:
    """Return the maker of figures of a period (empty: all that was received), from what some reports tell."""

    def make(*told: dict[str, Any], span: str = "", **rest: Any) -> Figures:
        material = material_of(*(claim(f"c{n}", **each) for n, each in enumerate(told)), **rest)
        return figures(material, period(span) if span else None)

    return make


Count = Callable[..., Figures]

# ---- the period ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("2018-05", "2018-05-01", "2018-05-31"),
        ("2018-05/..", "2018-05-01", "2018-06-03"),
        ("../2018-05", "2018-03-09", "2018-05-31"),
        ("", "2018-03-09", "2018-06-03"),
    ],
)
def test_an_open_end_reaches_as_far_as_was_received(count: Count, asked: str, first: str, last: str) -> None:
    found = count(on("2018-03-09"), on("2018-06-03"), span=asked).period
    assert (found.start, found.end) == (period(first).earliest, period(last).latest)


def test_an_incident_counts_in_the_period_in_which_it_can_have_begun(count: Count) -> None:
    days = [on("2018-04-30"), on("2018-05-01"), on("2018-05-31"), on("2018-06-01"), on("2018-04-30/2018-05-02")]
    found = count(*days, span="2018-05")
    assert (found.incidents, found.incidents_in_period) == (5, 2)
    assert found.counts == counts(violation=2)


def test_with_nothing_received_everything_is_nought(count: Count) -> None:
    found = count()
    assert found.assessment[0] == "Nothing was received that could be assessed."
    assert (found.cut_off, found.period.text) == ("nothing received", "nothing received")
    assert (found.counts, found.by_month, found.windows, found.told) == (NOTHING, {}, (), ())
    assert (found.origins_low, found.origins_high, found.concentration) == (0, 0, None)


def test_the_cut_off_is_the_last_day_received(count: Count) -> None:
    assert count(on("2018-03-09"), on("2018-06-03")).cut_off == "3 June 2018"


# ---- counts ----------------------------------------------------------------------------------------------------------

GOVERNMENT_AND = {
    name: write_pairs([("Government of Syria", name), (name, "Government of Syria")])
    for name in ("Southern Front", "Syrian insurgents", "IS")
}


@settings(max_examples=15)
@given(numbers=st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).filter(any))
def test_each_finding_counts_once_and_the_parts_sum_to_the_whole(
    claim: Claim, material_of: MaterialOf, numbers: tuple[int, int, int]
) -> None:
    kinds: list[dict[str, Any]] = [
        {"pairs": GOVERNMENT_AND["Southern Front"]},
        {"pairs": GOVERNMENT_AND["IS"]},
        {"radius_m": 60_000.0},
    ]
    told = [kind for number, kind in zip(numbers, kinds, strict=True) for _ in range(number)]
    found = figures(material_of(*(claim(f"c{n}", **each) for n, each in enumerate(told))))
    assert found.counts == dict(zip(NOTHING, numbers, strict=True))
    assert len(found.told) == sum(numbers) == sum(sum(row.now.values()) for row in found.areas)
    cells = [cell for row in found.matrix.values() for cell in row.values()]
    assert sum(sum(cell.counts.values()) for cell in cells) == sum(numbers)


def test_findings_that_rest_on_the_presumption_are_counted_apart(claim: Claim, material_of: MaterialOf) -> None:
    rows = [claim(name, pairs=GOVERNMENT_AND[name]) for name in GOVERNMENT_AND]
    strict = material_of(*rows, reading="strict").findings
    found = figures(material_of(*rows, strict=strict))
    assert (found.counts, found.presumed) == (counts(violation=2, outside_scope=1), 1)
    assert found.strict_counts == counts(violation=1, outside_scope=1, undetermined=1)
    assert figures(material_of(*rows)).strict_counts is None


def test_civilian_dead_count_whatever_the_finding_says(count: Count) -> None:
    found = count(
        {"civilians_dead": 3},
        {"civilians_dead": 4, "radius_m": 60_000.0},
        {"civilians_dead": 0},
        {"civilians_dead": 50, **ABROAD},
    )
    assert found.civilian_harm == {"incidents": 2, "civilians_dead": 7}


# ---- months and windows ----------------------------------------------------------------------------------------------


def test_lethal_incidents_are_counted_by_local_month_with_the_empty_ones(count: Count) -> None:
    found = count(
        on("2018-03-01"),
        {**on("2018-05-01"), "adm_1": "Dara governorate"},
        {**on("2018-05-31"), "adm_1": "DARAA"},
        {**on("2018-05-31"), "adm_1": "Aleppo governorate"},
        {**on("2018-05-31"), "adm_1": None},
        {**on("2018-05-31"), "records_deaths": False},
        on("2018-06-01"),
    )
    assert found.by_month == {"2018-03": 1, "2018-04": 0, "2018-05": 2, "2018-06": 1}
    assert sum(found.by_month.values()) == 4
    assert "sources recorded 4 lethal incidents in Daraa, Quneitra and As Suwayda." in found.assessment[0]


def test_a_trend_goes_by_what_the_source_says_and_a_place_by_its_disc(count: Count) -> None:
    found = count({"adm_1": "Daraa", "lon": 36.7, "lat": 32.7})
    assert found.by_month == {"2018-06": 1}
    assert [row.zone for row in found.areas if any(row.now.values())] == ["suwayda"]


def test_a_window_counts_thirty_days_to_either_side_of_the_start(count: Count) -> None:
    known = [on("2017-06-08"), on("2017-08-09")]
    inside = [on("2017-06-09"), on("2017-07-08"), on("2017-07-09"), on("2017-08-07"), on("2017-07-20")]
    (window,) = count(*known, *inside, on("2017-08-08")).windows
    assert (window.date, window.before, window.after) == ("9 July 2017", 2, 3)
    assert (window.before_text, window.after_text) == ("9 June to 8 July 2017", "9 July to 7 August 2017")
    assert window.dyads == (("Government of Syria – Southern Front", 2, 3),)


def test_a_window_that_was_not_received_whole_is_not_counted(count: Count) -> None:
    assert count(on("2017-06-10"), on("2017-08-09")).windows == ()
    assert count(on("2017-06-08"), on("2017-08-06")).windows == ()
    assert len(count(on("2017-06-09"), on("2017-08-07")).windows) == 1


def test_dyads_of_a_window_sum_to_it_most_incidents_first(count: Count) -> None:
    fights = [{**on("2017-07-10"), "pairs": GOVERNMENT_AND[name]} for name in ("IS", "IS", "Southern Front")]
    (window,) = count(on("2017-06-08"), on("2017-08-09"), *fights).windows
    assert window.dyads == (("Government of Syria – IS", 0, 2), ("Government of Syria – Southern Front", 0, 1))


@given(names=st.lists(st.sampled_from(["Alpha", "beta", "Gamma"]), min_size=2, max_size=2, unique=True))
def test_a_dyad_is_named_in_no_order_of_blame(names: list[str]) -> None:
    one, other = names
    assert dyad(write_pairs([(one, other), (other, one)]), Register()) == " – ".join(sorted(names, key=str.casefold))


def test_a_dyad_of_one_side_or_none() -> None:
    assert dyad(write_pairs([("Alpha", "civilians")]), Register()) == "Alpha against civilians"
    assert dyad(write_pairs([("Alpha", "")]), Register()) == "Alpha"
    assert dyad(None, Register()) == dyad(write_pairs([("", "civilians")]), Register()) == "sides not named"


# ---- concentration and origins ---------------------------------------------------------------------------------------


def test_how_far_the_incidents_rest_on_one_office(claim: Claim, material_of: MaterialOf) -> None:
    both = [claim("b", item=n, claim_key=f"b{n}", office=office) for n, office in enumerate(("Sohr", "SNHR"))]
    told = [claim("a"), claim("c"), *both, claim("d", office="SNHR"), claim("e", office=None)]
    found = figures(material_of(*told)).concentration
    assert found is not None
    assert (found.incidents, found.office.casefold(), found.alone, found.cite) == (5, "sohr", 2, 3)


def test_without_a_named_office_nothing_is_said_of_concentration(count: Count) -> None:
    found = count({"office": None})
    assert found.concentration is None
    assert found.assessment[2] == "The reports behind these findings tell of no civilian dead."


def test_origins_of_everything_received(count: Count) -> None:
    found = count({}, {"office": "SNHR", "cites": '["SNHR"]'})
    assert (found.origins_low, found.origins_high) == (2, 2)
    alike = count({}, {"office": "SNHR", "cites": '["SOHR"]'})
    assert (alike.origins_low, alike.origins_high) == (1, 2)


# ---- areas and the matrix --------------------------------------------------------------------------------------------


def test_the_period_before_stands_beside_only_where_it_was_received(count: Count) -> None:
    told = [on("2018-04-02"), on("2018-05-20"), on("2018-05-21"), on("2018-06-01")]
    short, long = (count(*told, span=span).areas[0] for span in ("2018-06-01/2018-06-10", "2018-05-18/2018-06-09"))
    assert (short.zone, short.now, short.before) == ("daraa", counts(violation=1), NOTHING)
    assert (long.now, long.before) == (counts(violation=3), NOTHING)
    before = count(*told, span="2018-05-31/2018-06-20").areas[0].before
    assert before == counts(violation=2)
    assert count(*told, span="2018-04").areas[0].before is None


def test_what_lies_in_no_one_area_is_counted_elsewhere(count: Count) -> None:
    found = count({}, {"radius_m": 60_000.0})
    assert found.areas[-1].label == "cannot be placed in one area"
    assert {row.zone: dict(row.now) for row in found.areas if any(row.now.values())} == {
        "daraa": counts(violation=1),
        "elsewhere": counts(undetermined=1),
    }


def test_an_empty_cell_says_whether_anybody_looked(count: Count) -> None:
    watch = {
        "assertion": "nothing", "act": "use-of-weapons", "time_extent": "throughout", "place_extent": "throughout",
        "place_kind": "area", "lon": None, "lat": None, "radius_m": None, "pairs": None, **on("2018-06"),
    }  # fmt: skip
    short = {**watch, **on("2018-06-10")}
    row = count({}, {**watch, "area": "suwayda"}, {**short, "area": "quneitra"}, span="2018-06").matrix["C1"]
    assert row["daraa"] == Cell("counts", counts(violation=1))
    assert (row["suwayda"].word, row["quneitra"].word) == ("none found", "partly seen")
    assert row["elsewhere"].word == "not observed"


def test_every_clause_has_a_cell_for_every_area(count: Count) -> None:
    found = count({})
    assert list(found.matrix) == ["C1", "C2", "C3", "C4"]
    for row in found.matrix.values():
        assert list(row) == ["daraa", "quneitra", "suwayda", "area-of-separation", "elsewhere"]


# ---- what could not be seen ------------------------------------------------------------------------------------------

CALM = "No source received says when and where nothing was observed, so an area without reports is not a calm one."
DEATHS = "The sources record deaths only; fire that killed nobody is not in them."


def test_what_the_sources_hold_nothing_about_is_said(count: Count) -> None:
    assert count({}).not_seen == (
        CALM,
        "Nothing received bears on C2, C3 and C4: the sources hold no reports of forces or weapons in place, or of "
        "steps taken.",
        "Never published, so nothing can be measured from it: line of contact and Golan line.",
        DEATHS,
    )


def test_what_was_received_is_no_longer_said_to_be_missing(count: Count) -> None:
    watch = {"assertion": "nothing", "records_deaths": False}
    presence = {"assertion": "presence", "act": "presence-of-forces", "records_deaths": False}
    said = count({}, watch, presence).not_seen
    assert CALM not in said
    assert DEATHS not in said
    assert not [sentence for sentence in said if sentence.startswith("Nothing received bears on")]


# ---- who reads it ----------------------------------------------------------------------------------------------------


def test_leads_and_marking_go_by_who_reads_it(count: Count) -> None:
    mission, public = (count({}, audience=audience) for audience in (Level.MISSION, Level.PUBLIC))
    assert (mission.shows_leads, public.shows_leads) == (True, False)
    hidden = {"levels": '{"text": "mission"}'}
    assert (count(hidden).marking, count(hidden, audience=Level.PUBLIC).marking) == ("mission", "public")


def test_no_violation_is_told_as_confirmed_without_a_mandate(count: Count) -> None:
    told = [{}, {"lat": 32.7}]
    words = "2 findings are assessed as inconsistent with a clause, each as reported and none confirmed"
    assert words in count(*told).assessment[1]
    assert "2 findings of violation rest on what was reported" in count(*told, may_determine=True).assessment[1]


def test_a_period_before_is_as_long_as_the_period(count: Count) -> None:
    found = count({}, span="2018-06").period
    assert found.before == (found.start - timedelta(days=30), found.start)
    assert found.start.astimezone(UTC) == datetime(2018, 5, 31, 21, tzinfo=UTC)
