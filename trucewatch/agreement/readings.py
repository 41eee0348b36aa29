"""Readings: coherent choices among what is contested of an agreement; of the law alone.

What a reading may choose is a *point*, known by its name: a term's id, `affiliation:OF/TO`, `reservation:PARTY/CLAUSE`
(or `PARTY/CLAUSE.EXCEPTION`), and `presumption`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from trucewatch.actors import COUNTED, Affiliation, AffiliationStatement, Register
from trucewatch.agreement.atoms import is_open
from trucewatch.agreement.terms import (
    AffiliationChoice,
    Agreement,
    Clause,
    Presumption,
    Reading,
    Reservation,
)
from trucewatch.problems import WrongCall, did_you_mean

OURS: Final = "ours"
PRESUMPTION: Final = "presumption"
AS_IT_STANDS: Final = Reading("", OURS, {}, None, ())  # chooses nothing: every point as text and rulings leave it

Choice = str | Presumption | AffiliationChoice | Reservation


# ---- what a reading chooses ------------------------------------------------------------------------------------------


def choices_of(reading: Reading) -> dict[str, Choice]:
    """Return what a reading chooses, by point: a rival's id, a presumption, an affiliation or a reservation."""
    found: dict[str, Choice] = dict(reading.choices)
    if reading.presumption is not None:
        found[PRESUMPTION] = reading.presumption
    found |= {f"affiliation:{one.of}/{one.to}": one for one in reading.affiliations}
    return found | {f"reservation:{one.of}/{_reserved(one)}": one for one in reading.reservations}


def differing(one: Reading, other: Reading) -> tuple[str, ...]:
    """Return the points on which two readings choose otherwise, in order; to choose nothing is a choice too."""
    first, second = choices_of(one), choices_of(other)
    return tuple(sorted(point for point in {**first, **second} if first.get(point) != second.get(point)))


def mixed(one: Reading, other: Reading, points: Collection[str]) -> Reading:
    """Return the first of two readings with some points chosen as the second does."""
    first, second = choices_of(one), choices_of(other)
    return _reading_of({name: choice for name, choice in first.items() if name not in points}
                       | {name: choice for name, choice in second.items() if name in points})  # fmt: skip


def _reading_of(choices: Mapping[str, Choice], id: str = "") -> Reading:
    chosen = choices.values()
    presumed = choices.get(PRESUMPTION)
    return Reading(
        id=id,
        by=OURS,
        choices={n: c for n, c in choices.items() if isinstance(c, str) and not isinstance(c, Presumption)},
        presumption=presumed if isinstance(presumed, Presumption) else None,
        says=(),
        affiliations=tuple(choice for choice in chosen if isinstance(choice, AffiliationChoice)),
        reservations=tuple(choice for choice in chosen if isinstance(choice, Reservation)),
    )


def _reserved(reservation: Reservation) -> str:
    return f"{reservation.clause}.{reservation.exception}" if reservation.exception else reservation.clause


def bears_on(point: str, clause: Clause, agreement: Agreement) -> bool:
    """Say whether a clause can depend on what is chosen at a point."""
    kind, _, rest = point.partition(":")
    if kind == "reservation":
        of, _, to = rest.partition("/")
        return of in agreement.parties and (to == clause.id or to.startswith(f"{clause.id}."))
    if kind == "affiliation" or point == PRESUMPTION:
        return True
    used = {clause.start.term, clause.end.term, clause.ground.term, clause.ground.distance_term}
    return point in used | {f"affected.{party}" for party in agreement.parties_of(clause)}


# ---- the law under a reading -----------------------------------------------------------------------------------------


def under(agreement: Agreement, reading: Reading | None) -> Agreement:
    """Return an agreement with the affiliations and reservations of a reading applied.

    Its terms and presumption stay as they are: `Agreement.rivals` asks the reading for those.
    """
    if reading is None or not (reading.affiliations or reading.reservations):
        return agreement
    register = agreement.register
    if reading.affiliations:
        held = {(one.of, one.to): one.holds for one in reading.affiliations}
        settled = (_settled(said, held) for said in register.statements)
        register = replace(register, statements=tuple(said for said in settled if said))
    clauses = tuple(_reserving(clause, reading.reservations) for clause in agreement.clauses)
    return replace(agreement, register=register, clauses=clauses)


