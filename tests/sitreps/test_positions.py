"""Positions in a sitrep: who is said to stand how to what, on whose word, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.valley import write_valley
from trucewatch.agreement.parse import read_agreement
from trucewatch.claims import empty_claims
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level, read_level
from trucewatch.sitreps.document import document_of
from trucewatch.sitreps.figures import figures
from trucewatch.sitreps.markdown import render_markdown
from trucewatch.sitreps.material import Figures, Material, Stand
from trucewatch.views import view
from trucewatch.when import read_edtf

TALKS = """\
format: 1
level: public
sources:
  wire: {title: "Wire, on the talks"}
statements:
  objected:
    matter: objection
    text: The hill men apparently objected.
    told: [{by: wire, on: [{actor: hill}], hedge: apparently, quote: to the road}]
  whispered:
    matter: objection
    level: mission
    text: They whispered.
    told: [{by: wire, voice: none, quote: heron}]
  called:
    matter: label
    text: They are called plovers.
    told: [{by: wire, voice: own-voice, quote: plover}]
  wanted: {matter: demand, text: The north wanted more., told: [{by: wire, voice: own-voice}]}
  agreed: {matter: reading, text: The south agreed., told: [{by: wire, voice: own-voice}]}
  secret: {matter: trust, level: "party: north-army", text: They doubt., told: [{by: wire, voice: none}]}
topics:
  road: the road
  west: the west
  fire: the end of fire
  trust: one another
positions:
  - {of: hill, stance: objects, topic: road, clause: C2, when: 2020-03-01, rests_on: [objected, whispered, called]}
  - {of: north, stance: demands, topic: west, clause: D1, rests_on: [wanted]}
  - {of: south-army, stance: accepts, topic: fire, clause: C1, when: 2020-04-02, rests_on: [agreed]}
  - {of: north, stance: doubts, topic: trust, shared_with: [hill], rests_on: [secret]}
  - {of: hill, stance: distrusts, topic: trust, rests_on: [called]}
"""
Told = Callable[..., Figures]


def material_of(folder: Path, audience: str, talks: str = TALKS, names_parties: bool = True) -> Material:
    law = write_valley(folder / "valley")
    (law / "talks.yml").write_text(talks, encoding="utf-8")
    agreement = read_agreement(law)
    seen = view(empty_claims(), read_level(audience))
    incidents = corroborate(seen, agreement.gazetteer, agreement.register)
    return Material(
        view=seen, incidents=incidents, findings=assess(incidents, agreement), strict=None, agreement=agreement,
        reading=None, sources=(), problems=(), rows_read=0, rows_refused=0, names_parties=names_parties,
    )  # fmt: skip


@pytest.fixture
def told(tmp_path: Path) -> Told:
    def tell(audience: str = "mission", period: str = "2020-03/2020-04", **more: object) -> Figures:
        material = material_of(tmp_path, audience, **more)  # type: ignore[arg-type]
        return figures(material, read_edtf(period, material.agreement.timezone))

    return tell


def held(found: Figures) -> list[tuple[str, str, str]]:
    return [(one.who, one.stance, one.clause) for one in found.positions]


def test_the_mission_is_told_each_with_its_clause_and_on_whose_word(told: Told) -> None:
    found = told()
    assert held(found) == [
        ("Men of the hills", "objects to", "C2"),
        ("Northern Army", "demands", ""),
        ("south army", "accepts", "C1"),
        ("Northern Army and Men of the hills", "doubts", ""),
    ]
    first = found.positions[0]
    assert first.hedges == ("apparently",)
    assert first.told == ("Wire < Men of the hills (attributed)", "Wire (no attribution)")
    assert (first.when, found.positions[1].when) == ("1 March 2020", "not said when")
    assert (first.level, found.marking) == (Level.MISSION, "mission")


@pytest.mark.parametrize("audience", ["public", "parties", "guarantors", "party: south-army"])
def test_below_the_mission_nobody_is_told_of_a_demand_or_of_what_is_confidential(told: Told, audience: str) -> None:
    found = told(audience)
    assert held(found) == [("Men of the hills", "objects to", "C2"), ("south army", "accepts", "C1")]
    assert found.positions[0].quotes == ("to the road",)
    assert found.marking == "public"


def test_a_party_is_told_what_is_marked_for_it_alone(told: Told) -> None:
    found = told("party: north-army")
    assert ("Northern Army and Men of the hills", "doubts", "") in held(found)
    assert found.marking == "party: north-army"


def test_without_a_mandate_for_it_no_party_is_named(told: Told) -> None:
    of_raiders = TALKS.replace("{of: hill, stance: objects", "{of: raiders, stance: objects")
    found = told("public", names_parties=False, talks=of_raiders.replace("{actor: hill}", "{actor: raiders}"))
    assert [one.who for one in found.positions] == ["Raiders"]


def test_nor_is_any_as_the_one_whose_word_it_is(told: Told) -> None:
    of_raiders = TALKS.replace("{of: hill, stance: objects", "{of: raiders, stance: objects")
    assert told("public", names_parties=False, talks=of_raiders).positions == ()


def test_what_was_held_later_is_in_no_earlier_report(told: Told) -> None:
    assert ("south army", "accepts", "C1") not in held(told(period="2020-03"))


def test_words_of_faith_are_in_no_product_at_any_level(told: Told) -> None:
    assert "plover" not in str(told("sealed").positions)


def test_what_stands_above_an_audience_changes_nothing_for_it(tmp_path: Path) -> None:
    changed = TALKS.replace("quote: heron", "quote: crane, hedge: perhaps").replace("clause: D1, ", "")
    texts = []
    for name, talks in (("one", TALKS), ("other", changed)):
        (tmp_path / name).mkdir()
        material = material_of(tmp_path / name, "guarantors", talks)
        span = read_edtf("2020-03/2020-04", material.agreement.timezone)
        made = document_of(figures(material, span), material.agreement)
        texts.append(render_markdown(made))
    assert texts[0] == texts[1]
    assert "crane" not in texts[1] and "the road" in texts[1]


def test_they_stand_on_the_page_of_their_clause_and_in_section_nine(told: Told, tmp_path: Path) -> None:
    found = told()
    agreement = read_agreement(tmp_path / "valley")
    page = render_markdown(document_of(found, agreement))
    _, _, of_clause = page.partition("### C1")
    assert "Positions on C1" in of_clause.partition("###")[0]
    assert "accepts: the end of fire" in of_clause.partition("###")[0]
    assert "the west" in page.partition("## 9")[2].partition("## 10")[0]
    about = render_markdown(document_of(found, agreement, kind="thematic", topic="C2"))
    assert "Positions on C2" in about and "Positions on C1" not in about


def test_an_agreement_of_whose_talks_nothing_is_told_has_none(told: Told) -> None:
    assert told(talks="format: 1\n").positions == ()


def test_a_stand_is_told_in_the_words_of_another_language(told: Told, tmp_path: Path) -> None:
    found = replace(told(), told=())
    page = render_markdown(document_of(found, read_agreement(tmp_path / "valley"), language="ar"))
    assert "يعترض" in page and "objects to" not in page
    assert isinstance(found.positions[0], Stand)
