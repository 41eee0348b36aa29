"""Entities: what FollowTheMoney can read, with the same ids each time, and no label of faith or ethnicity in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.actors import Affiliation, AffiliationStatement, Change, ChangeKind, Label, Told, Voice
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.entities import entities
from trucewatch.problems import WrongCall

AGREEMENTS = Path(__file__).parents[1] / "agreements"
SOUTH = read_agreement(AGREEMENTS / "south-syria-2017")

# FollowTheMoney 4.11.2 (followthemoney/schema, MIT), as far as it is used: what a schema extends, what it requires,
# and its properties with their types. A reference names the schema that it leads to.
EXTENDS = {
    "LegalEntity": "Thing", "Organization": "LegalEntity", "PublicBody": "Organization", "Person": "LegalEntity",
    "Position": "Thing", "Document": "Thing", "Article": "Document", "Interest": "Interval", "Membership": "Interest",
    "UnknownLink": "Interest", "Succession": "Interest", "Occupancy": "Interval",
}  # fmt: skip
REQUIRED = {
    "Organization": ["name"], "PublicBody": ["name"], "Person": ["name"], "Position": ["name"], "Article": [],
    "Membership": ["member", "organization"], "UnknownLink": ["subject", "object"],
    "Succession": ["predecessor", "successor"], "Occupancy": ["holder", "post"],
}  # fmt: skip
PROPERTIES = {
    "Thing": {"name": "name", "alias": "name", "previousName": "name", "weakAlias": "name"},
    "LegalEntity": {"classification": "string"},
    "Position": {"organization": "Organization"},
    "Document": {"title": "string", "publishedAt": "date"},
    "Interval": {
        "startDate": "date", "endDate": "date", "date": "date", "summary": "text", "description": "text",
        "publisher": "string", "proof": "Document",
    },
    "Interest": {"role": "string", "status": "string"},
    "Membership": {"member": "LegalEntity", "organization": "Organization"},
    "UnknownLink": {"subject": "Thing", "object": "Thing"},
    "Succession": {"predecessor": "LegalEntity", "successor": "LegalEntity"},
    "Occupancy": {"holder": "Person", "post": "Position"},
}  # fmt: skip
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
ID = re.compile(r"[0-9a-zA-Z]([0-9a-zA-Z.-]*[0-9a-zA-Z])?")


def line_of(schema: str) -> list[str]:
    """Return a schema and all that it extends."""
    return [schema, *line_of(EXTENDS[schema])] if schema in EXTENDS else [schema]


def types(schema: str) -> dict[str, str]:
    return {name: kind for one in line_of(schema) for name, kind in PROPERTIES.get(one, {}).items()}


def made(agreement: Agreement = SOUTH, name: str | None = None) -> list[dict[str, Any]]:
    return list(entities(agreement, name))


def saying(*more: AffiliationStatement, changes: tuple[Change, ...] = (), labels: tuple[Label, ...] = ()) -> Agreement:
    register = replace(SOUTH.register, statements=more, changes=changes, labels=labels, in_office=())
    return replace(SOUTH, register=register)


def hold(found: list[dict[str, Any]]) -> None:
    """Hold entities against the model."""
    schema_of = {entity["id"]: entity["schema"] for entity in found}
    assert len(schema_of) == len(found)
    for entity in found:
        assert entity.keys() == {"id", "schema", "properties"} and ID.fullmatch(entity["id"])
        known = types(entity["schema"])
        assert not set(REQUIRED[entity["schema"]]) - entity["properties"].keys()
        for name, values in entity["properties"].items():
            assert name in known, (entity["schema"], name)
            assert values and len(set(values)) == len(values)
            assert all(isinstance(value, str) and value.strip() for value in values)
            if known[name] == "date":
                assert all(DATE.fullmatch(value) for value in values)
            elif known[name][0].isupper():
                assert all(known[name] in line_of(schema_of[value]) for value in values), (entity, name)


@pytest.mark.parametrize("folder", sorted(AGREEMENTS.iterdir()), ids=lambda folder: folder.name)
def test_the_actors_of_every_shipped_agreement_fit_the_model(folder: Path) -> None:
    agreement = read_agreement(folder)
    found = made(agreement)
    hold(found)
    assert len(found) >= len(agreement.register.actors)
    assert found == made(read_agreement(folder))


@pytest.mark.parametrize("name", ["Golan Knights", "HTS", "Сергей Лавров", "rebels", "IDF", "Israel"])
def test_one_actor_comes_with_what_is_said_of_it(name: str) -> None:
    found, all_of_them = made(name=name), made()
    hold(found)
    assert len(found) < len(all_of_them) and all(entity in all_of_them for entity in found)
    assert SOUTH.register.label(SOUTH.register.identify(name)) in {
        n for e in found for n in e["properties"].get("name", ())
    }


def test_an_unknown_name_is_a_wrong_call() -> None:
    with pytest.raises(WrongCall, match="Fursan"):
        made(name="Fursan")


def by(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entity for entity in found if name in entity["properties"].get("name", ()))


def test_names_are_told_as_what_they_are() -> None:
    found = made()
    hts, rebels, envoy = by(found, "HTS"), by(found, "Syrian insurgents"), by(found, "US special envoy to Syria")
    assert hts["properties"]["previousName"] == ["Jabhat al-Nusra", "Jabhat Fateh al-Sham"]
    assert "جبهة النصرة" in hts["properties"]["alias"] and "Jabhat al-Nusra" not in hts["properties"]["alias"]
    # A name for many finds nobody.
    assert "rebels" in rebels["properties"]["weakAlias"] and "alias" not in rebels["properties"]
    assert (envoy["schema"], envoy["properties"]["organization"]) == ("Position", [by(found, "United States")["id"]])
    assert by(found, "Mossad")["schema"] == "PublicBody" and by(found, "Michael Ratney")["schema"] == "Person"


@given(
    st.sampled_from(list(Affiliation)), st.booleans(),
    st.sampled_from(["", "2017", "2017-08", "2017-08-09", "2016-10~", "2017-08/2017-09", "../2017"]),
    st.sampled_from(["sdf", "michael-ratney", "us-special-envoy-syria", "us"]),
    st.sampled_from(["us", "fsa", "ru-foreign-minister", "sergey-lavrov"]),
)  # fmt: skip
def test_whatever_is_said_fits_the_model(kind: Affiliation, contested: bool, begins: str, of: str, to: str) -> None:
    said = AffiliationStatement(of, to, kind, ("sohr",), contested=contested, told=Told(begins, "2018-01-02"))
    found = made(saying(said)) if of != to else []
    hold(found)
    links = [entity for entity in found if "publisher" in entity["properties"]]
    for link in links:
        properties = link["properties"]
        assert (properties["role"], properties["publisher"], properties["endDate"]) == (
            [kind],
            ["SOHR"],
            ["2018-01-02"],
        )
        assert ("startDate" in properties) == bool(DATE.fullmatch(begins))
        assert begins in (*properties.get("startDate", ()), "") or begins in properties["summary"][0]
        # Only what nobody denies reads as a fact there.
        assert link["schema"] == "UnknownLink" or not (contested or kind is not Affiliation.PART_OF)
    assert len(links) == (of != to)


def test_who_claims_assesses_and_denies_it_stands_with_it() -> None:
    voice = Voice(claimed_by=("sdf",), denied_by=("us",), grade="C", basis="inferred")
    said = AffiliationStatement("sdf", "us", Affiliation.PART_OF, ("sohr",), contested=True, voice=voice)
    (link,) = [entity for entity in made(saying(said)) if "publisher" in entity["properties"]]
    assert link["schema"] == "UnknownLink" and link["properties"]["status"] == ["contested"]
    assert link["properties"]["description"] == [
        "claimed by Syrian Democratic Forces; denied by United States; inferred; reliability C"
    ]


def test_what_became_of_an_actor_is_a_succession() -> None:
    merged = Change(ChangeKind.MERGED, ("fajr-al-umma", "ahrar-al-sham"), ("ahrar-al-sham",), ("sohr",), at="2017-05")
    found = made(saying(changes=(merged,)))
    hold(found)
    (succession,) = [entity for entity in found if entity["schema"] == "Succession"]
    assert succession["properties"]["predecessor"] == [by(found, "Fajr al-Umma Brigade")["id"]]
    assert (succession["properties"]["role"], succession["properties"]["date"]) == (["merged"], ["2017-05"])


def test_no_label_gets_out_at_any_level() -> None:
    labels = tuple(Label(actor, "Martian", ("sohr",), not_by=("ucdp-ged-syria",)) for actor in SOUTH.register.actors)
    assert made(saying(labels=labels)) == made(saying())
    told = json.dumps(made(), ensure_ascii=False)
    assert "Druze" not in told and not any(word in told for word in ("religion", "ethnicity"))
