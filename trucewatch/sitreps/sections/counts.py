"""Counts: what several sections count, and what it is called: outcomes, acts, areas, civilian harm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.sitreps.blocks import Block, Paragraph, Table
from trucewatch.sitreps.languages import name, phrase
from trucewatch.sitreps.material import COUNTED, Figures, Told

SHORT = 20  # a list no longer than this stands open


def outcome_words(figures: Figures) -> Mapping[str, str]:
    """Return what each outcome is called, in the words that the mandate allows."""
    return {
        str(Outcome.VIOLATION): phrase("violation") if figures.may_determine else phrase("inconsistent"),
        str(Outcome.OUTSIDE_SCOPE): phrase("outside scope"),
        str(Outcome.UNDETERMINED): phrase("undetermined"),
    }


def outcome_heads(figures: Figures) -> tuple[str, ...]:
    """Return the heads of the columns of `outcome_figures`."""
    first = phrase("Violation") if figures.may_determine else phrase("Inconsistent")
    return first, phrase("Outside scope"), phrase("Undetermined")


def figure(count: int) -> str:
    """Return a number as it stands in a table."""
    return f"{count:,}"


def outcome_figures(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return how many there are of each outcome, in the order in which outcomes are counted."""
    return tuple(figure(counts.get(outcome, 0)) for outcome in COUNTED)


def incidents_of(told: Iterable[Told]) -> list[Told]:
    """Return one finding of each incident, in order of time."""
    ordered = sorted(told, key=lambda one: (one.earliest, one.id))
    return list({one.account["incident"]: one for one in ordered if one.account.get("incident")}.values())


def harm_as_reported(figures: Figures) -> str:
    """Say how many civilians are reported dead."""
    harm = figures.civilian_harm
    if not harm["incidents"]:
        return phrase("No civilian dead are reported in the incidents that a finding is about.")
    return phrase(
        "{count} civilian reported dead in {incidents}, whatever the finding on them.",
        "{count} civilians reported dead in {incidents}, whatever the finding on them.",
        count=harm["civilians_dead"],
        incidents=phrase("{count} incident", "{count} incidents", count=harm["incidents"]),
    )


def acts_of(figures: Figures, nodes: Iterable[str], none: str) -> list[Block]:
    """Return how many incidents of the period were of some acts, each kind apart."""
    tree = act_tree()
    rows = [
        (name("act", act, tree.label(act)), figure(number))
        for act, number in figures.acts.items()
        if act in tree and any(tree.covers(node, act) for node in nodes)
    ]
    if not rows:
        return [Paragraph(none)]
    caption = phrase("Incidents of the period by kind of act, as reported")
    return [Table(caption, (phrase("Act"), phrase("Incidents")), tuple(rows), frozenset({1}), "slim")]


def zones_in_order(figures: Figures, agreement: Agreement) -> list[str]:
    """Return the zones of the tables: a named area stands behind the zone that it is part of."""
    zones = [zone for zone, _ in figures.zones]
    parts = {zone: agreement.zones[zone].part_of for zone in zones if zone in agreement.zones}
    heads = [zone for zone in zones if parts.get(zone) not in zones]
    ordered = [each for head in heads for each in (head, *(zone for zone in zones if parts.get(zone) == head))]
    return [*ordered, *(zone for zone in zones if zone not in ordered)]


def parents_of(figures: Figures, agreement: Agreement) -> dict[str, str]:
    """Return for each named area inside another the name of that one."""
    labels = dict(figures.zones)
    held = [(zone, agreement.zones[zone].part_of) for zone in labels if zone in agreement.zones]
    return {zone: labels[parent] for zone, parent in held if parent in labels}
