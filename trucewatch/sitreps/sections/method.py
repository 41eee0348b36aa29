"""Method: what a report rests on, what was refused, and how it is to be read."""

from __future__ import annotations

from trucewatch.agreement.terms import Agreement, TextSource
from trucewatch.problems import Problem
from trucewatch.sitreps.blocks import Block, Bullets, Heading, Paragraph, Section, Terms
from trucewatch.sitreps.languages import Language, joined, listed, phrase, phrases, sentences
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.clauses import actor_names, terms_in_force
from trucewatch.sitreps.sections.counts import figure

_MOST_LINES = 50  # of the rows refused for one reason
_STANDARDS = {
    "reasonable-grounds": phrase("reasonable grounds"),
    "balance-of-probabilities": phrase("balance of probabilities"),
    "clear-and-convincing": phrase("clear and convincing"),
}
_BASES = phrases(phrase("inferred"), phrase("stated"), phrase("contested"))


def received(figures: Figures, language: Language) -> Section:
    """Return what was received and what was refused, and why; below mission level only what may be known of it."""
    known = [(phrase("Claims"), figure(figures.claims)), (phrase("Incidents"), figure(figures.incidents))]
    if not figures.shows_leads:
        told = Paragraph(phrase("Of everything that may be told here, whatever its period."), "note")
        return Section("", phrase("What this report rests on"), "refused", (Terms(tuple(known)), told))
    counts = [
        (phrase("Rows read"), figure(figures.rows_read)),
        (phrase("Rows refused"), figure(figures.rows_refused)),
        (phrase("Withdrawn by their source"), figure(figures.withdrawn)),
        *known,
        (phrase("Independent origins"), _bounds(figures)),
    ]
    blocks: list[Block] = [
        Terms(tuple(counts)),
        Paragraph(phrase("Of everything received, whatever its period."), "note"),
    ]
    grouped: dict[str, list[Problem]] = {}
    for problem in sorted(figures.problems):
        grouped.setdefault(problem.code, []).append(problem)
    for code, held in sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0])):
        blocks.append(Heading(joined((code, figure(len(held))), ": "), level=4))
        if len(held) > _MOST_LINES:
            first = phrase("The first {most} of {number}.", most=_MOST_LINES, number=len(held))
            blocks.append(Paragraph(first, "note"))
        blocks.append(Bullets(tuple(_refused(problem, language) for problem in held[:_MOST_LINES])))
    if not grouped:
        blocks.append(Paragraph(phrase("Nothing was refused.")))
    return Section("", phrase("Received and refused"), "refused", tuple(blocks))


def _refused(problem: Problem, language: Language) -> str:
    line = f"{problem.file}:{problem.line}"
    if language.code != "en":
        return line  # what was wrong is told by its code
    return " ".join(filter(None, (line, problem.message, f"({problem.hint})" if problem.hint else "")))


def _bounds(figures: Figures) -> str:
    low, high = figures.origins_low, figures.origins_high
    if high is None:
        return phrase("at least {low}, no upper bound", low=low)
    return figure(low) if low == high else phrase("{low} to {high}", low=low, high=high)


