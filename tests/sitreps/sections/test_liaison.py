"""Liaison and talks: what the log holds, the replies of the parties, and plainly what is not recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.sitreps.sections.told import Tell, WithTold, headings, said, tables
from trucewatch.agreement.terms import Agreement
from trucewatch.levels import Level
from trucewatch.logs.liaison import Notice, State, Statement, Subject, open_at, times_to_acknowledge, times_to_answer
from trucewatch.sitreps.blocks import Bullets
from trucewatch.sitreps.material import Figures, LiaisonLog, Stand
from trucewatch.sitreps.sections.liaison import liaison, political
from trucewatch.when import Span

JUNE = datetime(2018, 6, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return JUNE + timedelta(days=number - 1)


def log(*notices: Notice, channels: tuple[Statement, ...] = ()) -> LiaisonLog:
    times = times_to_acknowledge(notices, day(30)), times_to_answer(notices, day(30))
    return LiaisonLog(channels, len(notices), *times, open_at(notices, day(30)))


def query(id: str, **more: object) -> Notice:
    return replace(Notice(id, "line", "mission", "side-a", Subject.QUERY, day(1)), **more)  # type: ignore[arg-type]


def test_what_is_not_recorded_is_said_and_nothing_else(figures: Figures, agreement: Agreement) -> None:
    section = liaison(figures, agreement)
    assert said(section) == ["This mission keeps no liaison log. What the parties answered is not recorded."]
    talks = political(replace(figures, positions=()))
    assert said(talks) == ["No position of anybody is told of, as far as it may be told here."]
    assert [len(section.blocks) for section in (section, talks)] == [1, 1]


def test_positions_stand_with_their_hedges_and_on_whose_word(figures: Figures) -> None:
    held = Stand(
        "Blues", "objects to", "the memorandum", "", "1 July 2017", ("apparently",), ("the memo",),
        ("Wire < Blues (attributed)", "Paper (no attribution)"), Level.PUBLIC,
    )  # fmt: skip
    section = political(
        replace(figures, positions=(held, replace(held, who="Reds", clause="C1", hedges=(), quotes=())))
    )
    (table,) = tables(section)
    assert table.rows == (
        (
            "Blues", "objects to, hedged “apparently”", "the memorandum", "–", "1 July 2017",
            "Wire < Blues (attributed); Paper (no attribution); in the words “the memo”",
        ),
        (
            "Reds", "objects to", "the memorandum", "C1", "1 July 2017",
            "Wire < Blues (attributed); Paper (no attribution)",
        ),
    )  # fmt: skip
    (note,) = said(section)
    assert note.startswith("Where nothing is told of somebody, nobody reports it.")
    outside = political(replace(figures, positions=(held,), shows_leads=False))
    assert ("for the mission alone" in note, "for the mission alone" in str(outside)) == (figures.shows_leads, False)


def test_times_are_told_without_naming_any_party(figures: Figures, agreement: Agreement) -> None:
    answered = query("N1", answered=day(2), promised="to withdraw", due=day(5))
    told = replace(figures, liaison=log(answered, query("N2", answered=day(3)), query("N3")))
    section = liaison(told, agreement)
    times, waits = tables(section)
    assert times.rows == (
        ("to acknowledge", "3", "1", "24.0 h", "48.0 h", "not reached"),
        ("to answer", "3", "1", "24.0 h", "48.0 h", "not reached"),
    )
    assert waits.rows == (
        ("to be acknowledged", "1"),
        ("to be answered", "1"),
        ("what was promised to be done", "1"),
    )
    assert said(section) == [
        "3 notices were sent.",
        "1 promise is overdue.",
        "No reply of a party to a finding of this period is recorded.",
    ]
    assert "side-a" not in str(section)


def test_channels_stand_as_each_source_tells_of_them(figures: Figures, agreement: Agreement) -> None:
    start = Span(day(1), day(2), "day")
    both = (
        Statement("S1", "line", State.SUSPENDED, start, None, "side A"),
        Statement("S2", "line", State.IN_USE, start, Span(day(9), day(10), "day"), "an agency"),
    )
    section = liaison(replace(figures, liaison=log(channels=both)), agreement)
    rows = tables(section)[0].rows
    assert [(row[1], row[3]) for row in rows] == [("suspended", "side A"), ("in use", "an agency")]
    assert "It is told differently whether these could be used: line." in said(section)
    alone = liaison(replace(figures, liaison=log(channels=both[:1])), agreement)
    assert not any("differently" in words for words in said(alone))


def test_replies_stand_where_no_log_is_kept(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    section = liaison(with_told(replace(tell("aa01"), reply="Reply of B: “No.”"), tell("bb02")), agreement)
    assert headings(section.blocks) == ["Replies of the parties"]
    assert [block.items for block in section.blocks if isinstance(block, Bullets)] == [("C1, aa01: Reply of B: “No.”",)]
