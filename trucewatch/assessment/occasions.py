"""Occasions: what a party owed at a due time, or held together at one moment: no single incident, but one finding."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from trucewatch.assessment.judgements import Outcome

COMPLETE_RECORD = "record"  # the unknown of an omission: whether the record would hold the act, had it been done


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is judged of a party at one time, and from which incidents.

    `about` tells apart what one party owes at one time: a notice, a site, a period.
    """

    party: str  # party or actor id
    words: str
    earliest: datetime
    latest: datetime
    outcome: Outcome
    tests: tuple[tuple[str, str], ...]
    settled_by: tuple[tuple[str, ...], ...]
    grounds: str
    rests_on: tuple[str, ...] = ()
    about: str = ""


def finding_id(subject: str, clause: str, reading: str) -> str:
    """Return the id of a finding: the same subject, clause and reading give the same id."""
    return hashlib.blake2b(f"{subject}\x1f{clause}\x1f{reading}".encode(), digest_size=8).hexdigest()
