"""Readings: the same incidents judged under several readings, what flips between them, and which choice makes it flip.

Readings are compared, never ranked; those of the parties stand all beside each other, or none of them is told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

import polars as pl

from trucewatch.acts import act_tree
from trucewatch.agreement.atoms import MOST_COMBINATIONS, plane_of, tests_of
from trucewatch.agreement.readings import AS_IT_STANDS, bears_on, differing, mixed, refuse_alone, under
from trucewatch.agreement.terms import Agreement, Clause, ClauseKind, Reading
from trucewatch.assessment.judgements import Outcome
from trucewatch.beside import NOTHING, Beside
from trucewatch.evidence import Standard
from trucewatch.findings import assess
from trucewatch.incidents import Incidents
from trucewatch.levels import Level
from trucewatch.problems import WrongCall

Subject = tuple[str, str]  # a clause, and the incident or the occasion that it judges
_FLIP = ("clause", "subject", "incident", "earliest")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an outcome differs: the smallest sets of points that, chosen in the first reading as the second chooses them,
    give the second one's outcome.

    Where too many points differ for every set to be tried, only single ones and all together were, and `is_whole` is
    False.
    """

    one: str
    other: str
    sets: tuple[tuple[str, ...], ...]
    is_whole: bool = True

    @property
    def words(self) -> str:
        """The sets in words: `start`, or `area and start`."""
        return ", or ".join(" and ".join(points) for points in self.sets)


