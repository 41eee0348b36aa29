"""Sections: what each section of a sitrep says, in the order that missions use; and plainly what the record lacks.

The texts are phrases (`languages`), told in the language of the document at its end. Figures come in that language
already. A section says what the record holds; where nothing of its kind is recorded it says that, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement, Clause, ClauseKind, Rival, Term, TermKind, TextSource
from trucewatch.assessment.judgements import Outcome
from trucewatch.problems import Problem
from trucewatch.sitreps.blocks import Block, Bullets, Findings, Heading, Paragraph, Picture, Section, Table, Terms
from trucewatch.sitreps.charts import Chart, chart_of, draw_chart
from trucewatch.sitreps.languages import Language, joined, listed, month, name, phrase, sentences, when
from trucewatch.sitreps.map import Drawing
from trucewatch.sitreps.material import Figures, Told, Window
from trucewatch.sitreps.sentences import said_elsewhere, tell_unknowns
from trucewatch.when import Span, time_zone

COUNTED = (str(Outcome.VIOLATION), str(Outcome.OUTSIDE_SCOPE), str(Outcome.UNDETERMINED))
_MOST_LINES = 50  # of the rows refused for one reason
_SHORT = 20  # a list of violations no longer than this stands open
_ELSEWHERE = "elsewhere"
_POSITIONS = ("positions", "withdrawal-step")
_FREEDOM = "restriction-of-movement"
_INFRASTRUCTURE = ("property", "humanitarian-access-restricted")

_CELLS = {
    "none found": phrase("none found"),
    "partly seen": phrase("partly seen"),
    "not observed": phrase("not observed"),
}
_TESTS = {
    "when": phrase("when"),
    "where": phrase("where"),
    "what": phrase("what"),
    "count": phrase("count"),
    "bound": phrase("bound"),
    "scope": phrase("in scope"),
    "proof": phrase("proof"),
}
_ANSWERS = {"yes": phrase("yes"), "no": phrase("no"), "unknown": phrase("unknown")}
_MEANS = {
    "heard": phrase("heard"),
    "saw": phrase("saw"),
    "recorded": phrase("recorded"),
    "impact-site": phrase("impact site"),
    "told-by-party": phrase("told by party"),
    "told-by-interlocutor": phrase("told by interlocutor"),
    "open-source": phrase("open source"),
}
_STANDARDS = {
    "reasonable-grounds": phrase("reasonable grounds"),
    "balance-of-probabilities": phrase("balance of probabilities"),
    "clear-and-convincing": phrase("clear and convincing"),
}
_BASES = {"inferred": phrase("inferred"), "stated": phrase("stated"), "contested": phrase("contested")}
_COPIED = {
    str(said): said
    for said in (
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
}


def outcome_words(figures: Figures) -> Mapping[str, str]:
    """Return what each outcome is called, in the words that the mandate allows."""
    return {
        str(Outcome.VIOLATION): phrase("violation") if figures.may_determine else phrase("inconsistent"),
        str(Outcome.OUTSIDE_SCOPE): phrase("outside scope"),
        str(Outcome.UNDETERMINED): phrase("undetermined"),
    }


def _heads(figures: Figures) -> tuple[str, ...]:
    first = phrase("Violation") if figures.may_determine else phrase("Inconsistent")
    return first, phrase("Outside scope"), phrase("Undetermined")


def _number(count: int) -> str:
    return f"{count:,}"


def _numbers(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(_number(counts.get(outcome, 0)) for outcome in COUNTED)


def _incidents(told: Iterable[Told]) -> list[Told]:
    """Return one finding of each incident, in order of time."""
    ordered = sorted(told, key=lambda one: (one.earliest, one.id))
    return list({one.account["incident"]: one for one in ordered if one.account.get("incident")}.values())


# ---- 1 overview ------------------------------------------------------------------------------------------------------


def overview(figures: Figures, agreement: Agreement, small: Drawing | None, is_whole: bool = True) -> Section:
    """Return page one: assessment, counts, harm, on whose word, by area, where, and what could not be seen.

    Of a part of the findings (not `is_whole`) nothing is said of other periods and readings, which were not counted.
    """
    blocks: list[Block] = [*(Paragraph(sentence, "lead") for sentence in figures.assessment)]
    blocks += [Heading(phrase("Findings"), "counts"), *_counts(figures, agreement)]
    blocks += [Heading(phrase("Civilian harm"), "harm"), Paragraph(_harm(figures))]
    if is_whole:
        blocks += [Heading(phrase("On whose word"), "word"), Paragraph(_word(figures))]
    blocks += [Heading(phrase("By area"), "by-area"), _areas(figures, agreement, is_whole)]
    blocks += [Heading(phrase("Where"), "where"), *_where(small)]
    blocks += [Heading(phrase("What could not be seen"), "not-seen"), *_not_seen(figures)]
    return Section("1", phrase("Overview"), "overview", tuple(blocks))


def _counts(figures: Figures, agreement: Agreement) -> list[Block]:
    rows = [(phrase("With the presumption"), *_numbers(figures.counts))]
    if figures.strict_counts is not None:
        rows.append((phrase("Without it (reading “strict”)"), *_numbers(figures.strict_counts)))
    caption = phrase("Findings of the period, each resting on what was reported")
    number = figures.counts.get(COUNTED[0], 0)
    found = phrase("{count} finding", "{count} findings", count=number)
    if figures.may_determine:
        found = phrase("{count} finding of violation", "{count} findings of violation", count=number)
    rests = phrase(
        "{presumed} of the {findings} rests on the presumption that a name which may stand for several groups, or an "
        "actor whom nobody named, is a bound side.",
        "{presumed} of the {findings} rest on the presumption that a name which may stand for several groups, or an "
        "actor whom nobody named, is a bound side.",
        presumed=figures.presumed,
        count=figures.presumed,
        findings=found,
    )
    without = "" if "strict" in agreement.readings else phrase("The agreement has no reading that does without it.")
    return [
        Table(caption, ("", *_heads(figures)), tuple(rows), frozenset({1, 2, 3})),
        Paragraph(sentences(rests, without), "note"),
    ]


def _harm(figures: Figures) -> str:
    harm = figures.civilian_harm
    if not harm["incidents"]:
        return phrase("No civilian dead are reported in the incidents that a finding is about.")
    return phrase(
        "{count} civilian reported dead in {incidents}, whatever the finding on them.",
        "{count} civilians reported dead in {incidents}, whatever the finding on them.",
        count=harm["civilians_dead"],
        incidents=phrase("{count} incident", "{count} incidents", count=harm["incidents"]),
    )


def _word(figures: Figures) -> str:
    told = figures.concentration
    if told is None:
        return phrase("No report names who told it.")
    return phrase(
        "{alone} of {incidents} rest on {office} alone; {cite} cite it. What one source tells is reported, not "
        "confirmed.",
        alone=told.alone,
        incidents=told.incidents,
        office=told.office,
        cite=told.cite,
    )


def _areas(figures: Figures, agreement: Agreement, is_whole: bool) -> Table:
    is_held = any(row.before is not None for row in figures.areas)
    order = {zone: at for at, zone in enumerate(_zones_in_order(figures, agreement))}
    parts = _parents(figures, agreement)
    start, end = figures.period.before
    before = when(Span(start, end, "interval"), agreement.timezone)
    if is_held:
        caption = phrase(
            "Findings whose place lies wholly in the area. Beneath each, the period before: {period}", period=before
        )
    elif is_whole:
        caption = phrase(
            "Findings whose place lies wholly in the area. The period before, {period}, was not received", period=before
        )
    else:
        caption = phrase("Findings whose place lies wholly in the area")
    rows: list[tuple[str, ...]] = []
    inner: set[int] = set()
    for row in sorted(figures.areas, key=lambda row: order.get(row.zone, len(order))):
        if row.zone in parts:
            inner.add(len(rows))
        label = phrase("of which {area}", area=row.label) if row.zone in parts else row.label
        cells = list(_numbers(row.now))
        if is_held:
            earlier = _numbers(row.before) if row.before is not None else [phrase("not received")] * len(COUNTED)
            cells = [joined((now, then), "\n") for now, then in zip(cells, earlier, strict=True)]
        rows.append((label, *cells))
    return Table(caption, ("", *_heads(figures)), tuple(rows), frozenset({1, 2, 3}), "areas", inner=frozenset(inner))


def _where(small: Drawing | None) -> list[Block]:
    if small is None:
        return [Paragraph(phrase("None of the agreement's zones was ever drawn, so there is no map."))]
    return [Picture(small.svg, small.alt, joined(small.caption, " "), small.width, small.height)]


def _not_seen(figures: Figures) -> list[Block]:
    if figures.not_seen:
        return [Bullets(figures.not_seen)]
    return [Paragraph(phrase("Nothing was found that the sources could not have seen."))]


def _zones_in_order(figures: Figures, agreement: Agreement) -> list[str]:
    """Return the zones of the tables: a named area stands behind the zone that it is part of."""
    zones = [zone for zone, _ in figures.zones]
    parts = {zone: agreement.zones[zone].part_of for zone in zones if zone in agreement.zones}
    heads = [zone for zone in zones if parts.get(zone) not in zones]
    ordered = [each for head in heads for each in (head, *(zone for zone in zones if parts.get(zone) == head))]
    return [*ordered, *(zone for zone in zones if zone not in ordered)]


def _parents(figures: Figures, agreement: Agreement) -> dict[str, str]:
    """Return for each named area inside another the name of that one."""
    labels = dict(figures.zones)
    held = [(zone, agreement.zones[zone].part_of) for zone in labels if zone in agreement.zones]
    return {zone: labels[parent] for zone, parent in held if parent in labels}


# ---- 2 ceasefire violations ------------------------------------------------------------------------------------------


def violations(figures: Figures, agreement: Agreement, language: Language) -> Section:
    """Return clauses and areas, what is contested, and the findings of every clause that is not about positions."""
    blocks = [*_clauses(figures, agreement), *_contested(agreement)]
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
        if not _is_of_positions(clause):
            blocks += told_of_clause(clause, figures, agreement, language)
    title = phrase("Ceasefire violations") if figures.may_determine else phrase("The ceasefire, clause by clause")
    return Section("2", title, "violations", tuple(blocks))


def _is_of_positions(clause: Clause) -> bool:
    tree = act_tree()
    is_of_forces = all(any(tree.covers(node, act) for node in _POSITIONS) for act in clause.what.acts)
    return clause.kind in (ClauseKind.WITHDRAWAL, ClauseKind.CEILING) or is_of_forces


def _clauses(figures: Figures, agreement: Agreement) -> list[Block]:
    text = (
        phrase("The text of the agreement is confidential; the clauses say in our words what sources tell of it.")
        if agreement.text == "confidential"
        else phrase("The clauses are given in short; the text of the agreement is public.")
    )
    guarantors = _labels(agreement.guarantors, agreement)
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
    labels, parents = dict(figures.zones), _parents(figures, agreement)
    zones = _zones_in_order(figures, agreement)
    heads = [
        joined((labels[zone], phrase("(part of {area})", area=parents[zone])), "\n")
        if zone in parents
        else labels[zone]
        for zone in zones
    ]
    words, rows, shades = outcome_words(figures), [], {}
    for at, clause in enumerate(clauses):
        row = [joined((clause.id, wording(clause)), "\n")]
        for column, zone in enumerate((*zones, _ELSEWHERE), start=1):
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
    terms = [term for term in _terms(agreement) if len(term.rivals) > 1]
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


def told_of_clause(clause: Clause, figures: Figures, agreement: Agreement, language: Language) -> list[Block]:
    """Return the findings of one clause, by outcome and month, after what is outside its scope."""
    blocks: list[Block] = [Heading(joined((clause.id, wording(clause)), ": "))]
    for targets, note in _exceptions(clause, agreement):
        outside = phrase("Outside its scope: {what}.", what=targets)
        blocks.append(Paragraph(sentences(outside, note if language.code == "en" else ""), "note"))
    told = [one for one in figures.told if one.clause == clause.id]
    return [*blocks, *told_by_outcome(told, figures, agreement)]


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
        is_shown = is_open or (outcome == Outcome.VIOLATION and len(found) <= _SHORT)
        blocks.append(Heading(phrase("{outcome}: {number}", outcome=word, number=len(found)), level=4))
        for label, each in _months(found, agreement):
            details = {one.id: _details(one, figures) for one in each}
            number = phrase("{count} finding", "{count} findings", count=len(each))
            blocks.append(Findings(joined((label, number), " · "), each, is_shown, details))
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
        means=_MEANS.get(means, means) if means else phrase("means not said"),
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


# ---- 3 civilian harm and infrastructure ------------------------------------------------------------------------------


def harm(figures: Figures) -> Section:
    """Return civilian harm as reported and what of it was verified, and acts against what civilians live by."""
    harmed = [one for one in _incidents(figures.told) if one.civilians_dead]
    several = [one for one in harmed if one.account.get("status") == "corroborated"]
    blocks: list[Block] = [Paragraph(_harm(figures))]
    if harmed:
        rows = (
            (phrase("As reported"), _number(len(harmed)), _number(sum(one.civilians_dead or 0 for one in harmed))),
            (
                phrase("of which told by more than one independent origin"),
                _number(len(several)),
                _number(sum(one.civilians_dead or 0 for one in several)),
            ),
        )
        head = ("", phrase("Incidents"), phrase("Civilians dead"))
        blocks.append(Table(phrase("Civilian harm, as reported"), head, rows, frozenset({1, 2})))
    blocks.append(
        Paragraph(phrase("Verified by the mission: no verification of civilian harm is recorded yet."), "note")
    )
    if harmed:
        listing = tuple((one.when, one.where, _number(one.civilians_dead or 0), one.id) for one in harmed)
        columns = (phrase("When"), phrase("Where"), phrase("Civilians dead"), phrase("Finding"))
        caption = phrase("Incidents with civilian dead, as reported")
        blocks.append(Table(caption, columns, listing, frozenset({2}), is_folded=True))
    blocks.append(Heading(phrase("Infrastructure and humanitarian access"), "infrastructure"))
    blocks += _of_acts(figures, _INFRASTRUCTURE, phrase("No report received tells of an act of these kinds."))
    return Section("3", phrase("Civilian harm and infrastructure"), "civilian-harm", tuple(blocks))


def _of_acts(figures: Figures, nodes: Iterable[str], none: str) -> list[Block]:
    """Return how many incidents of the period were of some acts, each kind apart."""
    tree = act_tree()
    rows = [
        (name("act", act, tree.label(act)), _number(number))
        for act, number in figures.acts.items()
        if act in tree and any(tree.covers(node, act) for node in nodes)
    ]
    if not rows:
        return [Paragraph(none)]
    caption = phrase("Incidents of the period by kind of act, as reported")
    return [Table(caption, (phrase("Act"), phrase("Incidents")), tuple(rows), frozenset({1}), "slim")]


# ---- 4 withdrawal and storage sites ----------------------------------------------------------------------------------


def withdrawal(figures: Figures, agreement: Agreement, language: Language) -> Section:
    """Return the findings on forces and weapons in place: withdrawals, ceilings, storage sites."""
    clauses = [clause for clause in agreement.clauses if _is_of_positions(clause)]
    none = phrase(
        "No report received tells of forces or weapons in place, of storage sites or of steps of a withdrawal."
    )
    blocks = _of_acts(figures, _POSITIONS, none)
    if not clauses:
        blocks.append(Paragraph(phrase("No clause asks for a withdrawal, a ceiling or a storage site.")))
    for clause in clauses:
        blocks += told_of_clause(clause, figures, agreement, language)
    return Section("4", phrase("Withdrawal and storage sites"), "withdrawal", tuple(blocks))


# ---- 5 special areas -------------------------------------------------------------------------------------------------


def special_areas(figures: Figures, agreement: Agreement) -> Section:
    """Return what was found in the areas that the agreement names apart, and which of them were never drawn."""
    named = {zone.id for zone in agreement.zones.values() if zone.part_of}
    rows = tuple((row.label, *_numbers(row.now)) for row in figures.areas if row.zone in named)
    blocks: list[Block] = []
    if rows:
        caption = phrase("Findings whose place lies wholly in a named area")
        blocks.append(Table(caption, ("", *_heads(figures)), rows, frozenset({1, 2, 3})))
    hidden = [
        name("zone", zone.id, zone.label)
        for zone in agreement.zones.values()
        if zone.id in named and zone.shape is None
    ]
    if hidden:
        told = phrase("Never drawn, so no incident can be placed in it: {zones}.", zones=listed(hidden))
        blocks.append(Paragraph(told))
    if not blocks:
        blocks.append(Paragraph(phrase("The agreement names no area apart from its zones.")))
    return Section("5", phrase("Special areas"), "special-areas", tuple(blocks))


# ---- 6 freedom of movement -------------------------------------------------------------------------------------------


def freedom(figures: Figures) -> Section:
    """Return what hindered the monitors, by kind, and what befell them."""
    none = phrase("No report received tells of a restriction of the monitors’ freedom of movement.")
    blocks = [
        *_of_acts(figures, (_FREEDOM,), none),
        Paragraph(
            phrase("Patrols are not recorded yet, so that none was reported does not mean that none was hindered.")
        ),
        Heading(phrase("Safety of monitors"), "safety"),
        Paragraph(phrase("Acts against the monitors themselves are not recorded apart yet.")),
    ]
    title = phrase("Freedom of movement and safety of monitors")
    return Section("6", title, "freedom-of-movement", tuple(blocks))


# ---- 7 allegations ---------------------------------------------------------------------------------------------------


def allegations(figures: Figures) -> Section:
    """Return every allegation with its result, and how many could not be ruled on."""
    alleged = [one for one in figures.told if one.account.get("allegation")]
    title = phrase("Allegations received and their results")
    if not alleged:
        none = Paragraph(phrase("No allegation of a party was received in this period."))
        return Section("7", title, "allegations", (none,))
    results = _results(figures)
    counted = [(word, sum(1 for one in alleged if one.outcome == outcome)) for outcome, word in results.items()]
    totals = tuple((word, _number(number)) for word, number in counted)
    rows = tuple((one.when, one.act, one.clause, results[one.outcome], one.id) for one in alleged)
    head = (phrase("When"), phrase("Alleged"), phrase("Clause"), phrase("Result"), phrase("Finding"))
    return Section(
        "7",
        title,
        "allegations",
        (
            Table(
                phrase("Allegations by result"), (phrase("Result"), phrase("Number")), totals, frozenset({1}), "slim"
            ),
            Paragraph(
                phrase("{count} could not be ruled on.", "{count} could not be ruled on.", count=dict(counted)[_OPEN]),
                "note",
            ),
            Table(phrase("Each allegation and its result"), head, rows, is_folded=len(rows) > _SHORT),
        ),
    )


_OPEN = phrase("could not be ruled on")


def _results(figures: Figures) -> Mapping[str, str]:
    first = phrase("a violation, on what was reported")
    return {
        str(Outcome.VIOLATION): first
        if figures.may_determine
        else phrase("assessed as inconsistent with the clause, on what was reported"),
        str(Outcome.OUTSIDE_SCOPE): phrase("outside the scope of the clause"),
        str(Outcome.UNTOUCHED): phrase("not reached by the clause"),
        str(Outcome.UNDETERMINED): _OPEN,
    }


# ---- 8, 9, 10 --------------------------------------------------------------------------------------------------------


def liaison() -> Section:
    """Return what was said over the liaison channel; nothing is recorded of it yet."""
    return Section(
        "8",
        phrase("Liaison and the parties’ responses"),
        "liaison",
        (Paragraph(phrase("This mission keeps no liaison log. What the parties answered is not recorded.")),),
    )


def political() -> Section:
    """Return talks and positions; nothing is recorded of them yet."""
    words = phrase("Talks and the positions of the parties are not recorded yet.")
    return Section("9", phrase("Political developments"), "political", (Paragraph(words),))


def corrections(figures: Figures) -> Section:
    """Return each finding of an earlier report that is told otherwise now, and why."""
    title = phrase("Corrections to earlier reports")
    if not figures.corrections:
        return Section("10", title, "corrections", (Paragraph(phrase("No earlier report is corrected.")),))
    rows = tuple(
        (each.finding, each.was, each.now or phrase("no longer made"), each.why) for each in figures.corrections
    )
    head = (phrase("Finding"), phrase("It was told as"), phrase("It is told as"), phrase("Why"))
    return Section("10", title, "corrections", (Table(title, head, rows),))


# ---- trends ----------------------------------------------------------------------------------------------------------


def trends(figures: Figures, agreement: Agreement, language: Language) -> Section:
    """Return what went before and came after each day of coming into force, and the months side by side."""
    blocks: list[Block] = [
        Heading(phrase("Before and after"), "windows"),
        Paragraph(
            phrase(
                "Lethal incidents in the thirty days before and after each day on which the agreement may have come "
                "into force. The counts stand side by side; no claim is made that the agreement caused any difference "
                "between them."
            )
        ),
        *(_window(window) for window in figures.windows),
    ]
    if not figures.windows:
        blocks.append(Paragraph(phrase("No such day has thirty days on either side within what was received."), "note"))
    blocks.append(Heading(phrase("Month by month"), "months"))
    chart = chart_of(figures, agreement, language)
    if chart is None:
        none = phrase("No incident of the period was recorded by a source that records deaths.")
        return Section("", phrase("Trends"), "trends", (*blocks, Paragraph(none)))
    return Section("", phrase("Trends"), "trends", (*blocks, *_by_month(chart, language)))


def _window(window: Window) -> Table:
    most = max((number for _, *numbers in window.dyads for number in numbers), default=0)
    bars = {
        (at, column): number / most
        for at, (_, *numbers) in enumerate(window.dyads)
        for column, number in enumerate(numbers, start=1)
        if number
    }
    head = (
        phrase("Who took part"),
        joined((phrase("Before"), window.before_text), "\n"),
        joined((phrase("After"), window.after_text), "\n"),
    )
    rows = tuple((who, _number(before), _number(after)) for who, before, after in window.dyads)
    foot = (phrase("In all"), _number(window.before), _number(window.after))
    caption = phrase("Lethal incidents round {day}, by who took part", day=window.date)
    return Table(caption, head, rows, frozenset({1, 2}), "windows", bars=bars, foot=foot)


def _by_month(chart: Chart, language: Language) -> list[Block]:
    alt = phrase("A bar for each month; the table below has the same numbers.")
    caption = (
        phrase("The dashed line marks a day on which the agreement may have come into force.") if chart.marks else ""
    )
    rows = tuple((bar.month, _number(bar.number)) for bar in chart.bars)
    title = phrase("Lethal incidents by month")
    return [
        Paragraph(
            phrase(
                "Lethal incidents that sources recorded in the area of the agreement, by the month in which they can "
                "have begun. The area is the source’s own; a finding’s place is never narrowed by it. A month that the "
                "period cuts counts its days within the period only."
            )
        ),
        Picture(draw_chart(chart, language), alt, caption, int(chart.width), int(chart.height)),
        Table(title, (phrase("Month"), phrase("Incidents")), rows, frozenset({1}), "slim", is_folded=True),
    ]


# ---- annex, map, open cases ------------------------------------------------------------------------------------------


def observations(figures: Figures) -> Section:
    """Return the annex: what the mission, or a sensor, observed itself."""
    seen = [one for one in _incidents(figures.told) if one.account.get("first_hand")]
    title = phrase("Annex: table of observations")
    if not seen:
        none = phrase("No incident of this report was observed first-hand, by the mission or by a sensor.")
        return Section("", title, "observations", (Paragraph(none),))
    rows = tuple((one.when, one.where, one.act, _means(one), one.id) for one in seen)
    head = (phrase("When"), phrase("Where"), phrase("What"), phrase("How it is known"), phrase("Finding"))
    words = phrase("Incidents observed first-hand, by the mission or by a sensor; what others told of is in section 2.")
    table = Table(phrase("Observations"), head, rows, is_folded=len(rows) > _SHORT)
    return Section("", title, "observations", (Paragraph(words), table))


def _means(told: Told) -> str:
    own = dict.fromkeys(str(link["means"]) for link in told.chain if link["means"])
    return joined((_MEANS.get(means, means) for means in own), ", ")


def the_map(large: Drawing | None, may_determine: bool) -> Section:
    """Return the map in full."""
    if large is None:
        words = phrase("None of the agreement's zones was ever drawn, so there is no map.")
        return Section("", phrase("Map"), "map", (Paragraph(words),))
    numbered = [joined((str(at), label), " ") for at, label in enumerate(large.numbered, start=1)]
    caption = sentences(*large.caption, phrase("Numbered: {zones}.", zones=joined(numbered, "; ")) if numbered else "")
    note = phrase(
        "Each disc is as wide as the place is uncertain, to scale; darker where several were told of the same place. "
        "The incident lies somewhere in its disc. The frame is that of the agreement’s zones, whatever was reported. "
        "Zones are not authoritative: no base map decides a line."
    )
    violation = phrase("at least one violation") if may_determine else phrase("at least one assessed as inconsistent")
    legend = (
        ("violation", violation),
        ("undetermined", phrase("undetermined, none of these")),
        ("outside-scope", phrase("outside scope only")),
    )
    drawn = Picture(large.svg, large.alt, caption, large.width, large.height, (note,), legend)
    return Section("", phrase("Map"), "map", (drawn,))


def open_cases(figures: Figures, agreement: Agreement) -> Section:
    """Return which facts would settle how many open cases; for the mission's own planning only."""
    title = phrase("What would settle the open cases")
    undetermined = [told for told in figures.told if told.outcome == Outcome.UNDETERMINED]
    if not undetermined:
        none = Paragraph(phrase("No finding of this period is undetermined."))
        return Section("", title, "open", (none,))
    blocks: list[Block] = [
        Paragraph(
            phrase(
                "For the mission’s own planning: {count} finding is undetermined because something is not known. The "
                "first table says in how many each fact would do by itself, the second which facts are needed "
                "together.",
                "For the mission’s own planning: {count} findings are undetermined because something is not known. The "
                "first table says in how many each fact would do by itself, the second which facts are needed "
                "together.",
                count=figures.counts.get(str(Outcome.UNDETERMINED), 0),
            )
        )
    ]
    missing = _missing(undetermined, agreement)
    if missing:
        head = (phrase("To know"), phrase("Settles alone"), phrase("Is missing in"))
        caption = phrase("Which single fact would settle how many")
        blocks.append(Table(caption, head, missing, frozenset({1, 2}), "slim-n"))
    grouped: dict[tuple[str, ...], list[Told]] = {}
    for told in undetermined:
        grouped.setdefault(told.settled_by, []).append(told)
    ranked = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = tuple(
        (joined(ways, "; or ") if ways else phrase("more than any single fact"), _number(len(held)))
        for ways, held in ranked
    )
    links = {
        at: tuple(told.id for told in sorted(held, key=lambda told: (told.earliest, told.id)))
        for at, (_, held) in enumerate(ranked)
    }
    columns = (phrase("It would settle them to know"), phrase("Findings"))
    caption = phrase("Open cases by what would settle them")
    blocks.append(Table(caption, columns, rows, frozenset({1}), "slim-n", links=links))
    return Section("", title, "open", tuple(blocks))


