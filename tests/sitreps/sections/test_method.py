"""Method: every word and rule that a report rests on, and what was refused."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import Tell, WithTold, said
from trucewatch.agreement.terms import Agreement
from trucewatch.evidence import Standard
from trucewatch.sitreps.blocks import Bullets, Terms
from trucewatch.sitreps.languages import language_of
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.method import method, received, sources
from trucewatch.sitreps.style import Style


def test_every_standard_of_proof_has_a_word(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    for standard in Standard:
        (terms, *_) = method(with_told(tell("a", standard=standard.word)), agreement).blocks
        assert isinstance(terms, Terms)
        assert f"The standard applied here: {standard.word.replace('-', ' ')}." in dict(terms.items)["Proof"]


def test_faults_are_told_in_full_in_english_and_by_code_elsewhere(figures: Figures, agreement: Agreement) -> None:
    for code, told in (("en", "events.csv:9 '2018-13-40' is no date (write it as 2018-06-03)"), ("ar", "events.csv:9")):
        language = language_of(code, agreement, Style(), "public")
        (lines,) = [block for block in received(figures, language).blocks if isinstance(block, Bullets)]
        assert lines.items == (told,)


def test_below_mission_level_nothing_is_said_of_what_was_refused(figures: Figures, agreement: Agreement) -> None:
    for code in ("en", "ar"):
        language = language_of(code, agreement, Style(), "public")
        section = received(replace(figures, shows_leads=False), language)
        (terms,) = [block for block in section.blocks if isinstance(block, Terms)]
        assert [word for word, _ in terms.items] == ["Claims", "Incidents"]
        assert said(section) == ["Of everything that may be told here, whatever its period."]


def test_only_the_sources_of_what_is_in_force_are_named(figures: Figures, agreement: Agreement) -> None:
    (known,) = [block for block in sources(figures, agreement).blocks if isinstance(block, Bullets)]
    titles = {source.title for source in agreement.sources.values()}
    assert known.items and all(any(told.startswith(title) for title in titles) for told in known.items)
    alone = replace(agreement, clauses=(), parties={}, zones={}, readings={}, terms={})
    assert not [block for block in sources(figures, alone).blocks if isinstance(block, Bullets)]
