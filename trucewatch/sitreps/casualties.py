"""Casualties: what the mission's own record of civilians killed and injured says of a period, verified or not yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trucewatch.levels import Level
from trucewatch.logs.casualties import Casualty, Harm, Status
from trucewatch.sitreps.disclosure import told_apart
from trucewatch.sitreps.material import Casualties, CasualtyLog, Material, Period


def casualties_of(material: Material, period: Period) -> CasualtyLog | None:
    """Return what the record of casualties says of a period; None where the audience knows of none at all.

    One counts in the period in which it can have happened first, whenever it was verified.
    """
    known, least = material.beside.casualties, material.casualty_sources
    if not known:
        return None
    inside = [one for one in known if period.start <= one.happened.earliest < period.end]
    verified = [one for one in inside if one.status(least) is Status.VERIFIED]
    later = [
        one
        for one in known
        if one.happened.earliest < period.start
        and one.status(least) is Status.VERIFIED
        and one.verified_on is not None
        and period.start <= one.verified_on.earliest < period.end
    ]
    few = material.view.grain.least_count
    return CasualtyLog(
        verified=_counted(verified, few),
        reported=_counted([one for one in inside if one not in verified], few),
        verified_later=len(later),
        linked=sum(bool(one.incident) for one in inside) if material.view.audience >= Level.MISSION else None,
        least=least,
    )


def _counted(casualties: Sequence[Casualty], least: int) -> Casualties:
    harms, left_over = told_apart(Counter(one.harm for one in casualties), least)
    groups = {}
    left: dict[Harm | None, int] = {None: left_over}
    for harm in harms:
        of_harm = Counter((one.sex, one.age_band) for one in casualties if one.harm is harm)
        groups[harm], left[harm] = told_apart(of_harm, least)
    causes, no_cause = told_apart(Counter(one.cause for one in casualties), least)
    return Casualties(len(casualties), harms, groups, left, causes, no_cause)
