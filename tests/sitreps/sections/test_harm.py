"""Harm: as reported and verified apart, and what civilians live by."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.sitreps.sections.told import Tell, WithTold, said, tables
from trucewatch.logs.casualties import AgeBand, Harm, Sex
from trucewatch.sitreps.disclosure import told_apart
from trucewatch.sitreps.material import Casualties, CasualtyLog, Figures
from trucewatch.sitreps.sections.harm import harm


def test_civilian_harm_is_told_as_reported_and_verified_apart(tell: Tell, with_told: WithTold) -> None:
    told = with_told(
        replace(tell("a", incident="i1", status="corroborated"), civilians_dead=3),
        replace(tell("b", incident="i1", status="corroborated"), civilians_dead=3),  # under another clause
        replace(tell("c", incident="i2", status="reported"), civilians_dead=2),
        tell("d", incident="i3"),
    )
    section = harm(told)
    counts, listing = tables(section)
    assert [row[1:] for row in counts.rows] == [("2", "5"), ("1", "3")]
    assert len(listing.rows) == 2 and listing.is_folded
    assert "Verified by the mission: no verification of civilian harm is recorded yet." in said(section)


def counted(*numbers: int, least: int = 1) -> Casualties:
    """Return so many women, boys and persons of whom nothing is known, killed, and injured men."""
    women, boys, unknown, men = numbers
    who = {
        (Sex.FEMALE, AgeBand.ADULT): women, (Sex.MALE, AgeBand.CHILD): boys, (Sex.NOT_KNOWN, AgeBand.NOT_KNOWN): unknown
    }  # fmt: skip
    killed, not_killed = told_apart(who, least)
    harms = {Harm.KILLED: sum(who.values())} | ({Harm.INJURED: men} if men else {})
    groups = {Harm.KILLED: killed} | ({Harm.INJURED: {(Sex.MALE, AgeBand.ADULT): men}} if men else {})
    left: dict[Harm | None, int] = {None: 0, Harm.KILLED: not_killed, Harm.INJURED: 0}
    causes = {"shelling": 2, "explosive-remnant": 1, "": 1}
    return Casualties(sum(numbers), harms, groups, left, causes, sum(numbers) - 4)


NOBODY = Casualties(0, {}, {}, {None: 0}, {}, 0)
ALL_TOGETHER = Casualties(2, {}, {}, {None: 2}, {}, 2)


def test_verified_comes_first_and_what_is_followed_up_beside_it(figures: Figures, tell: Tell) -> None:
    told = (replace(tell("a", incident="i1", status="reported"), civilians_dead=3),)
    log = CasualtyLog(counted(1, 2, 1, 1), counted(4, 0, 0, 0), 0, None, 3)
    section = harm(replace(figures, told=told, casualties=log))
    verified, causes, reported, as_reported, _ = tables(section)
    assert verified.rows == (
        ("Killed", "4"), ("of whom: adult women", "1"), ("of whom: boys", "2"), ("of whom: sex and age not known", "1"),
        ("Injured", "1"), ("of whom: adult men", "1"),
    )  # fmt: skip
    assert verified.foot == ("In all", "5")
    assert sorted(verified.inner) == [1, 2, 3, 5]
    assert causes.rows == (
        ("shelling", "2"), ("explosive remnant", "1"), ("cause not known", "1"), ("not told apart", "1")
    )  # fmt: skip
    assert reported.rows == (("Killed", "4"), ("of whom: adult women", "4"))
    assert as_reported.rows[0] == ("As reported", "1", "3")
    first, second, *rest = said(section)
    assert first == "Verified by the mission, each by at least 3 independent sources: 5 civilians of the period."
    assert second == "Reported, being followed up: 4 civilians of the period."
    assert any("never added up" in text for text in rest)
    assert not any("no verification" in text or "Linked" in text for text in rest)


def test_the_two_counts_are_never_one_number(figures: Figures, tell: Tell) -> None:
    told = (replace(tell("a", incident="i1", status="reported"), civilians_dead=300),)
    log = CasualtyLog(counted(20, 20, 0, 1), counted(7, 0, 0, 0), 0, 5, 2)
    section = harm(replace(figures, told=told, casualties=log))
    printed = " ".join([*said(section), *(cell for table in tables(section) for row in table.rows for cell in row)])
    assert not {"341", "307", "348", "48"} & set(re.findall(r"\d+", printed))


def test_too_few_to_be_told_apart_are_told_together(figures: Figures) -> None:
    section = harm(replace(figures, casualties=CasualtyLog(counted(5, 4, 1, 0, least=3), ALL_TOGETHER, 0, None, 2)))
    verified, *_ = tables(section)
    assert verified.rows == (("Killed", "10"), ("of whom: adult women", "5"), ("of whom: not told apart", "5"))
    assert [table.caption for table in tables(section) if "followed up" in table.caption] == []
    assert "Reported, being followed up: 2 civilians of the period." in said(section)


def test_what_was_verified_later_and_what_is_linked_have_lines_of_their_own(figures: Figures) -> None:
    told = said(harm(replace(figures, casualties=CasualtyLog(NOBODY, NOBODY, 1, 0, 2))))
    assert "Verified in the period, and harmed before it: 1 civilian more." in told
    assert "Linked to a report or an incident on record: 0 of these." in told


def test_acts_against_what_civilians_live_by_are_counted_by_kind(figures: Figures) -> None:
    told = replace(figures, acts={"humanitarian-access-restricted": 2, "property": 1, "shelling": 40})
    (acts,) = [table for table in tables(harm(told)) if "kind of act" in table.caption]
    assert acts.rows == (("humanitarian access restricted", "2"), ("looting or destruction of property", "1"))
    assert "No report received tells of an act of these kinds." in said(harm(figures))
