"""Document: a sitrep in words and in order, laid out by nobody; every layout is made from it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.problems import WrongCall
from trucewatch.sitreps.blocks import Document, Section
from trucewatch.sitreps.languages import (
    ENGLISH,
    WORDS,
    Language,
    actor_name,
    joined,
    language_of,
    name,
    party_name,
    phrase,
    phrases,
    told_in,
)
from trucewatch.sitreps.map import draw_map
from trucewatch.sitreps.material import COUNTED, ELSEWHERE, Cell, Figures, Told
from trucewatch.sitreps.sections.allegations import allegations
from trucewatch.sitreps.sections.annex import observations, open_cases, the_map
from trucewatch.sitreps.sections.clauses import positions_on, told_by_outcome, wording
from trucewatch.sitreps.sections.corrections import corrections
from trucewatch.sitreps.sections.harm import harm
from trucewatch.sitreps.sections.liaison import liaison, political
from trucewatch.sitreps.sections.method import method, received, sources
from trucewatch.sitreps.sections.movement import freedom
from trucewatch.sitreps.sections.overview import flash, overview
from trucewatch.sitreps.sections.trends import trends
from trucewatch.sitreps.sections.violations import violations
from trucewatch.sitreps.sections.withdrawal import special_areas, withdrawal
from trucewatch.sitreps.sentences import assessed
from trucewatch.sitreps.style import Style

ERRATUM = "erratum"  # what an earlier release told and is found otherwise now, and nothing else
SITUATION = "situation"  # of a period of any length, with everything that the others have
KINDS = {
    SITUATION: phrase("Situation report"),
    "daily": phrase("Daily situation report"),
    "weekly": phrase("Weekly situation report"),
    "monthly": phrase("Monthly situation report"),
    "thematic": phrase("Thematic report"),
    "flash": phrase("Flash report"),
    ERRATUM: phrase("Erratum"),
}
_WITH_TRENDS = (SITUATION, "monthly")
# The words that a layout needs of its own, by their English form.
_LABELS = phrases(
    phrase("Contents"),
    phrase("Page"),
    phrase("Marking"),
    phrase("before"),
    phrase("The map in full"),
    phrase("Skip to the assessment"),
    phrase("Assessment"),
    phrase("SIMULATION"),
    phrase("Simulation"),
    phrase("Invented reports of invented events. Nothing in this document happened."),
    phrase("Made with Trucewatch from the reports named above."),
    phrase("Head of the release log"),
    phrase("Would settle it"),
    phrase("In its words"),
    phrase("On whose word"),
)


def document_of(
    figures: Figures,
    agreement: Agreement,
    style: Style | None = None,
    kind: str = SITUATION,
    language: str = ENGLISH,
    topic: str = "",
    log_head: str = "",
) -> Document:
    """Put a sitrep into words and in order; the same figures give the same document.

    `topic` is what a thematic report is about (id of a clause or of a node of the act tree), the finding of a flash
    report, or the release that an erratum corrects; `log_head` the signed head of the audience's release log. Raises
    WrongCall for a kind, language or topic that there is not.
    """
    if kind not in KINDS:
        raise WrongCall(f"'{kind}' is no kind of sitrep; one of {', '.join(KINDS)}")
    sheet = style or Style()
    tongue = language_of(language, agreement, sheet, figures.reader)
    told: Figures = told_in(about(figures, agreement, kind, topic), tongue)
    facts = [
        (phrase("Period"), told.period.text),
        (phrase("Reports reach to"), told.cut_off),
        (phrase("Reading"), _reading(told, agreement)),
    ]
    if mission := sheet.mission_name(language):
        facts.append((phrase("Mission"), mission))
    if topic:
        facts.append((phrase("About"), _topic(topic, agreement)))
    simulation = phrase("SIMULATION")
    marking = figures.marking.upper() if language == ENGLISH else _level(figures.marking, agreement)
    document = Document(
        title=told.title,
        kind=kind,
        heading=KINDS[kind],
        language=language,
        direction=tongue.direction,
        marking=joined((simulation, marking), " · ") if figures.is_simulation else marking,
        is_simulation=figures.is_simulation,
        facts=tuple(facts),
        disclaimers=sheet.disclaimed(language, figures.reader),
        sections=tuple(_sections(told, agreement, tongue, kind, topic)),
        log_head=log_head,
        qr=_qr(log_head) if log_head else "",
        other_titles=tuple(sorted((code, words) for code, words in agreement.title.items() if code != language)),
        labels={**_LABELS, ", ": joined(("", ""), ", ")},
    )
    finished: Document = told_in(document, tongue)
    return finished


def _sections(figures: Figures, agreement: Agreement, language: Language, kind: str, topic: str) -> Iterator[Section]:
    if kind == ERRATUM:
        yield corrections(figures)
        return
    small = draw_map(figures, agreement, language, is_small=True)
    if kind == "flash" and topic:
        yield flash(figures, agreement)
        return
    yield overview(figures, agreement, small, is_whole=kind != "thematic")
    if kind == "flash":
        return
    if kind == "thematic":
        found = [*positions_on(topic, figures), *told_by_outcome(figures.told, figures, agreement)]
        yield Section("2", phrase("Findings"), "findings", tuple(found))
    else:
        yield violations(figures, agreement, language)
        yield harm(figures)
        yield withdrawal(figures, agreement, language)
        yield special_areas(figures, agreement)
        yield freedom(figures)
        yield allegations(figures)
        yield liaison(figures, agreement)
        yield political(figures)
        yield corrections(figures)
    if kind in _WITH_TRENDS:
        yield trends(figures, agreement, language)
    yield observations(figures)
    yield the_map(draw_map(figures, agreement, language), figures.may_determine)
    if figures.shows_leads:
        yield open_cases(figures, agreement)
    if kind != "thematic":
        yield received(figures, language)
    yield method(figures, agreement)
    yield sources(figures, agreement)


def _level(word: str, agreement: Agreement) -> str:
    party = word.removeprefix("party: ")
    if party == word:
        return WORDS.get(word, word)
    return phrase("party: {party}", party=party_name(party, agreement))


def _reading(figures: Figures, agreement: Agreement) -> str:
    """Return whose reading a sitrep follows."""
    if not figures.reading:
        return phrase("None chosen: every contested value stays open")
    reading = agreement.readings.get(figures.reading)
    quoted = phrase("“{reading}”", reading=figures.reading)
    if reading is None:
        return quoted
    if reading.by == "ours":
        return joined((quoted, phrase("no party’s")), ", ")
    by = actor_name(reading.by, agreement)
    return joined((quoted, phrase("as {actor} reads it", actor=by)), ", ")


def _topic(topic: str, agreement: Agreement) -> str:
    clauses = {clause.id: clause for clause in agreement.clauses}
    if topic in clauses:
        return joined((topic, wording(clauses[topic])), ": ")
    return name("act", topic, act_tree().label(topic)) if topic in act_tree() else topic


# ---- what a report is about ------------------------------------------------------------------------------------------


def about(figures: Figures, agreement: Agreement, kind: str, topic: str) -> Figures:
    """Return the figures of what a thematic or a flash report is about; of any other kind all of them.

    Raises WrongCall for a topic that there is not.
    """
    if kind == "thematic":
        return _counted_again(figures, _on_topic(figures, agreement, topic))
    if not topic or kind == ERRATUM:
        return figures
    if kind != "flash":
        raise WrongCall(
            f"a {kind} report has no topic; a thematic one is about a clause or an act, a flash one a finding"
        )
    about = {told.account["incident"] or told.id for told in figures.told if told.id == topic}
    if not about:
        raise WrongCall(f"no finding of this period is '{topic}'")
    told = tuple(one for one in figures.told if (one.account["incident"] or one.id) in about)
    return _counted_again(figures, told)


def _on_topic(figures: Figures, agreement: Agreement, topic: str) -> tuple[Told, ...]:
    if any(clause.id == topic for clause in agreement.clauses):
        return tuple(one for one in figures.told if one.clause == topic)
    tree = act_tree()
    if topic not in tree:
        raise WrongCall(f"a thematic report is about a clause or a node of the act tree, and '{topic}' is neither")
    return tuple(
        one for one in figures.told if one.account.get("act") in tree and tree.covers(topic, one.account["act"])
    )


def _counted_again(figures: Figures, told: tuple[Told, ...]) -> Figures:
    """Return the figures of some findings alone; what only all of them can say falls away."""

    def count(some: list[Told]) -> dict[str, int]:
        return {outcome: sum(1 for one in some if one.outcome == outcome) for outcome in COUNTED}

    counts = count(list(told))
    harmed = {one.account["incident"]: one.civilians_dead or 0 for one in told if one.civilians_dead}
    zones = {zone for zone, _ in figures.zones}
    areas = tuple(
        replace(
            row,
            now=count([one for one in told if (one.zone if one.zone in zones else ELSEWHERE) == row.zone]),
            before=None,
        )
        for row in figures.areas
    )
    first = phrase(
        "{period}: {count} finding.",
        "{period}: {count} findings.",
        period=figures.period.text,
        count=sum(counts.values()),
    )
    return replace(
        figures,
        told=told,
        counts=counts,
        strict_counts=None,
        presumed=sum(1 for one in told if one.presumption and one.outcome == Outcome.VIOLATION),
        civilian_harm={"incidents": len(harmed), "civilians_dead": sum(harmed.values())},
        areas=areas,
        assessment=(first, assessed(counts, figures.may_determine)),
        concentration=None,
        matrix={clause: {zone: Cell("not observed") for zone in row} for clause, row in figures.matrix.items()},
        corrections=(),
    )


def _qr(text: str) -> str:
    """Return a QR code as SVG, error correction M, with the quiet zone of ISO/IEC 18004."""
    import segno  # few sitreps have one

    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, nl=False, border=4, omitsize=True)
    return drawn.getvalue().decode()
