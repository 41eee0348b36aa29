"""Provenance: the chain of one finding in the words of W3C PROV (PROV-DM, as PROV-JSON), for archives and for other
programs: from the finding by its incident and the claims to reports and their sources.

Nothing is in it that the finding's own chain does not hold; nothing is told of when the program ran.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prov.constants import PROV, PROV_LABEL, PROV_TYPE, PROV_VALUE
from prov.model import ProvAgent, ProvDocument, ProvEntity

NAMESPACE = "urn:trucewatch:"


def finding_provenance(traced: Mapping[str, Any]) -> bytes:
    """Return the provenance of a finding, as `trucewatch.trace` tells it, as PROV-JSON.

    Claims and reports are numbered in the order of the chain. Whoever told a claim is its agent; whom it cites has
    influenced it; a report that repeats another is derived from that.
    """
    id = str(traced["finding"])
    document = ProvDocument()
    ours = document.add_namespace("tw", NAMESPACE)

    def entity(kind: str, told: object, label: str = "", **attributes: str | int | None) -> ProvEntity:
        made = document.entity(ours[f"{kind}/{told}"], {PROV_TYPE: ours[f"kind/{kind}"]})
        made.add_attributes({ours[key]: value for key, value in attributes.items() if value})
        if label:
            made.add_attributes({PROV_LABEL: label})
        return made

    program = document.agent(ours["program/trucewatch"], {PROV_TYPE: PROV["SoftwareAgent"]})
    corroborate, assess = (document.activity(ours[f"{act}/{id}"]) for act in ("corroborate", "assess"))
    for activity in (corroborate, assess):
        activity.wasAssociatedWith(program)
    finding = entity(
        "finding", id, str(traced["sentence"]), clause=traced["clause"], outcome=traced["outcome"],
        responsibility=traced["responsibility"], marking=traced["marking"],
    )  # fmt: skip
    incident = entity("incident", f"of-{id}", act=traced["act"], place=traced["place"])
    assess.used(incident)
    incident.wasGeneratedBy(corroborate)
    finding.wasGeneratedBy(assess)
    finding.wasDerivedFrom(incident, activity=assess)

    agents: dict[str, ProvAgent] = {}
    sources: dict[str, ProvEntity] = {}
    reports: dict[tuple[Any, ...], ProvEntity] = {}

    def agent(office: str) -> ProvAgent:
        if office not in agents:
            agents[office] = document.agent(ours[f"office/{id}/{len(agents) + 1}"], {PROV_LABEL: office})
        return agents[office]

    for number, link in enumerate(traced["chain_to_line"], start=1):
        place: tuple[Any, ...] = (link["source"], link["record"], link["file"], link["line"])
        if not any(place[1:]):
            place = (*place, number)  # an audience that may not know where it stands learns that it is one of its own
        if place not in reports:
            told = {"record": link["record"], "file": link["file"], "line": link["line"]}
            reports[place] = entity("report", f"{id}/{len(reports) + 1}", **told)
            if link["text"]:
                reports[place].add_attributes({PROV_VALUE: link["text"]})
            if link["source"] not in sources:
                sources[link["source"]] = entity("source", link["source"], link["source"])
            reports[place].wasDerivedFrom(sources[link["source"]])
        claim = entity("claim", f"{id}/{number}", means=link["means"], reliability=link["reliability"])
        claim.wasDerivedFrom(reports[place])
        corroborate.used(claim)
        incident.wasDerivedFrom(claim, activity=corroborate)
        if link["office"]:
            claim.wasAttributedTo(agent(link["office"]))
        cites: list[str] = json.loads(link["cites"] or "[]")
        for cited in cites:
            if cited != link["office"]:
                document.wasInfluencedBy(claim, agent(cited))
    at_line = {place[2:4]: report for place, report in reports.items()}
    for link in traced["chain_to_line"]:
        for repeated in link.get("repeats", ()):
            later, earlier = (at_line.get((told["file"], told["line"])) for told in (link, repeated))
            if later and earlier and later is not earlier:
                document.wasDerivedFrom(later, earlier, other_attributes={ours["how"]: repeated["how"]})
    written = json.loads(str(document.serialize(format="json")))
    return (json.dumps(written, ensure_ascii=False, indent=1) + "\n").encode()