def _settled(said: AffiliationStatement, held: Mapping[tuple[str, str], bool]) -> AffiliationStatement | None:
    """Return what a reading makes of an affiliation: as it is, no longer contested, or nothing."""
    if not is_open(said) or (said.of, said.to) not in held:
        return said
    if not held[said.of, said.to]:
        return None
    # Who claims to be subordinate, and is held to be, is commanded.
    kind = said.kind if said.kind in COUNTED else Affiliation.COMMANDED_BY
    return replace(said, kind=kind, contested=False)


def _reserving(clause: Clause, reservations: Sequence[Reservation]) -> Clause:
    mine = [one for one in reservations if one.clause == clause.id]
    if not mine:
        return clause
    exceptions = tuple(
        replace(one, reserved_by=tuple(r.of for r in mine if r.exception == one.id)) for one in clause.outside_scope
    )
    return replace(clause, reserved_by=tuple(one.of for one in mine if not one.exception), outside_scope=exceptions)


def open_affiliations(register: Register) -> tuple[tuple[str, str], ...]:
    """Return each (actor, actor) between whom an affiliation is contested that would make acts those of the other."""
    return tuple(dict.fromkeys((said.of, said.to) for said in register.statements if is_open(said)))


# ---- which readings are asked for ------------------------------------------------------------------------------------


def is_a_partys(reading: Reading) -> bool:
    """Say whether a reading is that of a party, a guarantor or another actor, and not ours."""
    return reading.by != OURS


def refuse_alone(agreement: Agreement, readings: Collection[str]) -> None:
    """Raise WrongCall where readings (ids) hold that of one party and not those of all."""
    theirs = [name for name, reading in agreement.readings.items() if is_a_partys(reading)]
    missing = [name for name in theirs if name not in readings]
    if missing and (named := [name for name in theirs if name in readings]):
        raise WrongCall(
            f"'{named[0]}' is how one side reads {agreement.id}; told alone it would take that side, so it is told "
            f"beside {', '.join(missing)} or not at all: trucewatch readings shows them together"
        )


def chosen_readings(agreement: Agreement, names: Sequence[str] = ()) -> tuple[Reading, ...]:
    """Return the readings of an agreement that are named, or all; raises WrongCall.

    Those of the parties come all together, or none does.
    """
    for name in names:
        if name not in agreement.readings:
            known = ", ".join(agreement.readings) or "none"
            hint = did_you_mean(name, agreement.readings) or f"it has: {known}"
            raise WrongCall(f"{agreement.id} has no reading '{name}'; {hint}")
    refuse_alone(agreement, names)
    return tuple(agreement.readings[name] for name in dict.fromkeys(names or agreement.readings))


def contested_points(agreement: Agreement) -> dict[str, tuple[Reading, ...]]:
    """Return for each point that is contested of itself a reading for each value that it may have, called after it.

    These are readings of ours. A reservation is somebody's, and stands in their reading alone.
    """
    values: dict[str, dict[str, Choice]] = {
        term.id: {rival.id: rival.id for rival in term.rivals}
        for term in agreement.terms.values()
        if len(term.rivals) > 1
    }
    if any(clause.presumption is not Presumption.NONE for clause in agreement.clauses):
        values[PRESUMPTION] = {str(presumption): presumption for presumption in Presumption}
    for of, to in open_affiliations(agreement.register):
        values[f"affiliation:{of}/{to}"] = {
            "holds": AffiliationChoice(of, to, True),
            "does-not-hold": AffiliationChoice(of, to, False),
        }
    return {
        point: tuple(_reading_of({point: choice}, word) for word, choice in options.items())
        for point, options in values.items()
    }


def each_value(agreement: Agreement, point: str) -> tuple[Reading, ...]:
    """Return a reading for each value of one contested point; raises WrongCall for one that is not contested."""
    known = contested_points(agreement)
    if point not in known:
        hint = did_you_mean(point, known) or f"contested are: {', '.join(known) or 'none'}"
        raise WrongCall(f"{agreement.id} contests no '{point}'; {hint}")
    return known[point]