@dataclass(frozen=True, slots=True)
class Flip:
    """A finding whose outcome is not the same under each reading; `outcomes` stand in the order of the readings.

    `incident` is empty for an occasion, which `subject` then names by party, and by time where there are several.
    """

    clause: str
    subject: str
    incident: str
    earliest: datetime
    outcomes: tuple[str, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings under several readings, of which the first may choose nothing (id: empty).

    `counts` holds for each clause and reading how many findings have which outcome; what a clause does not touch is not
    counted. `flips` come by clause and time.
    """

    readings: tuple[Reading, ...]
    counts: Mapping[str, Mapping[str, Mapping[str, int]]]
    flips: tuple[Flip, ...]

    def totals(self, reading: str) -> dict[str, int]:
        """Return how many findings have which outcome under a reading, over all clauses."""
        return {o: sum(of[reading].get(o, 0) for of in self.counts.values()) for o in _COUNTED}


_COUNTED = (str(Outcome.VIOLATION), str(Outcome.OUTSIDE_SCOPE), str(Outcome.UNDETERMINED))


def compare(
    incidents: Incidents,
    agreement: Agreement,
    readings: Sequence[Reading],
    standard: Standard = Standard.REASONABLE_GROUNDS,
    beside: Beside = NOTHING,
    period: tuple[datetime, datetime] | None = None,
) -> Comparison:
    """Judge incidents under no choice and under each reading, and say what flips and why.

    The incidents are established once, whatever is read into the text afterwards. `period` [from, until) keeps the
    findings on incidents that began, and occasions that fell, in it. Demands are no clause and have no part in it.
    Raises WrongCall where the reading of one party is to be told without those of all.
    """
    refuse_alone(agreement, [reading.id for reading in readings])
    columns = (AS_IT_STANDS, *readings)

    def judge(law: Agreement, some: Incidents, reading: Reading) -> pl.DataFrame:
        return assess(some, law, reading, standard, beside=beside)

    findings = [judge(agreement, incidents, reading) for reading in columns]
    several = _several(findings)

    def judged(law: Agreement, some: Incidents, reading: Reading) -> pl.DataFrame:
        return _outcomes(judge(law, some, reading), some, several)

    found = [_outcomes(table, incidents, several) for table in findings]
    subjects = pl.concat([table.select(_FLIP) for table in found])
    told = subjects.unique(("clause", "subject"), keep="first", maintain_order=True).sort(
        "clause", "earliest", "subject"
    )
    if period:
        told = told.filter((pl.col("earliest") >= period[0]) & (pl.col("earliest") < period[1]))
    # By place and not by name: a value of a term may go by the name of a reading.
    for at, table in enumerate(found):
        mine = table.select("clause", "subject", pl.col("outcome").alias(f"{at}"))
        told = told.join(mine, on=("clause", "subject"), how="left", maintain_order="left")
    told = told.with_columns(pl.col(f"{at}").fill_null(str(Outcome.UNTOUCHED)) for at in range(len(columns)))
    flipped = told.filter(pl.any_horizontal(pl.col("0") != pl.col(f"{at}") for at in range(1, len(columns))))
    flips: list[Flip] = []
    for clause in agreement.clauses:
        mine = flipped.filter(pl.col("clause") == clause.id)
        if mine.height:
            flips += _explained(mine, clause, agreement, incidents, columns, judged)
    counts = {
        clause.id: {reading.id: _counted(told, clause.id, f"{at}") for at, reading in enumerate(columns)}
        for clause in agreement.clauses
    }
    return Comparison(columns, counts, tuple(flips))


def _counted(told: pl.DataFrame, clause: str, column: str) -> dict[str, int]:
    counted = dict(told.filter(pl.col("clause") == clause).group_by(column).len().iter_rows())
    return {outcome: int(counted.get(outcome, 0)) for outcome in _COUNTED}


def _several(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the (clause, party) of which some reading has more than one occasion."""
    named = [
        table.filter(pl.col("incident").is_null())
        .group_by("clause", pl.col("responsible").list.first().alias("party"))
        .len()
        .filter(pl.col("len") > 1)
        for table in tables
    ]
    return pl.concat(named).select("clause", "party").unique()


def _outcomes(findings: pl.DataFrame, incidents: Incidents, several: pl.DataFrame) -> pl.DataFrame:
    """Return (clause, subject, incident, earliest, outcome); a subject has the same name under each reading.

    An occasion goes by its party, for when it fell due may itself be contested; one of `several` by its time too.
    """
    began = incidents.incidents.select("incident", pl.col("earliest").alias("began"))
    many = several.with_columns(pl.lit(True).alias("is_one_of_many"))
    timed = pl.format(
        "{} {} {}",
        "party",
        pl.col("earliest").dt.to_string("iso:strict"),
        pl.int_range(pl.len()).over("clause", "party", "earliest"),
    )
    return (
        findings.with_columns(pl.col("responsible").list.first().alias("party"))
        .join(began, on="incident", how="left", maintain_order="left")
        .join(many, on=("clause", "party"), how="left", maintain_order="left")
        .select(
            "clause",
            pl.coalesce("incident", pl.when("is_one_of_many").then(timed).otherwise("party")).alias("subject"),
            pl.col("incident").fill_null(""),
            pl.coalesce("earliest", "began").alias("earliest"),
            "outcome",
        )
    )


# ---- which choice makes it flip --------------------------------------------------------------------------------------

_Judged = Callable[[Agreement, Incidents, Reading], pl.DataFrame]


def _explained(
    flipped: pl.DataFrame,
    clause: Clause,
    agreement: Agreement,
    incidents: Incidents,
    readings: Sequence[Reading],
    judged: _Judged,
) -> Iterator[Flip]:
    """Go through the findings of a clause that flip, each with its causes between every two readings."""
    law = replace(agreement, clauses=(clause,))
    names = flipped.filter(pl.col("incident") != "")["incident"]
    # What several incidents come to together needs all of them.
    is_of_one = clause.kind in (ClauseKind.BAN, ClauseKind.WITHDRAWAL)
    some = _some(incidents, names) if is_of_one else incidents
    tried: dict[tuple[Any, ...], dict[str, str]] = {}

    def outcomes(reading: Reading) -> dict[str, str]:
        """Return the outcome of each of these findings under a reading that is nobody's."""
        key = (tuple(sorted(reading.choices.items())), reading.presumption, reading.affiliations, reading.reservations)
        if key not in tried:
            tried[key] = dict(judged(law, some, reading).select("subject", "outcome").iter_rows())
        return tried[key]

    told: dict[str, list[Cause]] = {subject: [] for subject in flipped["subject"]}
    rows = flipped.select("subject", *(f"{at}" for at in range(len(readings)))).rows()
    for (first, one), (second, other) in itertools.combinations(enumerate(readings), 2):
        parted = {row[0]: row[1 + second] for row in rows if row[1 + first] != row[1 + second]}
        if not parted:
            continue
        points = [point for point in differing(one, other) if bears_on(point, clause, agreement)]
        sets, is_whole = smallest_sets(parted, points, partial(_changed, one, other, outcomes))
        for subject in parted:
            told[subject].append(Cause(one.id, other.id, sets[subject], is_whole))
    for row in flipped.iter_rows(named=True):
        yield Flip(
            clause=clause.id,
            subject=row["subject"],
            incident=row["incident"],
            earliest=row["earliest"],
            outcomes=tuple(row[f"{at}"] for at in range(len(readings))),
            causes=tuple(told[row["subject"]]),
        )


def _changed(
    one: Reading, other: Reading, outcomes: Callable[[Reading], Mapping[str, str]], points: tuple[str, ...]
) -> Mapping[str, str]:
    return outcomes(mixed(one, other, points))


def smallest_sets(
    wanted: Mapping[str, str], points: Sequence[str], reached: Callable[[tuple[str, ...]], Mapping[str, str]]
) -> tuple[dict[str, tuple[tuple[str, ...], ...]], bool]:
    """Return for each subject the smallest sets of points that give it the outcome wanted, and whether all were tried.

    `reached` says what comes of changing some points: an outcome by subject, untouched where there is none. To change
    every point always gives what is wanted, so each subject has a set.
    """
    is_whole = 2 ** len(points) <= MOST_COMBINATIONS
    found: dict[str, list[tuple[str, ...]]] = {subject: [] for subject in wanted}
    for size in range(1, len(points) + 1) if is_whole else (1, len(points)):
        for chosen in itertools.combinations(points, size):
            left = [
                subject for subject, sets in found.items() if not any(set(smaller) <= set(chosen) for smaller in sets)
            ]
            outcomes = reached(chosen) if left else {}
            for subject in left:
                if outcomes.get(subject, str(Outcome.UNTOUCHED)) == wanted[subject]:
                    found[subject].append(chosen)
    return {subject: tuple(sets) for subject, sets in found.items()}, is_whole


def _some(incidents: Incidents, names: pl.Series) -> Incidents:
    chosen = pl.col("incident").is_in(names.implode())
    return replace(incidents, incidents=incidents.incidents.filter(chosen), accounts=incidents.accounts.filter(chosen))


# ---- what a party demands --------------------------------------------------------------------------------------------


class Answer(StrEnum):
    """What an incident says of a demand, which is no clause: nothing can violate it."""

    WOULD_NOT_MEET = "would not meet"
    WOULD_MEET = "would meet"
    CANNOT_TELL = "cannot tell"


_ANSWERS = {
    str(Outcome.VIOLATION): Answer.WOULD_NOT_MEET,
    str(Outcome.UNDETERMINED): Answer.CANNOT_TELL,
}


@dataclass(frozen=True, slots=True)
class Demanded:
    """What one incident says of a demand of a party; for the mission alone, and in no count."""

    demand: str
    party: str  # the label of the actor whose demand it is
    incident: str
    answer: Answer

    @property
    def words(self) -> str:
        """The answer in words."""
        if self.answer is Answer.CANNOT_TELL:
            return f"cannot tell whether it would meet demand {self.demand} of {self.party}"
        return f"{self.answer} demand {self.demand} of {self.party}"


def demanded(
    incidents: Incidents,
    agreement: Agreement,
    audience: Level,
    standard: Standard = Standard.REASONABLE_GROUNDS,
    period: tuple[datetime, datetime] | None = None,
) -> tuple[Demanded, ...]:
    """Return what incidents say of the parties' demands, each under its maker's own reading where there is one.

    Told are incidents of such acts by somebody whom the demand concerns. Raises WrongCall for an audience below the
    mission: what a party asked for behind closed doors is the mission's to know.
    """
    if not audience >= Level.MISSION:
        raise WrongCall(f"the parties' demands are for the mission alone, and not for {audience.word}")
    found: list[Demanded] = []
    for demand in agreement.hypothetical:
        reading = _of_whom(demand.demand_of, agreement)
        law = replace(agreement, hypothetical=(demand,))
        judged = assess(incidents, law, reading, standard, hypothetical=True)
        outcomes = dict(judged.drop_nulls("incident").select("incident", "outcome").iter_rows())
        party = agreement.register.label(demand.demand_of)
        for incident in _concerned(incidents, agreement, demand, reading, period):
            answer = _ANSWERS.get(outcomes.get(incident, ""), Answer.WOULD_MEET)
            found.append(Demanded(demand.id, party, incident, answer))
    return tuple(found)


def _of_whom(actor: str, agreement: Agreement) -> Reading | None:
    theirs = [reading for reading in agreement.readings.values() if reading.by == actor]
    return theirs[0] if len(theirs) == 1 else None


def _concerned(
    incidents: Incidents,
    agreement: Agreement,
    demand: Clause,
    reading: Reading | None,
    period: tuple[datetime, datetime] | None,
) -> Iterable[str]:
    """Return the incidents that tell of such acts as a demand is about, by somebody whom it may concern, by time."""
    tests = tests_of(under(agreement, reading), demand, reading, plane_of(agreement))
    acts = [node for node in act_tree() if any(act_tree().on_one_chain(node, act) for act in demand.what.acts)]
    began = incidents.incidents.select("incident", pl.col("earliest").alias("began"))
    told = incidents.accounts.filter(pl.col("act").is_in(acts)).join(began, on="incident")
    if period:
        told = told.filter((pl.col("began") >= period[0]) & (pl.col("began") < period[1]))
    named = {pairs for pairs in told["pairs"].unique() if tests.who(pairs)[0].any()}
    return told.filter(pl.col("pairs").is_in(list(named))).sort("began", "incident")["incident"].unique(
        maintain_order=True
    )  # fmt: skip
