"""Flips: what comes out otherwise in a sitrep by how the parties read the agreement, and on what that hangs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from trucewatch.agreement.readings import PRESUMPTION, is_a_partys
from trucewatch.agreement.terms import Agreement
from trucewatch.evidence import Standard
from trucewatch.levels import Level
from trucewatch.problems import WrongCall
from trucewatch.readings import Flip, compare
from trucewatch.sitreps.languages import actor_name, joined, listed, party_name, phrase
from trucewatch.sitreps.material import Flipped, Material, Period, Readings
from trucewatch.sitreps.sentences import tell_unknowns


def flips_of(material: Material, period: Period, standard: Standard) -> Readings:
    """Judge the incidents of a sitrep under no choice and under every party's reading, and say what flips.

    Raises WrongCall below mission level, and where no party has a reading: there it would be ours against nobody's.
    """
    law, audience = material.agreement, material.view.audience
    if not audience >= Level.MISSION:
        raise WrongCall(f"what flips between readings is for the mission itself, and not for {audience.word}")
    theirs = [reading for reading in law.readings.values() if is_a_partys(reading)]
    if not theirs:
        raise WrongCall(f"{law.id} has no party's reading")
    found = compare(material.incidents, law, theirs, standard, material.beside, (period.start, period.end))
    grouped = Counter((flip.clause, flip.outcomes, _causes(flip)) for flip in found.flips)
    ordered = sorted(grouped.items(), key=lambda group: (_place(group[0][0], law), -group[1], group[0]))
    names = (phrase("nothing chosen"), *(actor_name(reading.by, law) for reading in theirs))
    return Readings(names, tuple(Flipped(clause, told, _because(sets, law), n) for (clause, told, sets), n in ordered))


def _place(clause: str, agreement: Agreement) -> int:
    return [one.id for one in agreement.clauses].index(clause)


def _causes(flip: Flip) -> tuple[tuple[str, ...], ...]:
    """Return each set of points on which it hangs between some two readings."""
    return tuple(sorted({points for cause in flip.causes for points in cause.sets}))


def _because(sets: Iterable[tuple[str, ...]], agreement: Agreement) -> str:
    return joined((listed(_point(point, agreement) for point in points) for points in sets), "; or ")


def _point(point: str, agreement: Agreement) -> str:
    kind, _, rest = point.partition(":")
    one, _, other = rest.partition("/")
    if kind == "affiliation":
        belonging = actor_name(one, agreement), actor_name(other, agreement)
        return phrase("whether {one} belongs to {other}", one=belonging[0], other=belonging[1])
    if kind == "reservation":
        return phrase("the reservation of {party} on {clause}", party=party_name(one, agreement), clause=other)
    if point == PRESUMPTION:
        return phrase("the presumption")
    return tell_unknowns([point], agreement)
