"""Responses: a reply stands beside the finding in every product, of equal rank, and changes nothing in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.beside import Beside
from trucewatch.errata import account, corrections
from trucewatch.findings import assess
from trucewatch.logs.liaison import Notice, State, Statement, Subject
from trucewatch.logs.stages import Result, Stage, Step
from trucewatch.sitreps.figures import figures
from trucewatch.sitreps.material import Figures, Material
from trucewatch.sitreps.tables import findings_table
from trucewatch.when import Span, read_edtf

Of = Callable[..., Material]
Claim = Callable[..., dict[str, Any]]


def day(number: int) -> Span:
    return read_edtf(f"2018-06-{number:02}", "Asia/Damascus")


def step(stage: Stage, on: int, **more: Any) -> Step:
    return Step(f"S-{stage}-{on}", "c1", stage, day(on), party="southern-front", **more)


PUT = step(Stage.PUT_TO_PARTY, 4, reply_due=day(11))
REPLY = step(Stage.REPLY, 6, reply_text="We fired at nobody.")
JUNE = read_edtf("2018-06", "Asia/Damascus")


@pytest.fixture
def told(material_of: Of, claim: Claim) -> Callable[..., Figures]:
    """Return the maker of the figures of one shelling, with some steps and a period."""

    def make(*steps: Step, period: Span = JUNE, **more: Any) -> Figures:
        material = material_of(claim("c1"), **more)
        about = {"c1": tuple(material.findings["finding"])}
        return figures(replace(material, beside=Beside(steps=steps), about=about), period)

    return make


def test_a_reply_is_told_wherever_the_finding_is(told: Callable[..., Figures]) -> None:
    found = told(PUT, REPLY)
    assert found.told
    for one in found.told:
        assert one.reply == "Reply of Southern Front: “We fired at nobody.”"
        assert one.sentence_and_reply == f"{one.sentence} {one.reply}"
    assert all("We fired at nobody." in sentence for sentence in findings_table(found)["sentence"])


def test_what_a_party_replied_since_corrects_no_earlier_report(material_of: Of, claim: Claim) -> None:
    before = material_of(claim("c1"))
    after = replace(before, beside=Beside(steps=(PUT, REPLY)), about={"c1": tuple(before.findings["finding"])})
    assert figures(after, JUNE).told[0].reply
    earlier = account(before, figures(before, JUNE))
    assert account(after, figures(after, JUNE)).equals(earlier)
    assert corrections(earlier, after, figures(after, JUNE))[0] == ()


def test_a_stage_never_changes_an_outcome(told: Callable[..., Figures]) -> None:
    plain = told()
    steps = (replace(PUT, result=Result.UNFOUNDED, why="so"), REPLY, step(Stage.BEFORE_JOINT_BODY, 12))
    for number in range(4):
        found = told(*steps[:number])
        assert (found.counts, found.matrix) == (plain.counts, plain.matrix)
        bare = [replace(one, reply="", proceeding=None) for one in found.told]
        assert bare == list(plain.told)


@given(st.lists(st.tuples(st.sampled_from(list(Stage)), st.integers(1, 30), st.sampled_from(list(Result))), max_size=6))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_steps_whatever_change_a_finding(
    material_of: Of, claim: Claim, told_of: list[tuple[Stage, int, Result]]
) -> None:
    plain = material_of(claim("c1"))
    steps = tuple(step(stage, on, result=result) for stage, on, result in told_of)
    assert assess(plain.incidents, plain.agreement, beside=Beside(steps=steps)).equals(plain.findings)


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (4, ""),
        (8, "Put to Southern Front, which may reply until 11 June 2018."),
        (20, "Put to Southern Front, which did not reply by 11 June 2018."),
    ],
)
def test_who_may_still_reply_is_told_so(told: Callable[..., Figures], until: int, words: str) -> None:
    found = told(PUT, period=Span(JUNE.earliest, day(until).earliest, "interval"))
    assert {one.reply for one in found.told} == {words}


def test_where_parties_are_not_named_neither_is_who_replied(told: Callable[..., Figures]) -> None:
    found = told(PUT, REPLY, names_parties=False)
    assert {one.reply for one in found.told} == {"Reply of the party: “We fired at nobody.”"}


def test_the_log_of_a_period(material_of: Of, claim: Claim) -> None:
    sent = [Notice(f"N{n}", "line", "a", "b", Subject.QUERY, day(n).earliest) for n in (1, 20)]
    said = [Statement(f"S{n}", "line", State.OPEN, day(n), day(n + 1)) for n in (1, 20)]
    material = replace(material_of(claim("c1")), beside=Beside(notices=tuple(sent), channels=tuple(said)))
    first = figures(material, Span(JUNE.earliest, day(10).earliest, "interval")).liaison
    assert first is not None
    assert (first.sent, [one.id for one in first.channels], len(first.open)) == (1, ["S1"], 1)
    whole = figures(material, JUNE).liaison
    assert whole is not None and (whole.sent, len(whole.channels), len(whole.open)) == (2, 2, 2)
    assert figures(material_of(claim("c1")), JUNE).liaison is None