def _missing(undetermined: Iterable[Told], agreement: Agreement) -> tuple[tuple[str, str, str], ...]:
    """Return the facts that are not known, those first that would settle most open cases alone."""
    alone: dict[str, int] = {}
    among: dict[str, int] = {}
    for told in undetermined:
        ways = [tuple(names) for names in json.loads(told.account["settled_by"])]
        for fact in {names[0] for names in ways if len(names) == 1}:
            alone[fact] = alone.get(fact, 0) + 1
        for fact in {fact for names in ways for fact in names}:
            among[fact] = among.get(fact, 0) + 1
    ranked = sorted(among, key=lambda fact: (-alone.get(fact, 0), -among[fact], fact))
    return tuple(
        (tell_unknowns([fact], agreement), _number(alone.get(fact, 0)), _number(among[fact])) for fact in ranked
    )


# ---- received, method, sources ---------------------------------------------------------------------------------------


def received(figures: Figures, language: Language) -> Section:
    """Return what was received and what was refused, and why; below mission level only what may be known of it."""
    known = [(phrase("Claims"), _number(figures.claims)), (phrase("Incidents"), _number(figures.incidents))]
    if not figures.shows_leads:
        told = Paragraph(phrase("Of everything that may be told here, whatever its period."), "note")
        return Section("", phrase("What this report rests on"), "refused", (Terms(tuple(known)), told))
    counts = [
        (phrase("Rows read"), _number(figures.rows_read)),
        (phrase("Rows refused"), _number(figures.rows_refused)),
        (phrase("Withdrawn by their source"), _number(figures.withdrawn)),
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
        blocks.append(Heading(joined((code, _number(len(held))), ": "), level=4))
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
    return _number(low) if low == high else phrase("{low} to {high}", low=low, high=high)


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
                "What a party demands beyond the agreement is judged apart, is in no count, and is not in this report."
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
        said = phrase("{actors}: {basis}", actors=_labels(party.actors, agreement), basis=basis)
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


# ---- words of the agreement ------------------------------------------------------------------------------------------


def wording(clause: Clause) -> str:
    """Return what a clause says, in short."""
    return name("clause", clause.id, clause.says.get("en") or next(iter(clause.says.values()), ""))


def _labels(actors: Iterable[str], agreement: Agreement) -> str:
    return listed(name("actor", actor, agreement.register.label(actor)) for actor in actors)


def _exceptions(clause: Clause, agreement: Agreement) -> list[tuple[str, str]]:
    """Return (whom an exception is about, its note) for each exception of a clause."""
    told = []
    for exception in clause.outside_scope:
        against = phrase("acts against {actors}", actors=_labels(exception.targets, agreement))
        by = phrase("acts by {actors}", actors=_labels(exception.actors, agreement))
        parts = [against] if exception.targets else []
        parts += [by] if exception.actors else []
        told.append((joined(parts, ", ") if parts else exception.id, exception.note))
    return told


def _terms(agreement: Agreement) -> list[Term]:
    """Return the terms that the clauses in force rest on; those of demands alone are in no sitrep."""
    named = {moment.term for moment in agreement.in_force}
    for clause in agreement.clauses:
        named |= {clause.start.term, clause.end.term, clause.ground.term, clause.ground.distance_term}
    return [term for term in agreement.terms.values() if term.id in named or term.kind is TermKind.BOUND]


def _term_name(term: Term) -> str:
    return name("term", term.id, term.id.replace("-", " ").replace(".", ": "))


def _texts(agreement: Agreement) -> list[TextSource]:
    """Return the sources that what is in force rests on."""
    says = [clause.sources for clause in agreement.clauses]
    says += [exception.says for clause in agreement.clauses for exception in clause.outside_scope]
    says += [rival.says for term in _terms(agreement) for rival in term.rivals]
    says += [party.says for party in agreement.parties.values()]
    says += [zone.says for zone in agreement.zones.values()]
    says += [reading.says for reading in agreement.readings.values()]
    named = {each for names in says for each in names}
    return [source for source in agreement.sources.values() if source.id in named]


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
    zones = agreement.zones
    return listed(name("zone", each, zones[each].label) if each in zones else each for each in names)
