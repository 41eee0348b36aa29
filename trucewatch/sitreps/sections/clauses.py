"""Clauses: what each says and whom it is about, and the findings under it, each with its tests and its chain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement, Clause, ClauseKind, Inspection, Term, TermKind
from trucewatch.assessment.judgements import Outcome
from trucewatch.sitreps.blocks import Block, Findings, Heading, Paragraph, Table
from trucewatch.sitreps.languages import Language, actor_name, joined, listed, month, name, phrase, phrases, sentences
from trucewatch.sitreps.material import Figures, Stand, Told
from trucewatch.sitreps.responses import RESULTS, STAGES
from trucewatch.sitreps.sections.counts import SHORT
from trucewatch.sitreps.sentences import said_elsewhere
from trucewatch.when import time_zone

POSITIONS = ("positions", "withdrawal-step")  # nodes of the act tree
_TESTS = {
    "when": phrase("when"),
    "where": phrase("where"),
    "what": phrase("what"),
    "count": phrase("count"),
    "bound": phrase("bound"),
    "scope": phrase("in scope"),
    "proof": phrase("proof"),
    "concurrent": phrase("other side’s part met"),
}
_ANSWERS = phrases(phrase("yes"), phrase("no"), phrase("unknown"))
MEANS = {
    "heard": phrase("heard"),
    "saw": phrase("saw"),
    "recorded": phrase("recorded"),
    "impact-site": phrase("impact site"),
    "told-by-party": phrase("told by party"),
    "told-by-interlocutor": phrase("told by interlocutor"),
    "open-source": phrase("open source"),
}
_COPIED = phrases(
    phrase("cites"),
    phrase("copies"),
    phrase("quotes the same"),
    phrase("act"),
    phrase("weapon"),
    phrase("when"),
    phrase("where"),
    phrase("count"),
    phrase("dead"),
    phrase("civilians dead"),
    phrase("actors"),
    phrase("hedge"),
    phrase("lost"),
    phrase("added"),
    phrase("sharpened"),
    phrase("blurred"),
    phrase("grew"),
    phrase("shrank"),
    phrase("changed"),
)


def wording(clause: Clause) -> str:
    """Return what a clause says, in short."""
    return name("clause", clause.id, clause.says.get("en") or next(iter(clause.says.values()), ""))


def is_of_positions(clause: Clause) -> bool:
    """Say whether a clause is about forces and weapons in place: withdrawals, ceilings, storage sites."""
    if not clause.what.acts:
        return isinstance(clause.owed, Inspection)
    tree = act_tree()
    is_of_forces = all(any(tree.covers(node, act) for node in POSITIONS) for act in clause.what.acts)
    return clause.kind in (ClauseKind.WITHDRAWAL, ClauseKind.CEILING) or is_of_forces


def actor_names(actors: Iterable[str], agreement: Agreement) -> str:
    """Return what some actors (ids) are called, as a list."""
    return listed(actor_name(actor, agreement) for actor in actors)


def terms_in_force(agreement: Agreement) -> list[Term]:
    """Return the terms that the clauses in force rest on; those of demands alone are in no sitrep."""
    named = {moment.term for moment in agreement.in_force}
    for clause in agreement.clauses:
        named |= {clause.start.term, clause.end.term, clause.ground.term, clause.ground.distance_term}
    return [term for term in agreement.terms.values() if term.id in named or term.kind is TermKind.BOUND]


def told_of_clause(clause: Clause, figures: Figures, agreement: Agreement, language: Language) -> list[Block]:
    """Return the findings of one clause, by outcome and month, after what is outside its scope."""
    blocks: list[Block] = [Heading(joined((clause.id, wording(clause)), ": "))]
    for targets, note in _exceptions(clause, agreement):
        outside = phrase("Outside its scope: {what}.", what=targets)
        blocks.append(Paragraph(sentences(outside, note if language.code == "en" else ""), "note"))
    blocks += positions_on(clause.id, figures)
    told = [one for one in figures.told if one.clause == clause.id]
    return [*blocks, *told_by_outcome(told, figures, agreement)]


def positions_on(clause: str, figures: Figures) -> list[Block]:
    """Return how the parties and others are said to stand to a clause (its id); nothing where nobody tells of it."""
    held = [one for one in figures.positions if one.clause == clause]
    if not held:
        return []
    head = (phrase("Who"), phrase("How it is said to stand"), phrase("When"), phrase("On whose word"))
    rows = tuple((one.who, joined((stance(one), one.topic), ": "), one.when, on_whose_word(one)) for one in held)
    return [Table(phrase("Positions on {clause}", clause=clause), head, rows)]


def stance(held: Stand) -> str:
    """Return how somebody stands to something, with its hedges."""
    hedges = (phrase("hedged “{words}”", words=words) for words in held.hedges)
    return joined((held.stance, *hedges), ", ")


def on_whose_word(held: Stand) -> str:
    """Return on whose word a position is told, and in which words of the reports."""
    quotes = (phrase("in the words “{words}”", words=words) for words in held.quotes)
    return joined((*held.told, *quotes), "; ")


def _exceptions(clause: Clause, agreement: Agreement) -> list[tuple[str, str]]:
    """Return (whom an exception is about, its note) for each exception of a clause."""
    told = []
    for exception in clause.outside_scope:
        against = phrase("acts against {actors}", actors=actor_names(exception.targets, agreement))
        by = phrase("acts by {actors}", actors=actor_names(exception.actors, agreement))
        parts = [against] if exception.targets else []
        parts += [by] if exception.actors else []
        facts = [
            name("precondition", one, agreement.preconditions[one].get("en", one.replace("-", " ")).rstrip("."))
            for one in exception.preconditions
        ]
        parts += (
            [phrase("acts for which this holds: {preconditions}", preconditions=joined(facts, "; "))] if facts else []
        )
        told.append((joined(parts, ", ") if parts else exception.id, exception.note))
    return told


def told_by_outcome(told: Sequence[Told], figures: Figures, agreement: Agreement, is_open: bool = False) -> list[Block]:
    """Return findings by outcome and month; what is not `is_open` is folded away but for a short list of violations."""
    if not told:
        return [Paragraph(phrase("No finding in this period."))]
    violation = phrase("Violation") if figures.may_determine else phrase("Assessed as inconsistent")
    words = {
        str(Outcome.VIOLATION): violation,
        str(Outcome.OUTSIDE_SCOPE): phrase("Outside scope"),
        str(Outcome.UNDETERMINED): phrase("Undetermined"),
        str(Outcome.UNTOUCHED): phrase("Alleged, and not reached by the clause"),
    }
    blocks: list[Block] = []
    for outcome, word in words.items():
        found = [one for one in told if one.outcome == outcome]
        if not found:
            continue
        is_shown = is_open or (outcome == Outcome.VIOLATION and len(found) <= SHORT)
        blocks.append(Heading(phrase("{outcome}: {number}", outcome=word, number=len(found)), level=4))
        for label, each in _months(found, agreement):
            details = {one.id: _details(one, figures) for one in each}
            number = phrase("{count} finding", "{count} findings", count=len(each))
            items = tuple(replace(one, sentence=one.sentence_and_reply) for one in each)
            blocks.append(Findings(joined((label, number), " · "), items, is_shown, details))
    return blocks


def _months(told: Iterable[Told], agreement: Agreement) -> list[tuple[str, tuple[Told, ...]]]:
    zone = time_zone(agreement.timezone)

    def first(finding: Told) -> datetime:
        return finding.earliest.astimezone(zone)

    ordered = sorted(told, key=lambda finding: (finding.earliest, finding.id))
    months = groupby(ordered, key=lambda finding: (first(finding).year, first(finding).month))
    return [(month(year, number), tuple(held)) for (year, number), held in months]


def _details(told: Told, figures: Figures) -> tuple[tuple[str, str], ...]:
    """Return (word, what it says) of a finding: tests, who answers for it, and the chain down to file and line."""
    tests: str = joined(
        (
            phrase("{test}: {answer}", test=_TESTS.get(test, test), answer=_ANSWERS.get(answer, answer))
            for test, answer in told.tests.items()
        ),
        ", ",
    )
    if told.account.get("per_test"):
        tests = phrase("{tests} (each judged by itself: the contested terms combine in too many ways)", tests=tests)
    found: list[tuple[str, str]] = [(phrase("Tests"), tests)]
    if told.share_inside is not None:
        found.append((phrase("Share of the place inside"), f"{100 * told.share_inside:.0f} %"))
    found.append((phrase("Who answers for it"), told.responsibility))
    found.append((phrase("On whose word"), told.origins))
    if told.presumption:
        found.append((phrase("Presumption"), phrase("applied")))
    if told.proceeding:
        stage, result = STAGES[told.proceeding.stage], RESULTS[told.proceeding.result]
        found.append((phrase("Stage"), phrase("{stage}; result: {result}", stage=stage, result=result)))
    if told.settled_by:
        found.append((phrase("Would settle it"), joined(told.settled_by, "; or ")))
    for at, link in enumerate(told.chain, start=1):
        word = phrase("Report {number}", number=at) if len(told.chain) > 1 else phrase("Report")
        found.append((word, _report(link)))
        if link["text"]:
            found.append((phrase("In its words"), str(link["text"])))
        found += [(phrase("Repeats"), _repeated(repeat)) for repeat in link.get("repeats", ())]
    return (*found, (phrase("Finding"), told.id))


def _report(link: Mapping[str, object]) -> str:
    record = " ".join(str(part) for part in (str(link["source"]).upper(), link["record"]) if part)
    office = said_elsewhere(str(link["office"])) if link["office"] else phrase("office not named")
    cited = _cites(link)
    means = str(link["means"] or "")
    return phrase(
        "{record}, {line}; {office}; {means}, source grade {grade}",
        record=record,
        line=f"{link['file']}:{link['line']}",
        office=phrase("{office}, citing {cited}", office=office, cited=cited) if cited else office,
        means=MEANS.get(means, means) if means else phrase("means not said"),
        grade=str(link["reliability"] or "F"),
    )


def _cites(link: Mapping[str, object]) -> str:
    """Return whom a report names as its origin, where that is somebody other than its teller."""
    named = [str(cited) for cited in json.loads(str(link["cites"] or "[]"))]
    return joined(named, ", ") if named and named != [link["office"]] else ""


def _repeated(repeat: Mapping[str, object]) -> str:
    how = str(repeat["how"])
    run = phrase("longest run {number} words", number=repeat["run"]) if repeat["run"] else ""
    drift = repeat["drift"]
    changed = [
        phrase(
            "{field} {change}, {was} to {now}",
            field=_COPIED.get(str(each["field"]), str(each["field"])),
            change=_COPIED.get(str(each["change"]), str(each["change"])),
            was=str(each["from"]) if each["from"] else phrase("not said"),
            now=str(each["to"]) if each["to"] else phrase("not said"),
        )
        for each in (drift if isinstance(drift, list) else ())
    ]
    said = phrase("changed: {changes}", changes=joined(changed, "; ")) if changed else ""
    told = joined(filter(None, (_COPIED.get(how, how), run, said)), "; ")
    return phrase("{line} ({how})", line=f"{repeat['file']}:{repeat['line']}", how=told)
