"""Preconditions: what the liaison log shows of an act, whoever did it, and what it leaves open."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ford import ATTESTATIONS, LOGS, REPORTS, at, attestation, ford, incidents_of, logs, report
from trucewatch.actors import write_pairs
from trucewatch.agreement.terms import Asked, LogTest
from trucewatch.assessment.occasions import finding_id
from trucewatch.assessment.preconditions import with_log
from trucewatch.beside import Beside
from trucewatch.logs.liaison import Notice, State, Statement, Subject
from trucewatch.when import Span

MOVE = report("move", "force-movement", 240)
NOTICE = Notice("n1", "telephone", "east", "mission", Subject.MOVEMENT, at(180), about_area="ford", due=at(240))
WHOLE = (attestation("notices"),)


def shown(beside: Beside, *reports: dict[str, Any], **tests: LogTest) -> dict[str, bool | None]:
    law = replace(ford(), log_tests=tests) if tests else ford()
    (facts,) = with_log(incidents_of(reports), law, beside).accounts["facts"]
    found: dict[str, bool | None] = json.loads(facts or "{}")
    return found


def test_notice_in_time_is_a_fact_of_the_act() -> None:
    assert shown(logs(notices=(NOTICE,)), MOVE) == {"announced": True}


def test_notice_too_late_is_a_fact_where_the_log_is_whole() -> None:
    late = replace(NOTICE, sent=at(220))
    assert shown(logs(notices=(late,)), MOVE) == {}
    assert shown(logs(notices=(late,), attestations=WHOLE), MOVE) == {"announced": False}


def test_a_log_attested_since_yesterday_does_not_hold_what_was_sent_before() -> None:
    since = (attestation("notices", first=200),)
    assert shown(logs(notices=(replace(NOTICE, sent=at(220)),), attestations=since), MOVE) == {}


def test_the_notice_of_another_side_is_none_of_this_one() -> None:
    other = replace(NOTICE, sender="west")
    assert shown(logs(notices=(other,), attestations=WHOLE), MOVE) == {"announced": False}


@pytest.mark.parametrize("actor", ["", "somebody"])
def test_where_either_side_may_have_acted_the_log_must_say_the_same_of_both(actor: str) -> None:
    unknown = MOVE | {"pairs": write_pairs([(actor, "")])}
    assert shown(logs(notices=(NOTICE,), attestations=WHOLE), unknown) == {}
    both = (NOTICE, replace(NOTICE, id="n2", sender="west"))
    # It may have been a third one, of whose notice nobody can tell.
    assert shown(logs(notices=both, attestations=WHOLE), unknown) == {}
    either = MOVE | {"pairs": write_pairs([("Eastern Army", ""), ("Western Army", "")])}
    assert shown(logs(notices=both, attestations=WHOLE), either) == {"announced": True}


@pytest.mark.parametrize("told", [True, False, None])
def test_what_a_report_says_and_the_log_contradicts_is_unknown(told: bool | None) -> None:
    move = MOVE | {"facts": json.dumps({"announced": told})}
    assert shown(logs(notices=(NOTICE,)), move) == {"announced": None if told is False else True}


@pytest.mark.parametrize("name", ["move", finding_id("move", "F1-notice", "")])
def test_a_notice_that_names_the_report_or_its_finding_is_of_it(name: str) -> None:
    named = replace(NOTICE, about_area="", about_finding=name, due=None)
    other = replace(named, about_finding="another")
    assert shown(logs(notices=(named,), attestations=WHOLE), MOVE) == {"announced": True}
    assert shown(logs(notices=(other,), attestations=WHOLE), MOVE) == {"announced": False}


def test_a_place_that_may_lie_in_the_area_of_a_notice_leaves_it_open() -> None:
    nowhere = MOVE | {"place_kind": "unplaced", "lon": None, "lat": None, "radius_m": None}
    assert shown(logs(notices=(NOTICE,), attestations=WHOLE), nowhere) == {}


TRIED = {"tried": LogTest(Asked.ATTEMPT, channel="telephone")}
PROTEST = Notice("n1", "telephone", "east", "west", Subject.PROTEST, at(239), about_area="ford")


@pytest.mark.parametrize(
    ("opened", "notices", "expected"),
    [
        (0, (PROTEST,), {"tried": True}),
        (0, (), {"tried": False}),
        (300, (), {}),  # not said to have existed yet
        (0, (replace(PROTEST, answered=at(239.5), promised="they stop", done=at(239.8)),), {"tried": False}),
        (0, (replace(PROTEST, answered=at(239.5)),), {}),  # whether it helped is not recorded
    ],
)
def test_a_channel_can_have_been_tried_only_once_it_is_known_to_be_open(
    opened: float, notices: tuple[Notice, ...], expected: dict[str, bool]
) -> None:
    channel = (Statement("c1", "telephone", State.OPEN, Span(at(opened), at(opened), "instant")),)
    beside = logs(channels=channel, notices=notices, attestations=WHOLE)
    assert shown(beside, MOVE, **TRIED) == expected


def test_a_complaint_is_no_proof_of_what_it_complains_of() -> None:
    attack = {"attacked": LogTest(Asked.ATTACK)}
    assert shown(logs(notices=(PROTEST,), attestations=WHOLE), MOVE, **attack) == {}


def test_an_order_is_shown_by_its_notice_and_by_nothing_else() -> None:
    order = {"ordered": LogTest(Asked.ORDER)}
    notice = replace(PROTEST, subject=Subject.ORDER, sent=at(242))
    assert shown(logs(notices=(notice,), attestations=WHOLE), MOVE, **order) == {"ordered": True}
    assert shown(logs(notices=(PROTEST,), attestations=WHOLE), MOVE, **order) == {}


def test_without_logs_nothing_is_added() -> None:
    incidents = incidents_of([MOVE])
    assert with_log(incidents, ford(), Beside()) is incidents


@settings(deadline=None)
@given(REPORTS, LOGS, ATTESTATIONS, st.data())
def test_the_order_of_the_log_changes_nothing(
    reports: list[dict[str, Any]], beside: Beside, attestations: tuple[Any, ...], data: st.DataObject
) -> None:
    beside = replace(beside, attestations=attestations)
    turned = replace(beside, notices=tuple(data.draw(st.permutations(beside.notices))))
    incidents = incidents_of(reports)
    assert with_log(incidents, ford(), beside).accounts.equals(with_log(incidents, ford(), turned).accounts)
