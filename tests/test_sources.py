"""A description is read, or told what is wrong with it and where."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trucewatch.claims import SCHEMA as CLAIM
from trucewatch.rows import Form
from trucewatch.sources import LEVELLED, SECTIONS, Source, read_source, recognise
from trucewatch.texts import read_text

ROOT = Path(__file__).parents[1]
SHIPPED = sorted((ROOT / "sources").glob("*.yml"))
SMALL = """format: 1
id: small
title: A small feed
licence: CC0
what:
  act: {always: shelling}
when: {from: day}
told: {means: {always: open-source}}
"""


def described(folder: Path, text: str) -> tuple[Source | None, list[str]]:
    path = folder / "small.yml"
    path.write_text(text, encoding="utf-8")
    source, problems = read_source(path)
    return source, [str(problem) for problem in problems]


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads((ROOT / "trucewatch" / "formats" / "source.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_source_is_read_without_a_problem(path: Path, schema: Any) -> None:
    source, problems = read_source(path)
    assert problems == [] and source is not None
    assert source.id == path.stem and source.licence and source.recognise
    text, _ = read_text(path)
    jsonschema.Draft202012Validator(schema).validate(text.plain())


def test_the_feeds_and_forms_that_everybody_has_are_shipped() -> None:
    assert {path.stem for path in SHIPPED} >= {"acled", "gdelt", "patrol", "presence", "ucdp"}


def test_the_least_that_a_description_says(tmp_path: Path) -> None:
    source, problems = described(tmp_path, SMALL)
    assert problems == [] and source is not None
    assert (source.reliability, source.interest, source.curated, source.timezone) == ("F", None, False, "local")
    assert source.refusal_limit == 0.05 and source.shape.form is Form.CSV and source.needs() == [("day",)]


def test_a_source_keeps_the_grades_it_had(tmp_path: Path, schema: Any) -> None:
    written = """reliability:
- {grade: C, because: new to us}
- {from: 2017-05, grade: B, because: it held up}
- {from: 2018, grade: E, because: "it was sold"}
"""
    source, problems = described(tmp_path, SMALL + written)
    assert problems == [] and source is not None
    months = [
        datetime(2016, 1, 1),
        datetime(2017, 5, 1),
        datetime(2017, 5, 2),
        datetime(2018, 1, 1),
        datetime(2019, 1, 1),
    ]
    # What ended as the month began lay before it.
    assert [source.reliability_at(month.replace(tzinfo=UTC)) for month in months] == ["C", "C", "B", "B", "E"]
    assert source.reliability == "E" and [grade.because for grade in source.grades][2] == "it was sold"
    validate = jsonschema.Draft202012Validator(schema).validate
    validate(read_text(tmp_path / "small.yml")[0].plain())
    with pytest.raises(jsonschema.ValidationError):
        validate({**read_text(tmp_path / "small.yml")[0].plain(), "reliability": [{"grade": "B"}]})


def test_before_its_first_grade_a_source_cannot_be_judged(tmp_path: Path) -> None:
    source, _ = described(tmp_path, SMALL + "reliability: [{from: 2017, grade: A, because: known}]\n")
    assert source is not None
    assert source.reliability_at(datetime(2016, 12, 1, tzinfo=UTC)) == "F"


def test_columns_that_are_used_are_needed_unless_they_may_be_missing(tmp_path: Path) -> None:
    source, _ = described(
        tmp_path,
        SMALL
        + """record: [id, number]
file: {optional: [town]}
who: {when: {kind: fight}, between: [a, b]}
where:
  name: {join: [town, street]}
  placing: {as: area, named: province}
