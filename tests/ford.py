"""The agreement of docs/duties.md, with every kind of duty, and what may be told and logged under it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import strategies as st

from trucewatch.actors import write_pairs
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.beside import Beside, places_of
from trucewatch.claims import claims_table
from trucewatch.findings import assess
from trucewatch.incidents import Incidents, corroborate
from trucewatch.levels import Level
from trucewatch.logs.inspections import InspectionOutcome, SiteInspection
from trucewatch.logs.liaison import Notice, State, Statement, Subject
from trucewatch.logs.patrols import Attestation, Window
from trucewatch.views import view
from trucewatch.when import Span

PAGE = Path(__file__).parents[1] / "docs" / "duties.md"
MAY = datetime(2021, 5, 1, tzinfo=UTC)
AUGUST = datetime(2021, 8, 1, tzinfo=UTC)
ACTS = (
    "force-movement", "humanitarian-convoy", "movement-denied", "agreement-made", "disarmament-done", "withdrawal-done",
    "presence-of-forces", "small-arms-fire", "act",
)  # fmt: skip
ATTESTED = ("notices", "act", "humanitarian-convoy", "agreement-made", "disarmament-step", "positions")


def write_ford(folder: Path) -> Path:
    """Write the agreement into a new folder, as the page shows it."""
    folder.mkdir()
    for name, text in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@cache
def ford() -> Agreement:
    """Return the agreement as it was read from a folder that is gone."""
    with TemporaryDirectory() as beside:
        agreement = read_agreement(write_ford(Path(beside) / "ford"))
    assert not agreement.problems
    return agreement


def at(hours: float) -> datetime:
    """Return an instant so many hours after the first of May 2021."""
    return MAY + timedelta(hours=hours)


def report(name: str, act: str, hours: float, actor: str = "Eastern Army", **told: Any) -> dict[str, Any]:
    """Return a row of claims: one act at the ford."""
    return {
        "claim_key": name, "version": name, "event_key": name, "source": "s", "record": name, "entry": 0, "item": 0,
        "assertion": "act", "act": act, "weapon": None, "earliest": at(hours), "latest": at(hours + 1),
        "time_extent": "within", "place_kind": "disc", "lon": 24.2, "lat": 48.2, "radius_m": 100.0,
        "place_extent": "within", "count_low": None, "count_high": None, "count_unit": None,
        "pairs": write_pairs([(actor, "")]), "means": "saw", "office": name, "cites": None, "interest": None,
        "curated": True, "allegation": False, "records_deaths": False, "exercise": False, "levels": "{}", **told,
    }  # fmt: skip


def incidents_of(reports: Sequence[dict[str, Any]]) -> Incidents:
    """Bring reports together."""
    columns = {name: [row[name] for row in reports] for name in reports[0]} if reports else {"claim_key": []}
    law = ford()
    return corroborate(view(claims_table(columns), Level.SEALED), law.gazetteer, law.register)


def judged(reports: Sequence[dict[str, Any]], beside: Beside) -> pl.DataFrame:
    """Judge reports and logs under every clause."""
    return assess(incidents_of(reports), ford(), beside=beside)


def logs(**held: Any) -> Beside:
    """Return logs that hold some rows, after which nothing was heard since August."""
    return Beside(places=places_of(ford()), **{"received_until": AUGUST, **held})


def attestation(what: str, first: float = 0, last: float = 24 * 92, area: str = "") -> Attestation:
    """Return an attestation for some hours after the first of May."""
    return Attestation(what, area, places_of(ford()).get(area), at(first), at(last), "duty officer")


HOURS = st.floats(-48, 24 * 80).map(lambda hours: round(hours * 4) / 4)
REPORTS = st.lists(
    st.tuples(st.sampled_from(ACTS), HOURS, st.sampled_from(["Eastern Army", "Western Army", "somebody", ""])),
    max_size=4,
).map(lambda told: [report(f"r{n}", act, hours, actor) for n, (act, hours, actor) in enumerate(told)])


@st.composite
def notices(draw: st.DrawFn) -> tuple[Notice, ...]:
    """Draw notices over the one channel, some of which are answered."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        sent = draw(HOURS)
        wait = draw(st.none() | st.floats(0, 60))
        found.append(
            Notice(
                f"n{number}", "telephone", draw(st.sampled_from(["east", "west", "mission"])),
                draw(st.sampled_from(["east", "west", "mission"])), draw(st.sampled_from(Subject)), at(sent),
                about_area=draw(st.sampled_from(["", "ford"])),
                answered=None if wait is None else at(sent + wait), due=draw(st.none() | HOURS.map(at)),
            )
        )  # fmt: skip
    return tuple(found)


SITES = st.lists(
    st.builds(
        lambda n, hours, outcome: SiteInspection(f"i{n}", "site", "ford", "east", Span(at(hours), at(hours), "instant"),
                                                 outcome),
        st.integers(0, 9), HOURS, st.sampled_from(InspectionOutcome),
    ), max_size=2,
).map(tuple)  # fmt: skip
CHANNEL = (Statement("c1", "telephone", State.OPEN, Span(at(-100), at(-100), "instant")),)
LOGS = st.builds(lambda told, sites: logs(notices=told, channels=CHANNEL, inspections=sites), notices(), SITES)
ATTESTATIONS = st.lists(
    st.builds(
        lambda what, first, length, area: attestation(what, first, first + length, area),
        st.sampled_from(ATTESTED), st.floats(-72, 24 * 60), st.floats(1, 24 * 92), st.sampled_from(["", "ford"]),
    ), max_size=3,
).map(tuple)  # fmt: skip
WINDOWS = st.lists(
    st.builds(
        lambda act, first, length: Window(at(first), at(first + length), places_of(ford())["ford"], (act,)),
        st.sampled_from(ACTS), st.floats(-72, 24 * 60), st.floats(1, 24 * 92),
    ), max_size=3,
).map(tuple)  # fmt: skip
