"""Liaison and talks: what passed between the mission and the parties, what they replied, how each is said to stand."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from trucewatch.agreement.terms import Agreement
from trucewatch.logs.liaison import State, Times, Wait, differ
from trucewatch.sitreps.blocks import Block, Bullets, Heading, Paragraph, Section, Table
from trucewatch.sitreps.languages import phrase, sentences, when
from trucewatch.sitreps.material import Figures, LiaisonLog
from trucewatch.sitreps.sections.clauses import on_whose_word, stance
from trucewatch.sitreps.sections.counts import figure
from trucewatch.when import FAR_AHEAD, Span

_STATES = {
    State.OPEN: phrase("open"),
    State.SUSPENDED: phrase("suspended"),
    State.IN_USE: phrase("in use"),
    State.CLOSED: phrase("closed"),
}
_WAITS = {
    Wait.ACKNOWLEDGEMENT: phrase("to be acknowledged"),
    Wait.ANSWER: phrase("to be answered"),
    Wait.PROMISE: phrase("what was promised to be done"),
}


def liaison(figures: Figures, agreement: Agreement) -> Section:
    """Return what the liaison log holds of the period, and the replies of the parties."""
    log = figures.liaison
    if log is None:
        none = phrase("This mission keeps no liaison log. What the parties answered is not recorded.")
        blocks: list[Block] = [Paragraph(none)]
    else:
        blocks = [*_channels(log, agreement), *_times(log), *_open(log)]
    replies = tuple(sentences(f"{one.clause}, {one.id}:", one.reply) for one in figures.told if one.reply)
    if replies:
        blocks += [Heading(phrase("Replies of the parties"), "replies"), Bullets(replies)]
    elif log is not None:
        blocks.append(Paragraph(phrase("No reply of a party to a finding of this period is recorded.")))
    return Section("8", phrase("Liaison and the parties’ responses"), "liaison", tuple(blocks))


def _channels(log: LiaisonLog, agreement: Agreement) -> list[Block]:
    if not log.channels:
        return []
    rows = tuple(
        (
            one.channel,
            _STATES[one.state],
            when(
                Span(one.start.earliest, one.end.latest if one.end else FAR_AHEAD, "interval"),
                agreement.timezone,
            ),
            one.says,
        )
        for one in log.channels
    )
    named = sorted({one.channel for one in log.channels})
    disputed = [name for name in named if differ(one for one in log.channels if one.channel == name)]
    head = (phrase("Channel"), phrase("State"), phrase("When"), phrase("Who says so"))
    blocks: list[Block] = [Table(phrase("Channels, as each source tells of them"), head, rows)]
    if disputed:
        words = phrase("It is told differently whether these could be used: {channels}.", channels=", ".join(disputed))
        blocks.append(Paragraph(words, "note"))
    return blocks


def _times(log: LiaisonLog) -> list[Block]:
    rows = tuple(
        (word, figure(times.notices), figure(times.open_so_far), *(_hours(length) for length in _quartiles(times)))
        for word, times in (
            (phrase("to acknowledge"), log.to_acknowledge),
            (phrase("to answer"), log.to_answer),
        )
    )
    head = (
        "",
        phrase("Notices"),
        phrase("Open at the end"),
        phrase("A quarter within"),
        phrase("Half within"),
        phrase("Three quarters within"),
    )
    caption = phrase("How long it took, of the notices sent in the period; what is open still is reckoned with")
    sent = phrase("{count} notice was sent.", "{count} notices were sent.", count=log.sent)
    return [Paragraph(sent), Table(caption, head, rows, frozenset(range(1, 6)), "slim")]


def _quartiles(times: Times) -> tuple[timedelta | None, ...]:
    return times.lower, times.median, times.upper


def _hours(length: timedelta | None) -> str:
    if length is None:
        return phrase("not reached")
    return phrase("{hours} h", hours=f"{length.total_seconds() / 3600:.1f}")


def _open(log: LiaisonLog) -> list[Block]:
    waits = Counter(wait for matter in log.open for wait in matter.waits_for)
    overdue = sum(matter.is_overdue for matter in log.open)
    rows = ((_WAITS[wait], figure(waits[wait])) for wait in Wait)
    caption = phrase("What was open at the end of the period")
    late = phrase("{count} promise is overdue.", "{count} promises are overdue.", count=overdue)
    return [
        Table(caption, (phrase("Waits"), phrase("Notices")), tuple(rows), frozenset({1}), "slim"),
        Paragraph(late, "note"),
    ]


def political(figures: Figures) -> Section:
    """Return how the parties and others are said to stand, on whose word."""
    title = phrase("Political developments")
    if not figures.positions:
        none = phrase("No position of anybody is told of, as far as it may be told here.")
        return Section("9", title, "political", (Paragraph(none),))
    head = (
        phrase("Who"), phrase("How it is said to stand"), phrase("To what"), phrase("Clause"), phrase("When"),
        phrase("On whose word"),
    )  # fmt: skip
    rows = tuple(
        (one.who, stance(one), one.topic, one.clause or "–", one.when, on_whose_word(one)) for one in figures.positions
    )
    silence = phrase("Where nothing is told of somebody, nobody reports it. That is neither consent nor refusal.")
    demands = phrase(
        "What is demanded beyond the agreement stands here for the mission alone: a demand is no clause, and in no "
        "count."
    )
    note = sentences(silence, demands if figures.shows_leads else "")
    table = Table(phrase("Positions, as reports tell of them"), head, rows)
    return Section("9", title, "political", (table, Paragraph(note, "note")))