""",
    )
    assert source is not None
    assert source.needs() == [("id", "number"), ("day",), ("province",), ("a",), ("b",), ("street",), ("kind",)]
    assert set(source.used()) == {"id", "number", "day", "town", "street", "province", "a", "b", "kind"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("titlle: x", "small.yml:9: unknown-key a description has no key 'titlle' (did you mean 'title'?)"),
        ("where: {longitude: x}", "small.yml:9: unknown-key where has no key 'longitude'"),
        (
            "levels: {geometri: mission}",
            "small.yml:9: unknown-field a claim has no field 'geometri' (did you mean 'geometry'?)",
        ),
        ("levels: {lon: missiom}", "small.yml:9: unknown-level 'missiom' is not a level; did you mean 'mission'?"),
        ("reliability: G", "small.yml:9: unknown-word reliability: 'G' is not known (one of A, B, C, D, E, F)"),
        ("reliability: []", "small.yml:9: missing-value a grade, or a list of grades"),
        ("reliability: [{because: x}]", "small.yml:9: missing-key 'grade' is missing"),
        ("reliability: [{grade: B}]", "small.yml:9: missing-key 'because' is missing"),
        ("reliability: [{grade: B, becuse: x}]", "small.yml:9: unknown-key a grade has no key 'becuse'"),
        ("reliability: [{grade: G, because: x}]", "small.yml:9: unknown-word grade: 'G' is not known"),
        (
            "reliability:\n- {grade: B, because: x}\n- {grade: C, because: y}",
            "small.yml:11: missing-key 'from' is missing",
        ),
        (
            "reliability:\n- {from: 2017-13, grade: B, because: x}",
            "small.yml:10: bad-date '2017-13' is no date",
        ),
        (
            "reliability:\n- {from: 2017-05, grade: B, because: x}\n- {from: 2017-05-01, grade: C, because: y}",
            "small.yml:11: not-in-order the grade before this one is from as late a day, or a later one",
        ),
        ("interest: friend", "small.yml:9: unknown-word interest: 'friend' is not known"),
        ("curated: 1", "small.yml:9: not-true-or-false 'curated' must be true or false"),
        ("timezone: Asia/Damaskus", "small.yml:9: unknown-timezone 'Asia/Damaskus' is no IANA time zone"),
        ("refusal_limit: 5", "small.yml:9: not-a-number 'refusal_limit' must be a number from 0 to 1"),
        ("record:", "small.yml:9: missing-value"),
        ("record: {always: x, column: y}", "small.yml:9: one-way-only"),
        ("record: {kolumn: y}", "small.yml:9: unknown-key a value has no key 'kolumn' (did you mean 'column'?)"),
        ("record: {column: y, take: host of}", "small.yml:9: unknown-word take: 'host of'"),
        ("record: {column: y, take: first}", "small.yml:9: missing-key 'take: first' needs `between`"),
        ("record: {column: y, crosswalk: acledd}", "small.yml:9: unknown-word crosswalk: 'acledd' is not known"),
        ("file: {form: xls}", "small.yml:9: unknown-word form: 'xls' is not known"),
        ("file: {separator: ';;'}", "small.yml:9: bad-separator"),
        ("file: {columns: [[a, b], [c, d]]}", "small.yml:9: same-width-twice"),
        ("file: {columns: [day, day]}", "small.yml:9: duplicate-column"),
        ("file: {columns: [daytime]}", "small.yml:7: unknown-column no list of columns has 'day'"),
        ("recognise: {columns: [day], not_these: {width: 3}}", "small.yml:9: missing-key 'is' is missing"),
        ("where: {placing: {as: dics}}", "small.yml:9: unknown-word as: 'dics' is not known (did you mean 'disc'?)"),
        ("where: {placing: {radius_m: 5}}", "small.yml:9: missing-key 'as' is missing"),
        ("where: {placing: {as: disc}}", "small.yml:9: missing-key a placing as disc needs 'radius_m'"),
        (
            "where: {placing: {as: country, named: x}}",
            "small.yml:9: unknown-key a placing as country has no key 'named'",
        ),
        ("who: {on: b}", "small.yml:9: missing-key 'by' or 'between' is missing"),
        ("who: {between: [a, b, c]}", "small.yml:9: one-way-only"),
        ("who: {by: a, when: {kind: {never: 1}}}", "small.yml:9: unknown-key a condition has no key 'never'"),
        ("facts: {notified: {always: perhaps}}", "small.yml:9: unknown-word 'perhaps' is not known here"),
        ("title: twice", "small.yml:9: duplicate-key 'title' stands here and on line 3"),
        ("id: [", "not-yaml"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, written: str, told: str) -> None:
    source, problems = described(tmp_path, SMALL + written + "\n")
    assert source is None
    assert any(told in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("format: 1", "format: 2", "small.yml:1: unknown-format"),
        ("title: A small feed", "", "missing-key 'title' is missing"),
        ("title: A small feed", "title: [a]", "small.yml:3: not-a-text"),
        ("id: small", "id: Small Feed", "small.yml:2: bad-id"),
        (
            "always: shelling",
            "always: sheling",
            "small.yml:6: unknown-word 'sheling' is not known here (did you mean 'shelling'?)",
        ),
        ("{always: shelling}", "{column: a, words: {x: shell}}", "small.yml:6: unknown-word 'shell'"),
        ("always: open-source", "always: rumour", "small.yml:8: unknown-word 'rumour'"),
        ("when: {from: day}", "", "missing-key 'when: from' is missing"),
        ("when: {from: day}", "when: {from: day, vague: {whole: week}}", "small.yml:7: unknown-word whole: 'week'"),
        ("told: {", "told: {by: {column: a, entry: '{ofice}'}, ", "small.yml:8: bad-entry"),
    ],
)
def test_what_is_wrong_inside_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    source, problems = described(tmp_path, SMALL.replace(old, new))
    assert source is None
    assert any(told in problem for problem in problems), problems


def test_a_description_without_keys_is_none(tmp_path: Path) -> None:
    assert described(tmp_path, "- 1\n") == (
        None,
        ["small.yml:1: not-a-description a description is made of keys and values"],
    )


def test_levels_name_fields_of_a_claim_and_public_is_no_level_worth_writing(tmp_path: Path) -> None:
    assert set(LEVELLED) <= set(CLAIM)
    assert {name for keys in SECTIONS.values() for name in keys.values()} >= {"act", "from", "means", "text"}
    source, _ = described(tmp_path, SMALL + "levels: {lon: mission, lat: public}\n")
    assert source is not None and source.levels == {"lon": "mission"}


def test_the_schema_knows_the_keys_that_are_read(schema: Any) -> None:
    checker = jsonschema.Draft202012Validator(schema)
    good = {
        "format": 1, "id": "x", "title": "x", "licence": "x", "what": {"act": {"always": "shelling"}},
        "when": {"from": "day"}, "told": {"means": {"always": "heard"}},
    }  # fmt: skip
    assert checker.is_valid(good)
    for section, keys in SECTIONS.items():
        for key in keys:
            assert checker.is_valid({**good, section: {**good.get(section, {}), key: "column"}}), (section, key)  # type: ignore[dict-item]
    assert not checker.is_valid({**good, "titlle": "x"})
    assert not checker.is_valid({**good, "where": {"placing": {"as": "disc"}}})
    assert checker.is_valid({**good, "levels": dict.fromkeys(LEVELLED, "mission")})


def test_a_file_is_known_by_its_columns(tmp_path: Path) -> None:
    sources = [source for path in SHIPPED if (source := read_source(path)[0])]
    path = tmp_path / "file"
    path.write_text("from,means,observation,more\n")
    found = recognise(path, sources)
    assert found is not None and found.id == "patrol"
    path.write_text("\t".join(str(i) for i in range(61)) + "\n")
    found = recognise(path, sources)
    assert found is not None and found.id == "gdelt"
    path.write_text("a,b\n")
    assert recognise(path, sources) is None


def test_real_files_are_known_by_their_columns(data: Path) -> None:
    sources = [source for path in SHIPPED if (source := read_source(path)[0])]
    found = {
        path.name: known.id if (known := recognise(path, sources)) else None
        for folder in ("ucdp_ged_syria_2016_2019", "ucdp_ged_global_sample_v23", "gdelt_samples")
        for path in sorted((data / folder).glob("[eg]*.csv*"))
    }
    assert found == {
        "ged_syria_20160101_20191130.csv.gz": "ucdp",
        "ged231_sample1000.csv.gz": "ucdp",
        "events.csv": "gdelt",
        "events1.csv": "gdelt",
        "eventsT.csv": "gdelt",
        "gkg.csv.gz": None,
    }
