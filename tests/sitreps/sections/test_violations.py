"""Clause by clause: the matrix, what is contested, and every finding that is not about positions."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import findings, headings, said, tables
from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.languages import Language
from trucewatch.sitreps.material import Cell, Figures
from trucewatch.sitreps.sections.clauses import terms_in_force
from trucewatch.sitreps.sections.violations import violations


def test_the_matrix_tells_counts_and_what_an_empty_cell_means(
    figures: Figures, agreement: Agreement, english: Language
) -> None:
    matrix, _ = tables(violations(figures, agreement, english))
    column = {head.partition("\n")[0]: at for at, head in enumerate(matrix.head)}
    first = matrix.rows[0]
    assert first[column["Daraa"]] == "1 violation\n1 outside scope\n2 undetermined"
    assert first[column["Not in one area"]] == "not observed"
    assert matrix.rows[1][column["As Suwayda"]] == "partly seen"
    assert matrix.shades[0, column["Daraa"]] == "counts" and matrix.shades[1, column["As Suwayda"]] == "partly-seen"
    assert [row[0].partition("\n")[0] for row in matrix.rows] == [clause.id for clause in agreement.clauses]


def test_a_cell_that_was_not_worked_out_is_not_observed(
    figures: Figures, agreement: Agreement, english: Language
) -> None:
    matrix, _ = tables(violations(replace(figures, matrix={"C1": {"daraa": Cell("none found")}}), agreement, english))
    words = [cell for row in matrix.rows for cell in row[1:]]
    assert words.count("none found") == 1 and words.count("not observed") == len(words) - 1


def test_rival_values_stand_under_their_term_each_with_who_says_so(
    figures: Figures, agreement: Agreement, english: Language
) -> None:
    section = violations(figures, agreement, english)
    _, terms = tables(section)
    contested = [row[0] for row in terms.rows if row[0]]
    assert f"Contested terms: {len(contested)}" in headings(section.blocks) and contested
    rivals = [rival for term in terms_in_force(agreement) if len(term.rivals) > 1 for rival in term.rivals]
    assert [bool(says) for *_, says in terms.rows] == [bool(rival.says) for rival in rivals]
    assert all(value for _, value, _ in terms.rows)
    settled = {id: replace(term, rivals=term.rivals[:1]) for id, term in agreement.terms.items()}
    assert len(tables(violations(figures, replace(agreement, terms=settled), english))) == 1


def test_a_confidential_text_is_told_in_our_words(figures: Figures, agreement: Agreement, english: Language) -> None:
    for status, words in (("confidential", "in our words"), ("public", "the text of the agreement is public")):
        assert words in " ".join(said(violations(figures, replace(agreement, text=status), english)))


def test_without_the_power_to_determine_it_is_not_headed_violations(
    figures: Figures, agreement: Agreement, english: Language
) -> None:
    assert violations(figures, agreement, english).title == "Ceasefire violations"
    told = violations(replace(figures, may_determine=False), agreement, english)
    assert told.title == "The ceasefire, clause by clause"
    assert sorted(findings(told)) == sorted(one.id for one in figures.told)
