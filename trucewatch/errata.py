"""Errata: each finding of an earlier report that is found otherwise now, and why; as one audience may know it.

Both sides are what that audience was, and is, told: a report that it may not know of is no reason here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from trucewatch.sitreps.languages import in_english, listed, phrase
from trucewatch.sitreps.material import Correction, Figures, Material
from trucewatch.sitreps.sections.counts import outcome_words
from trucewatch.sitreps.tables import findings_table, told_in_english

# It may have come in since, or was known, and could not be told then.
NEW_REPORT: Final = phrase("a report that was not told of then")
REPORT_GONE: Final = phrase("a report that is no longer held")
REPORT_CHANGED: Final = phrase("a report that reads otherwise now")
DECISION: Final = phrase("a decision of the mission")
RULING: Final = phrase("a ruling of the mission on a contested term")
NEW_AGREEMENT: Final = phrase("another version of the agreement")
NEW_MANDATE: Final = phrase("another version of the mandate")
NEW_PROGRAM: Final = phrase("another version of the program")
_BESIDE: Final = phrase("what other reports tell of it")
_NOT_TOLD: Final = phrase("not told")

# What makes a finding another one to its reader; where it is found in a file, how often it was repeated, and what the
# mission calls those who are named in it, does not.
_SAID = (
    "clause", "outcome", "sentence", "earliest", "latest", "place", "zone", "act", "civilians_dead",
    "rests_on_presumption", "responsibility", "origins",
)  # fmt: skip
_CLAIMS, _TOLD = "claims", "told"


def account(material: Material, figures: Figures) -> pl.DataFrame:
    """Return what a sitrep says of each finding, its sentence as it was `told` in the mission's own words, and its
    `claims` as `key version`, in order.

    The keys are those of the view that the sitrep was made from. It is what a later report is held against, and is
    itself released to nobody.
    """
    versions = material.view.claims.select("claim_key", pl.format("{} {}", "claim_key", "version").alias(_CLAIMS))
    rested = (
        material.findings.select("finding", "rests_on")
        .explode("rests_on")
        .join(material.incidents.members, left_on="rests_on", right_on="incident")
        .join(versions, on="claim_key")
        .group_by("finding")
        .agg(pl.col(_CLAIMS).unique().sort())
    )
    # What a party replied since is told with the finding, and corrects nothing.
    said = replace(figures, told=tuple(replace(one, reply="") for one in figures.told))
    told = findings_table(told_in_english(said, material.agreement, material.style))["sentence"]
    table = findings_table(said).select("finding", *_SAID, told.alias(_TOLD))
    return table.join(rested, on="finding", how="left", maintain_order="left").with_columns(
        pl.col(_CLAIMS).fill_null([])
    )


def corrections(
    was: pl.DataFrame,
    material: Material,
    figures: Figures,
    since: Sequence[str] = (),
    untold: Collection[str] = (),
) -> tuple[tuple[Correction, ...], pl.DataFrame]:
    """Return each finding that is told otherwise than in an earlier `account`, and the account that holds from here on.

    `material` and `figures` are of the same days and audience as they stand now; corrections come in order of clause
    and time. `since` are the reasons beside the reports themselves that came between: another agreement, program or
    mandate, a decision. `untold` are findings that are made now and told to nobody, and so are not corrected either.
    """
    now = account(material, figures)
    held = frozenset(material.view.claims["claim_key"])
    told = {one.id: one for one in figures.told}
    words = outcome_words(figures)
    found, left = [], []
    for before, after in _pairs(_rows(was), _rows(now)):
        if after is not None and after.id in untold:
            left += [before.id] if before else []
        elif before is None or after is None or before.said != after.said:
            id = (before or after or _NOBODY).id
            sentence = _sentence(before, words) if before else _NOT_TOLD
            why = listed(_reasons(before, after, held, since))
            found.append(Correction(id, sentence, told[after.id].sentence if after else "", why))
    kept = [was.filter(pl.col("finding").is_in(left)), now.filter(~pl.col("finding").is_in(list(untold)))]
    return tuple(found), pl.concat(kept).sort("clause", "earliest", "finding")


@dataclass(frozen=True, slots=True)
class _Row:
    """A finding of an account: its id, all that was said of it, the sentence as told, and its claims' versions by
    key.
    """

    id: str
    said: Mapping[str, Any]
    told: str
    claims: Mapping[str, str]


_NOBODY = _Row("", {}, "", {})


def _rows(table: pl.DataFrame) -> list[_Row]:
    return [
        _Row(
            row["finding"],
            {name: row[name] for name in _SAID},
            row[_TOLD],
            dict(one.split(" ") for one in row[_CLAIMS]),
        )
        for row in table.iter_rows(named=True)
    ]


def _pairs(was: Sequence[_Row], now: Sequence[_Row]) -> list[tuple[_Row | None, _Row | None]]:
    """Pair what was told with what is told now of the same thing: by id, then by the claims that two have in common."""
    left = {row.id: row for row in now}
    matched = {row.id: left.pop(row.id) for row in was if row.id in left}
    for row in was:
        if row.id not in matched:
            shared = {
                id: len(row.claims.keys() & other.claims.keys())
                for id, other in left.items()
                if other.said["clause"] == row.said["clause"]
            }
            best = max(shared, key=lambda id: (shared[id], id), default="")
            if shared.get(best):
                matched[row.id] = left.pop(best)
    pairs: list[tuple[_Row | None, _Row | None]] = [(row, matched.get(row.id)) for row in was]
    pairs += [(None, row) for row in left.values()]
    return sorted(pairs, key=lambda pair: _order(pair[0] or pair[1] or _NOBODY))


def _order(row: _Row) -> tuple[Any, ...]:
    return row.said["clause"], row.said["earliest"], row.id


def _sentence(row: _Row, words: Mapping[str, str]) -> str:
    """Return what was told: the sentence as it was released, which in other languages is told by its outcome."""
    outcome = words.get(row.said["outcome"], row.said["outcome"])
    otherwise = phrase("{outcome} under clause {clause}", outcome=outcome, clause=row.said["clause"])
    return in_english(row.told, otherwise)


def _reasons(before: _Row | None, after: _Row | None, held: Collection[str], since: Sequence[str]) -> Iterable[str]:
    """Return why a finding is another one: what happened to the reports under it, else what else came between."""
    old, new = (before or _NOBODY).claims, (after or _NOBODY).claims
    is_changed = any(key in new and new[key] != version for key, version in old.items())
    came = bool(new.keys() - old.keys())
    gone = any(key not in held for key in old)
    if came and gone:
        # Below mission level a report goes by a name made of what it says: one that reads otherwise has another.
        is_changed, came, gone = True, False, False
    happened = [(came, NEW_REPORT), (gone, REPORT_GONE), (is_changed, REPORT_CHANGED)]
    return tuple(reason for is_so, reason in happened if is_so) or tuple(since) or (_BESIDE,)