def method(figures: Figures, agreement: Agreement) -> Section:
    """Return how to read the report: every word and rule that it rests on, and who is bound."""
    standards = sorted({told.account["standard"] for told in figures.told})
    applied = (
        phrase("The standard applied here: {standards}.", standards=listed(_STANDARDS.get(s, s) for s in standards))
        if standards
        else ""
    )
    first = phrase("Violation") if figures.may_determine else phrase("Assessed as inconsistent")
    terms: list[tuple[str, str]] = [
        (
            phrase("Finding"),
            phrase(
                "One incident, or one duty and the time it was due, under one clause, in two parts that are kept "
                "apart: whether it occurred as the clause forbids, and who answers for it."
            ),
        ),
        (
            first,
            phrase(
                "Whatever the facts left open turn out to be, what was reported is an act that the clause forbids to a "
                "bound party, in its area and time, and no exception covers it. It stands on the reports; it confirms "
                "none of them."
            ),
        ),
        (
            phrase("Outside scope"),
            phrase(
                "It cannot be a violation, and an exception of the agreement may cover it. That does not make it "
                "lawful; civilian harm is counted all the same."
            ),
        ),
        (phrase("Undetermined"), _undetermined(figures)),
        (
            phrase("The tests"),
            phrase(
                "When, where, what, bound (could a bound party have done it), in scope (no exception covers it), "
                "proof. Each is answered yes, no or unknown; unknown is never taken for yes."
            ),
        ),
        (
            phrase("Proof"),
            sentences(
                applied,
                phrase(
                    "Reasonable grounds ask for one independent origin; balance of probabilities for two, or "
                    "first-hand sight; clear and convincing for a first-hand recording, or three without a shared "
                    "interest. Repetition is not corroboration: several reports of one origin count once."
                ),
            ),
        ),
        (
            phrase("The presumption"),
            phrase(
                "Where a report names a side only by a name that may stand for several groups, some clauses take it "
                "for the bound side unless an outside group is named. Every finding that rests on this says so, and "
                "page one counts both with and without it."
            ),
        ),
        (
            phrase("Order of names"),
            phrase(
                "Who is named first in a report or dataset is a convention and says nothing of who acted. “Who took "
                "part” is in alphabetical order."
            ),
        ),
        (
            phrase("Places"),
            phrase(
                "A place is as wide as its source leaves it, and never moved to the nearest village. “Share of the "
                "place inside” is how much of it lies in the clause’s area under some reading."
            ),
        ),
        (
            phrase("Hypothetical demands"),
            phrase(
                "What a party demands beyond the agreement is judged apart, is in no count, and no finding on it is in "
                "this report."
            ),
        ),
        (
            phrase("Quoted text"),
            phrase(
                "Reports keep their source’s words. Characters that would turn or hide the text around them are shown "
                "as [U+…]."
            ),
        ),
    ]
    blocks: list[Block] = [Terms(tuple(terms))]
    if agreement.parties:
        blocks += [Heading(phrase("Who is bound"), "bound"), Bullets(_bound(agreement))]
    return Section("", phrase("How to read this report"), "method", tuple(blocks))


def _undetermined(figures: Figures) -> str:
    if figures.shows_leads:
        return phrase(
            "Some of what is not known would make it a violation and some would not. It is no judgement in either "
            "direction, and the report says which fact would settle it."
        )
    return phrase(
        "Some of what is not known would make it a violation and some would not. It is no judgement in either "
        "direction."
    )


def _bound(agreement: Agreement) -> tuple[str, ...]:
    told = []
    for party in agreement.parties.values():
        basis = _BASES.get(party.basis, party.basis.replace("-", " "))
        said = phrase("{actors}: {basis}", actors=actor_names(party.actors, agreement), basis=basis)
        told.append(joined((said, _BASES["contested"]), ", ") if party.is_contested else said)
    return tuple(told)


def sources(figures: Figures, agreement: Agreement) -> Section:
    """Return on what the report rests, with licences, and from what the agreement is known."""
    told: list[tuple[str, str]] = []
    for source in figures.sources:
        grade = phrase("Reliability as we take it: {grade}.", grade=str(source.reliability))
        if source.interest:
            grade = phrase(
                "Reliability as we take it: {grade}; interest: {interest}.",
                grade=str(source.reliability),
                interest=str(source.interest),
            )
        cite = phrase("Cite as: {citation}.", citation=source.citation) if source.citation else ""
        publisher = f"{source.publisher}." if source.publisher else ""
        told.append((source.title, sentences(publisher, _licence(source.licence), cite, grade)))
    drawn = [
        sentences(
            joined((file.get("source") or phrase("Source not stated"), ""), "."), _licence(file.get("licence", ""))
        )
        for file in agreement.boundaries
    ]
    decides = phrase("Approximate and not authoritative: no base map decides a line.")
    told.append((phrase("Boundaries of the zones"), sentences(*drawn, decides)))
    blocks: list[Block] = [Terms(tuple(told))]
    texts = _texts(agreement)
    if texts:
        number = phrase("{count} source", "{count} sources", count=len(texts))
        blocks.append(Heading(phrase("What the agreement is known from: {sources}", sources=number), "texts"))
        blocks.append(Bullets(tuple(f"{s.title} ({s.published})" if s.published else s.title for s in texts)))
    return Section("", phrase("Sources and licences"), "sources", tuple(blocks))


def _licence(licence: str) -> str:
    return phrase("Licence: {licence}.", licence=licence) if licence else ""


def _texts(agreement: Agreement) -> list[TextSource]:
    """Return the sources that what is in force rests on."""
    says = [clause.sources for clause in agreement.clauses]
    says += [exception.says for clause in agreement.clauses for exception in clause.outside_scope]
    says += [rival.says for term in terms_in_force(agreement) for rival in term.rivals]
    says += [party.says for party in agreement.parties.values()]
    says += [zone.says for zone in agreement.zones.values()]
    says += [reading.says for reading in agreement.readings.values()]
    named = {each for names in says for each in names}
    return [source for source in agreement.sources.values() if source.id in named]
