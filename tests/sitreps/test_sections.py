"""Sections: each says what the record holds, and plainly what it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.evidence import Means, Standard
from trucewatch.sitreps import sections
from trucewatch.sitreps.blocks import Bullets, Findings, Paragraph, Picture, Section, Table, Terms
from trucewatch.sitreps.languages import Language, language_of
from trucewatch.sitreps.map import draw_map
from trucewatch.sitreps.material import AreaRow, Correction, Figures, Told
from trucewatch.sitreps.style import Style

Tell = Callable[..., Told]
WithTold = Callable[..., Figures]


@pytest.fixture(scope="module")
def english(agreement: Agreement) -> Language:
    return language_of("en", agreement, Style(), "public")


def tables(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def said(section: Section) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Paragraph)]


def findings(section: Section) -> list[str]:
    return [told.id for block in section.blocks if isinstance(block, Findings) for told in block.items]


# ---- harm ------------------------------------------------------------------------------------------------------------


def test_civilian_harm_is_told_as_reported_and_verified_apart(tell: Tell, with_told: WithTold) -> None:
    told = with_told(
        replace(tell("a", incident="i1", status="corroborated"), civilians_dead=3),
        replace(tell("b", incident="i1", status="corroborated"), civilians_dead=3),  # under another clause
        replace(tell("c", incident="i2", status="reported"), civilians_dead=2),
        tell("d", incident="i3"),
    )
    section = sections.harm(told)
    counts, listing = tables(section)
    assert [row[1:] for row in counts.rows] == [("2", "5"), ("1", "3")]
    assert len(listing.rows) == 2 and listing.is_folded
    assert "Verified by the mission: no verification of civilian harm is recorded yet." in said(section)


def test_acts_against_what_civilians_live_by_are_counted_by_kind(figures: Figures) -> None:
    told = replace(figures, acts={"humanitarian-access-restricted": 2, "property": 1, "shelling": 40})
    (acts,) = [table for table in tables(sections.harm(told)) if "kind of act" in table.caption]
    assert acts.rows == (("humanitarian access restricted", "2"), ("looting or destruction of property", "1"))
    assert "No report received tells of an act of these kinds." in said(sections.harm(figures))


# ---- positions, special areas, freedom -------------------------------------------------------------------------------


def test_every_clause_stands_in_one_section(
    agreement: Agreement, figures: Figures, english: Language, tell: Tell
) -> None:
    told = tuple(replace(tell(clause.id), clause=clause.id) for clause in agreement.clauses)
    both = replace(figures, told=told)
    violations = findings(sections.violations(both, agreement, english))
    withdrawal = findings(sections.withdrawal(both, agreement, english))
    assert violations == ["C1"] and withdrawal == ["C2", "C3", "C4"]


def test_presence_is_counted_with_the_withdrawals(agreement: Agreement, figures: Figures, english: Language) -> None:
    told = replace(figures, acts={"presence-of-forces": 4, "withdrawal-done": 1, "shelling": 2})
    (table,) = tables(sections.withdrawal(told, agreement, english))
    assert table.rows == (("presence of forces", "4"), ("withdrawal done", "1"))


def test_named_areas_are_told_apart(agreement: Agreement, figures: Figures) -> None:
    now = {"violation": 3, "outside_scope": 0, "undetermined": 1}
    told = replace(figures, areas=(AreaRow("area-of-separation", "Area of separation", now, None), *figures.areas[:1]))
    (table,) = tables(sections.special_areas(told, agreement))
    assert table.rows == (("Area of separation", "3", "0", "1"),)
    none = replace(agreement, zones={id: replace(zone, part_of="") for id, zone in agreement.zones.items()})
    assert said(sections.special_areas(figures, none)) == ["The agreement names no area apart from its zones."]


def test_a_named_area_that_was_never_drawn_is_named(agreement: Agreement, figures: Figures) -> None:
    hidden = replace(agreement.zones["area-of-separation"], shape=None)
    section = sections.special_areas(
        replace(figures, areas=()), replace(agreement, zones={**agreement.zones, hidden.id: hidden})
    )
    assert said(section) == ["Never drawn, so no incident can be placed in it: Area of separation."]


def test_restrictions_of_movement_are_told_by_kind(figures: Figures) -> None:
    told = replace(figures, acts={"movement-delayed": 1, "movement-denied": 3, "humanitarian-access-restricted": 9})
    section = sections.freedom(told)
    assert tables(section)[0].rows == (("movement delayed", "1"), ("movement denied", "3"))
    assert "No report received tells of a restriction of the monitors’ freedom of movement." in said(
        sections.freedom(figures)
    )
    assert any("does not mean that none was hindered" in text for text in said(section))


# ---- allegations -----------------------------------------------------------------------------------------------------


def test_every_allegation_has_its_result_and_what_could_not_be_ruled_on_is_counted(
    tell: Tell, with_told: WithTold
) -> None:
    outcomes = [str(outcome) for outcome in Outcome]
    alleged = [tell(f"a{at}", outcome, allegation=True) for at, outcome in enumerate([*outcomes, "undetermined"])]
    section = sections.allegations(with_told(*alleged, tell("zz")))
    totals, each = tables(section)
    assert ("could not be ruled on", "2") in totals.rows
    assert sum(int(row[1]) for row in totals.rows) == len(alleged)
    assert [row[-1] for row in each.rows] == [told.id for told in alleged]
    assert said(section) == ["2 could not be ruled on."]
    assert each.rows[-1][3] == "could not be ruled on"


def test_without_a_mandate_no_allegation_is_called_a_violation(tell: Tell, with_told: WithTold) -> None:
    told = replace(with_told(tell("a", "violation", allegation=True)), may_determine=False)
    words = " ".join(word for table in tables(sections.allegations(told)) for row in table.rows for word in row)
    assert "violation" not in words and "assessed as inconsistent with the clause" in words


# ---- liaison, corrections --------------------------------------------------------------------------------------------


def test_what_is_not_recorded_is_said_and_nothing_else(figures: Figures) -> None:
    assert said(sections.liaison()) == ["This mission keeps no liaison log. What the parties answered is not recorded."]
    assert said(sections.political()) == ["Talks and the positions of the parties are not recorded yet."]
    assert said(sections.corrections(figures)) == ["No earlier report is corrected."]


def test_corrections_say_what_was_told_what_is_and_why(figures: Figures) -> None:
    changed = Correction("aa01", "Undetermined under C1.", "Violation of C1.", "a further report")
    gone = Correction("bb02", "Violation of C1.", "", "the report was withdrawn")
    (table,) = tables(sections.corrections(replace(figures, corrections=(changed, gone))))
    assert table.rows == (
        ("aa01", "Undetermined under C1.", "Violation of C1.", "a further report"),
        ("bb02", "Violation of C1.", "no longer made", "the report was withdrawn"),
    )


# ---- annex, map, method, sources -------------------------------------------------------------------------------------


def test_the_annex_lists_what_was_observed_first_hand(tell: Tell, with_told: WithTold) -> None:
    seen = tell("a", report={"means": "saw"}, first_hand=True)
    (table,) = tables(sections.observations(with_told(seen, tell("b", first_hand=False))))
    assert table.rows == ((seen.when, seen.where, seen.act, "saw", "a"),)
    assert tables(sections.observations(with_told(tell("b")))) == []


def test_the_map_explains_what_it_draws(figures: Figures, agreement: Agreement, english: Language) -> None:
    (picture,) = sections.the_map(draw_map(figures, agreement, english), may_determine=False).blocks
    assert isinstance(picture, Picture) and picture.svg.startswith("<svg") and picture.width == 720
    assert [kind for kind, _ in picture.legend] == ["violation", "undetermined", "outside-scope"]
    assert picture.legend[0][1] == "at least one assessed as inconsistent"
    assert "Numbered: 1 Quneitra; 2 Area of separation." in picture.caption


def test_every_word_of_the_tests_means_and_standards_is_known(
    tell: Tell, with_told: WithTold, agreement: Agreement
) -> None:
    for means in Means:
        section = sections.observations(with_told(tell("a", report={"means": str(means)}, first_hand=True)))
        assert tables(section)[0].rows[0][3] == str(means).replace("-", " ")
    for standard in Standard:
        (terms, *_) = sections.method(with_told(tell("a", standard=standard.word)), agreement).blocks
        assert isinstance(terms, Terms)
        assert f"The standard applied here: {standard.word.replace('-', ' ')}." in dict(terms.items)["Proof"]


def test_faults_are_told_in_full_in_english_and_by_code_elsewhere(figures: Figures, agreement: Agreement) -> None:
    for code, told in (("en", "events.csv:9 '2018-13-40' is no date (write it as 2018-06-03)"), ("ar", "events.csv:9")):
        language = language_of(code, agreement, Style(), "public")
        (lines,) = [block for block in sections.received(figures, language).blocks if isinstance(block, Bullets)]
        assert lines.items == (told,)


def test_open_cases_lead_to_their_findings(figures: Figures, agreement: Agreement) -> None:
    facts, cases = tables(sections.open_cases(figures, agreement))
    assert facts.rows[0] == ("where exactly it happened", "2", "2")
    assert cases.links == {0: ("cc03", "dd04")}
