"""Harm: civilians, and what they live by."""

from __future__ import annotations

from trucewatch.acts import act_tree
from trucewatch.logs.casualties import EXPLOSIVE_REMNANT, AgeBand, Harm, Sex
from trucewatch.sitreps.blocks import Block, Heading, Paragraph, Section, Table
from trucewatch.sitreps.languages import name, phrase
from trucewatch.sitreps.material import Casualties, CasualtyLog, Figures
from trucewatch.sitreps.sections.counts import acts_of, figure, harm_as_reported, incidents_of

_INFRASTRUCTURE = ("property", "humanitarian-access-restricted")
_HARMS = {Harm.KILLED: phrase("Killed"), Harm.INJURED: phrase("Injured")}
_GROUPS = {
    (Sex.FEMALE, AgeBand.ADULT): phrase("adult women"),
    (Sex.MALE, AgeBand.ADULT): phrase("adult men"),
    (Sex.FEMALE, AgeBand.CHILD): phrase("girls"),
    (Sex.MALE, AgeBand.CHILD): phrase("boys"),
    (Sex.NOT_KNOWN, AgeBand.ADULT): phrase("adults, sex not known"),
    (Sex.NOT_KNOWN, AgeBand.CHILD): phrase("children, sex not known"),
    (Sex.FEMALE, AgeBand.NOT_KNOWN): phrase("women or girls"),
    (Sex.MALE, AgeBand.NOT_KNOWN): phrase("men or boys"),
    (Sex.NOT_KNOWN, AgeBand.NOT_KNOWN): phrase("sex and age not known"),
}


def harm(figures: Figures) -> Section:
    """Return civilian harm, what of it was verified first, and acts against what civilians live by."""
    if figures.casualties is None:
        none = phrase("Verified by the mission: no verification of civilian harm is recorded yet.")
        blocks: list[Block] = [*_of_incidents(figures, Paragraph(none, "note"))]
    else:
        which = phrase(
            "The mission’s own record counts persons one by one; what reports of incidents say of civilian dead stands "
            "apart. Both may tell of the same persons, and they are never added up."
        )
        blocks = [*_recorded(figures.casualties), *_of_incidents(figures, Paragraph(which, "note"))]
    blocks.append(Heading(phrase("Infrastructure and humanitarian access"), "infrastructure"))
    blocks += acts_of(figures, _INFRASTRUCTURE, phrase("No report received tells of an act of these kinds."))
    return Section("3", phrase("Civilian harm and infrastructure"), "civilian-harm", tuple(blocks))


# ---- the mission's own record ----------------------------------------------------------------------------------------


def _recorded(log: CasualtyLog) -> list[Block]:
    """Return what the mission's own record says: verified first, and beside it what is being followed up."""
    verified = phrase(
        "Verified by the mission, each by at least {least} independent sources: {count} civilian of the period.",
        "Verified by the mission, each by at least {least} independent sources: {count} civilians of the period.",
        count=log.verified.number, least=str(log.least),
    )  # fmt: skip
    reported = phrase(
        "Reported, being followed up: {count} civilian of the period.",
        "Reported, being followed up: {count} civilians of the period.",
        count=log.reported.number,
    )
    blocks: list[Block] = [Paragraph(verified), *_table(phrase("Civilians, verified by the mission"), log.verified)]
    blocks += _causes(log.verified)
    if log.verified_later:
        words = phrase(
            "Verified in the period, and harmed before it: {count} civilian more.",
            "Verified in the period, and harmed before it: {count} civilians more.",
            count=log.verified_later,
        )
        blocks.append(Paragraph(words))
    blocks += [Paragraph(reported), *_table(phrase("Civilians, reported and being followed up"), log.reported)]
    if log.linked is not None:
        words = phrase("Linked to a report or an incident on record: {number} of these.", number=str(log.linked))
        blocks.append(Paragraph(words, "note"))
    return blocks


def _table(caption: str, told: Casualties) -> list[Block]:
    if not told.harms:
        return []
    rows: list[tuple[str, str]] = []
    inner: set[int] = set()
    for harm, said in _HARMS.items():
        if harm not in told.harms:
            continue
        rows.append((said, figure(told.harms[harm])))
        of_harm = [(word, told.groups[harm][group]) for group, word in _GROUPS.items() if group in told.groups[harm]]
        of_harm += [(phrase("not told apart"), told.left[harm])] if of_harm and told.left[harm] else []
        inner.update(range(len(rows), len(rows) + len(of_harm)))
        rows += [(phrase("of whom: {group}", group=word), figure(number)) for word, number in of_harm]
    if left := told.left[None]:
        rows.append((phrase("Killed or injured, not told apart"), figure(left)))
    return [_persons(caption, rows, told.number, frozenset(inner))]


def _causes(told: Casualties) -> list[Block]:
    """Return by what persons were harmed."""
    if not told.causes:
        return []
    tree = act_tree()
    words = {act: name("act", act, tree.label(act)) for act in tree}
    words |= {EXPLOSIVE_REMNANT: phrase("explosive remnant"), "": phrase("cause not known")}
    rows = [(word, figure(told.causes[cause])) for cause, word in words.items() if cause in told.causes]
    rows += [(phrase("not told apart"), figure(told.no_cause))] if told.no_cause else []
    return [_persons(phrase("Civilians, verified by the mission, by cause"), rows, told.number)]


def _persons(caption: str, rows: list[tuple[str, str]], number: int, inner: frozenset[int] = frozenset()) -> Table:
    head, foot = ("", phrase("Civilians")), (phrase("In all"), figure(number))
    return Table(caption, head, tuple(rows), frozenset({1}), "slim", foot=foot, inner=inner)


# ---- as reports of incidents have it ---------------------------------------------------------------------------------


def _of_incidents(figures: Figures, note: Paragraph) -> list[Block]:
    """Return what reports of incidents say of civilian dead; the note says what of all this is verified."""
    harmed = [one for one in incidents_of(figures.told) if one.civilians_dead]
    several = [one for one in harmed if one.account.get("status") == "corroborated"]
    blocks: list[Block] = [Paragraph(harm_as_reported(figures))]
    if harmed:
        rows = (
            (phrase("As reported"), figure(len(harmed)), figure(sum(one.civilians_dead or 0 for one in harmed))),
            (
                phrase("of which told by more than one independent origin"),
                figure(len(several)),
                figure(sum(one.civilians_dead or 0 for one in several)),
            ),
        )
        head = ("", phrase("Incidents"), phrase("Civilians dead"))
        blocks.append(Table(phrase("Civilian harm, as reported"), head, rows, frozenset({1, 2})))
    blocks.append(note)
    if harmed:
        listing = tuple((one.when, one.where, figure(one.civilians_dead or 0), one.id) for one in harmed)
        columns = (phrase("When"), phrase("Where"), phrase("Civilians dead"), phrase("Finding"))
        caption = phrase("Incidents with civilian dead, as reported")
        blocks.append(Table(caption, columns, listing, frozenset({2}), is_folded=True))
    return blocks
