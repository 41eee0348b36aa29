"""Provenance: one finding's chain as W3C PROV, from the finding to the source, and not a word beyond the chain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from prov.model import ProvDocument

from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.provenance import finding_provenance
from trucewatch.sitreps.tables import FOR_PROGRAMS, findings_table

DAY: dict[str, Any] = {
    "earliest": datetime(2018, 6, 2, 21, tzinfo=UTC),
    "latest": datetime(2018, 6, 3, 21, tzinfo=UTC),
}
LINK: dict[str, Any] = {
    "source": "wire", "record": "w1", "file": "wire.csv", "line": 3, "office": "Enab Baladi",
    "cites": '["Enab Baladi", "SOHR"]', "means": "open-source", "reliability": "C", "text": "Shelling near Nawa",
}  # fmt: skip


def traced(told: Told, with_told: Callable[..., Figures], *links: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding as `trace` tells it, with a chain of its own."""
    (row,) = findings_table(with_told(told)).to_dicts()
    parsed = {name: json.loads(row[name]) for name in FOR_PROGRAMS}
    return {**row, **parsed, **({"chain_to_line": [*links]} if links else {})}


def prov(raw: bytes) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(raw)
    return told


def derived(told: Mapping[str, Any], entity: str) -> set[str]:
    """Return everything that an entity is derived from, however far back."""
    found: set[str] = set()
    edges = [(e["prov:generatedEntity"], e["prov:usedEntity"]) for e in told["wasDerivedFrom"].values()]
    while more := {used for made, used in edges if made in found | {entity}} - found:
        found |= more
    return found


def test_it_goes_from_the_finding_to_its_source(tell: Callable[..., Told], with_told: Callable[..., Figures]) -> None:
    told = prov(finding_provenance(traced(tell("a1", "violation", **DAY), with_told)))
    assert derived(told, "tw:finding/a1") == {
        "tw:incident/of-a1", "tw:claim/a1/1", "tw:report/a1/1", "tw:source/ucdp",
    }  # fmt: skip
    made = {one["prov:entity"]: one["prov:activity"] for one in told["wasGeneratedBy"].values()}
    assert made == {"tw:incident/of-a1": "tw:corroborate/a1", "tw:finding/a1": "tw:assess/a1"}
    (told_by,) = told["wasAttributedTo"].values()
    assert told["agent"][told_by["prov:agent"]] == {"prov:label": "SOHR"}
    report = told["entity"]["tw:report/a1/1"]
    assert (report["tw:record"], report["tw:file"], report["tw:line"]["$"]) == ("259726", "events.csv", "17")


def test_prov_itself_reads_it(tell: Callable[..., Told], with_told: Callable[..., Figures]) -> None:
    raw = finding_provenance(traced(tell("a1", "violation", **DAY), with_told, LINK, {**LINK, "line": 4}))
    read = ProvDocument.deserialize(content=raw.decode(), format="json")
    assert json.loads(str(read.serialize(format="json")))["entity"] == prov(raw)["entity"]


def test_who_is_cited_has_influenced_and_who_repeats_derives(
    tell: Callable[..., Told], with_told: Callable[..., Figures]
) -> None:
    copy = {**LINK, "record": "w2", "line": 4, "repeats": [{"file": "wire.csv", "line": 3, "how": "cites"}]}
    told = prov(finding_provenance(traced(tell("a1", **DAY), with_told, LINK, copy)))
    (influence, _) = told["wasInfluencedBy"].values()
    assert told["agent"][influence["prov:influencer"]] == {"prov:label": "SOHR"}
    repeats = [one for one in told["wasDerivedFrom"].values() if "tw:how" in one]
    assert [(one["prov:generatedEntity"], one["prov:usedEntity"]) for one in repeats] == [
        ("tw:report/a1/2", "tw:report/a1/1")
    ]


def test_two_claims_of_one_record_are_of_one_report(
    tell: Callable[..., Told], with_told: Callable[..., Figures]
) -> None:
    told = prov(finding_provenance(traced(tell("a1", **DAY), with_told, LINK, {**LINK, "office": "SANA"})))
    assert {name for name in told["entity"] if name.startswith("tw:report/")} == {"tw:report/a1/1"}
    assert derived(told, "tw:claim/a1/2") == {"tw:report/a1/1", "tw:source/wire"}


def test_it_tells_nothing_that_the_chain_does_not_hold(
    tell: Callable[..., Told], with_told: Callable[..., Figures]
) -> None:
    bare = {**dict.fromkeys(LINK), "source": "patrol"}
    raw = finding_provenance(traced(tell("a1", **DAY), with_told, bare, bare))
    told = prov(raw)
    # Where they stand may not be known: they stay two reports, and nothing is said of either.
    assert told["entity"]["tw:report/a1/1"] == told["entity"]["tw:report/a1/2"]
    assert told["entity"]["tw:report/a1/1"].keys() == {"prov:type"}
    assert "wasAttributedTo" not in told and "i-a1" not in raw.decode()
    assert not [one for one in told["activity"].values() if one]  # no time, no place


def test_the_same_finding_gives_the_same_bytes(tell: Callable[..., Told], with_told: Callable[..., Figures]) -> None:
    finding = traced(tell("a1", **DAY), with_told, LINK, {**LINK, "line": 9})
    assert finding_provenance(finding) == finding_provenance(finding)
