"""The annex: what was observed first-hand, the map, and the open cases."""

from __future__ import annotations

from tests.sitreps.sections.told import Tell, WithTold, said, tables
from trucewatch.agreement.terms import Agreement
from trucewatch.evidence import Means
from trucewatch.sitreps.blocks import Picture
from trucewatch.sitreps.languages import Language
from trucewatch.sitreps.map import draw_map
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.annex import observations, open_cases, the_map


def test_the_annex_lists_what_was_observed_first_hand(tell: Tell, with_told: WithTold) -> None:
    seen = tell("a", report={"means": "saw"}, first_hand=True)
    (table,) = tables(observations(with_told(seen, tell("b", first_hand=False))))
    assert table.rows == ((seen.when, seen.where, seen.act, "saw", "a"),)
    assert tables(observations(with_told(tell("b")))) == []


def test_the_map_explains_what_it_draws(figures: Figures, agreement: Agreement, english: Language) -> None:
    (picture,) = the_map(draw_map(figures, agreement, english), may_determine=False).blocks
    assert isinstance(picture, Picture) and picture.svg.startswith("<svg") and picture.width == 720
    assert [kind for kind, _ in picture.legend] == ["violation", "undetermined", "outside-scope"]
    assert picture.legend[0][1] == "at least one assessed as inconsistent"
    assert "Numbered: 1 Quneitra; 2 Area of separation." in picture.caption


def test_open_cases_lead_to_their_findings(figures: Figures, agreement: Agreement) -> None:
    facts, cases = tables(open_cases(figures, agreement))
    assert facts.rows[0] == ("where exactly it happened", "2", "2")
    assert cases.links == {0: ("cc03", "dd04")}


def test_every_means_of_observation_has_a_word(tell: Tell, with_told: WithTold) -> None:
    for means in Means:
        section = observations(with_told(tell("a", report={"means": str(means)}, first_hand=True)))
        assert tables(section)[0].rows[0][3] == str(means).replace("-", " ")


def test_what_is_open_falls_away_where_nothing_is(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    assert said(open_cases(with_told(tell("a", "violation")), agreement)) == [
        "No finding of this period is undetermined."
    ]
