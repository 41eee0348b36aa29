"""Violations: the ceasefire clause by clause: areas, contested terms, and every finding that is not about positions."""

from __future__ import annotations

from collections.abc import Iterable

from trucewatch.agreement.terms import Agreement, Clause, Rival, Term
from trucewatch.sitreps.blocks import Block, Heading, Paragraph, Section, Table, Terms
from trucewatch.sitreps.languages import Language, joined, listed, name, phrase, phrases, sentences, when, zone_name
from trucewatch.sitreps.material import COUNTED, ELSEWHERE, Figures
from trucewatch.sitreps.sections.clauses import actor_names, is_of_positions, terms_in_force, told_of_clause, wording
from trucewatch.sitreps.sections.counts import outcome_words, parents_of, zones_in_order
from trucewatch.sitreps.sections.readings import side_by_side
from trucewatch.when import Span

_CELLS = phrases(phrase("none found"), phrase("partly seen"), phrase("not observed"))


def violations(figures: Figures, agreement: Agreement, language: Language) -> Section:
    """Return clauses and areas, what is contested, and the findings of every clause that is not about positions."""
    blocks = [*_clauses(figures, agreement), *_contested(agreement), *side_by_side(figures)]
    blocks += [
        Heading(phrase("Findings"), "findings"),
        Paragraph(
            phrase(
                "One sentence for each; opened, it shows the tests, who answers for it, and every report down to file "
                "and line. A list that is closed on the screen stays closed on paper."
            )
            if figures.shows_leads
            else phrase("One sentence for each.")
        ),
    ]
    for clause in agreement.clauses:
        if not is_of_positions(clause):
            blocks += told_of_clause(clause, figures, agreement, language)
    title = phrase("Ceasefire violations") if figures.may_determine else phrase("The ceasefire, clause by clause")
    return Section("2", title, "violations", tuple(blocks))


def _clauses(figures: Figures, agreement: Agreement) -> list[Block]:
    text = (
        phrase("The text of the agreement is confidential; the clauses say in our words what sources tell of it.")
        if agreement.text == "confidential"
        else phrase("The clauses are given in short; the text of the agreement is public.")
    )
    guarantors = actor_names(agreement.guarantors, agreement)
    named = phrase("Guarantors: {guarantors}.", guarantors=guarantors) if guarantors else ""
    return [
        Heading(phrase("Clauses and areas"), "clauses"),
        Paragraph(sentences(text, named)),
        Paragraph(phrase("Where no finding stands, the cell says what was watched there for acts of that kind.")),
        _matrix(figures, agreement, agreement.clauses),
        Terms(
            (
                (
                    _CELLS["none found"],
                    phrase(
                        "Somebody who could have seen such acts watched the whole area for the whole period, and saw "
                        "none."
                    ),
                ),
                (_CELLS["partly seen"], phrase("Somebody watched some of it, for some of the time.")),
                (_CELLS["not observed"], phrase("Nobody is known to have watched. This is not calm.")),
            )
        ),
    ]


def _matrix(figures: Figures, agreement: Agreement, clauses: Iterable[Clause]) -> Table:
    labels, parents = dict(figures.zones), parents_of(figures, agreement)
    zones = zones_in_order(figures, agreement)
    heads = [
        joined((labels[zone], phrase("(part of {area})", area=parents[zone])), "\n")
        if zone in parents
        else labels[zone]
        for zone in zones
    ]
    words, rows, shades = outcome_words(figures), [], {}
    for at, clause in enumerate(clauses):
        row = [joined((clause.id, wording(clause)), "\n")]
        for column, zone in enumerate((*zones, ELSEWHERE), start=1):
            cell = figures.matrix.get(clause.id, {}).get(zone)
            if cell is not None and cell.word == "counts":
                told = [(cell.counts[o], words[o]) for o in COUNTED if cell.counts.get(o)]
                row.append(joined((phrase("{number} {outcome}", number=n, outcome=word) for n, word in told), "\n"))
            else:
                row.append(_CELLS.get(cell.word if cell else "not observed", cell.word if cell else ""))
            shades[at, column] = cell.word.replace(" ", "-") if cell else "not-observed"
        rows.append(tuple(row))
    head = (phrase("Clause"), *heads, phrase("Not in one area"))
    return Table(phrase("Findings by clause and area"), head, tuple(rows), look="matrix", shades=shades)


def _contested(agreement: Agreement) -> list[Block]:
    terms = [term for term in terms_in_force(agreement) if len(term.rivals) > 1]
    if not terms:
        return []
    rows = [
        (_term_name(term) if first else "", value, says)
        for term in terms
        for first, (value, says) in zip(
            (True, *(False for _ in term.rivals[1:])), _rivals(term, agreement), strict=True
        )
    ]
    return [
        Heading(phrase("Contested terms: {number}", number=len(terms)), "terms"),
        Paragraph(
            phrase(
                "Where values compete and none was chosen, a finding holds under every one of them or is undetermined."
            )
        ),
        Table(
            phrase("Terms with more than one value, and who says so"),
            (phrase("Term"), phrase("Value"), phrase("Who says so")),
            tuple(rows),
            look="terms",
        ),
    ]


def _term_name(term: Term) -> str:
    return name("term", term.id, term.id.replace("-", " ").replace(".", ": "))


def _rivals(term: Term, agreement: Agreement) -> list[tuple[str, str]]:
    """Return (value, who says so) for each value that competes for a term."""
    titles = {id: source.title for id, source in agreement.sources.items()}
    return [
        (_rival(rival, agreement), "; ".join(titles.get(each, each) for each in rival.says)) for rival in term.rivals
    ]


def _rival(rival: Rival, agreement: Agreement) -> str:
    match rival.value:
        case Span():
            return when(rival.value, agreement.timezone)
        case None:
            return phrase("none")
        case bool():
            return phrase("bound") if rival.value else phrase("not bound")
    names = [each for each in rival.value if isinstance(each, str)]
    distances = [each / 1000 for each in rival.value if not isinstance(each, str)]
    if distances:
        least, most = distances[0], distances[-1]
        if least == most:
            return phrase("{number} km", number=f"{least:g}")
        return phrase("{least} to {most} km", least=f"{least:g}", most=f"{most:g}")
    return listed(zone_name(each, agreement) if each in agreement.zones else each for each in names)
