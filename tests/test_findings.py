"""Findings, against a reference that knows no atoms: it enumerates concrete facts and looks at each."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyproj
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.assessment.test_dockets import agreement_of, random_accounts
from tests.ford import ford, incidents_of, logs, report
from trucewatch.actors import Actor, Affiliation, AffiliationStatement, Register, write_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome, outcome_of
from trucewatch.claims import claims_table
from trucewatch.evidence import Standard
from trucewatch.findings import Responsibility, assess, responsibility
from trucewatch.incidents import Incidents, corroborate
from trucewatch.levels import Level
from trucewatch.views import view

DAMASCUS = ZoneInfo("Asia/Damascus")
DAY = datetime(2017, 7, 9, tzinfo=DAMASCUS)
GEOD = pyproj.Geod(ellps="WGS84")
BOXES = {"a": (36.0, 32.5, 36.3, 32.8), "b": (36.3, 32.5, 36.6, 32.8), "c": (36.0, 32.8, 36.3, 33.1)}
ACTORS = {
    "gov": "the government", "opp": "the opposition", "backed": "the backed groups", "is": "the outside group",
    "hidden": "the hidden group", "umbrella": "the insurgents",
}  # fmt: skip
NAMES = ["the government", "the opposition", "the backed groups", "the outside group", "the insurgents", "civilians",
         "a stranger", ""]  # fmt: skip
EVERYBODY = ["gov", "opp", "backed", "is", "hidden", "civilians", "nobody"]
WEAPON_ACTS = [*sorted(n for n in act_tree() if act_tree().covers("use-of-weapons", n)), "violence", "act", "arrests"]


@dataclass(frozen=True)
class World:
    """A small agreement and one account, in plain values."""

    starts: tuple[tuple[int, int], ...]  # hours after DAY: (first, last) instant it may be
    ends: tuple[tuple[int, int] | None, ...]
    areas: tuple[tuple[str, ...], ...]
    presumption: bool
    exempt_acts: tuple[str, ...]
    precondition: bool
    begins: int
    lasts: int
    is_throughout: bool
    place: tuple[float, float, float] | str
    act: str
    pairs: tuple[tuple[str, str], ...]
    fact: bool | None
    is_proven: bool


def _instants(first: int, last: int) -> st.SearchStrategy[tuple[int, int]]:
    hours = st.integers(first // 6, last // 6).map(lambda n: n * 6)
    return st.tuples(hours, st.sampled_from([0, 0, 24])).map(lambda t: (t[0], t[0] + t[1]))


_SIDES = st.sampled_from(
    [
        (("the government", "the opposition"), ("the opposition", "the government")),
        (("the government", "the insurgents"), ("the insurgents", "the government")),
        (("the government", "the outside group"), ("the outside group", "the government")),
        (("the government", "the outside group"), ("the government", "civilians"), ("the outside group", "civilians")),
        (("the opposition", "civilians"),),
        (("the backed groups", "the opposition"),),
    ]
)
WORLDS = st.builds(
    World,
    starts=st.lists(_instants(-48, 24), min_size=1, max_size=2, unique=True).map(tuple),
    ends=st.lists(st.one_of(st.none(), _instants(18, 96)), min_size=1, max_size=2, unique=True).map(tuple),
    areas=st.lists(
        st.sampled_from([("a", "b", "c"), ("a", "b"), ("a",), ("c",)]), min_size=1, max_size=2, unique=True
    ).map(tuple),
    presumption=st.booleans(),
    exempt_acts=st.sampled_from([(), ("shelling",), ("explosion", "clash")]),
    precondition=st.booleans(),
    begins=st.integers(-18, 54).map(lambda n: 36 + n if n < 18 else 36 - n),
    lasts=st.sampled_from([1, 1, 6, 24, 60]),
    is_throughout=st.booleans(),
    place=st.one_of(
        st.tuples(
            st.integers(1, 30).map(lambda n: 36.29 - n / 100),
            st.integers(1, 45).map(lambda n: 32.51 + n / 100),
            st.sampled_from([500.0, 3000.0, 25000.0]),
        ),
        st.sampled_from(["a", "b", "nowhere known"]),
    ),
    act=st.sampled_from(WEAPON_ACTS),
    pairs=_SIDES
    | st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=3, unique=True).map(
        tuple
    ),
    fact=st.sampled_from([True, False, None]),
    is_proven=st.sampled_from([True, True, True, False]),
)


def _written(hours: tuple[int, int]) -> str:
    first, last = (DAY + timedelta(hours=h) for h in hours)
    if first == last:
        return f'"{first:%Y-%m-%dT%H:%M}"'
    return f'"{first:%Y-%m-%dT%H:%M}/{last - timedelta(minutes=1):%Y-%m-%dT%H:%M}"'


def write_agreement(world: World, folder: Path) -> Agreement:
    features = [
        {"type": "Feature", "id": name, "properties": {"kind": "adm1", "country": "SY", "names": [name]},
         "geometry": {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}}
        for name, (w, s, e, n) in BOXES.items()
    ]  # fmt: skip
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (folder / "actors.yml").write_text(
        "format: 1\nactors:\n"
        + "".join(f"  {id_}: {{names: [{name}]}}\n" for id_, name in ACTORS.items() if id_ != "umbrella")
        + "  umbrella: {names: [the insurgents], members: [opp, hidden]}\n"
    )
    starts = "".join(f"      s{n}: {{at: {_written(hours)}}}\n" for n, hours in enumerate(world.starts))
    ends = "".join(f"      e{n}: {{at: {_written(h) if h else 'null'}}}\n" for n, h in enumerate(world.ends))
    areas = "".join(f"      z{n}: {{zones: [{', '.join(zones)}]}}\n" for n, zones in enumerate(world.areas))
    acts = f", acts: [{', '.join(world.exempt_acts)}]" if world.exempt_acts else ""
    needs = ", preconditions: [tried]" if world.precondition else ""
    (folder / "agreement.yml").write_text(
        f"""format: 1
agreement: small
title: {{en: A small agreement}}
timezone: Asia/Damascus
countries: {{SY: [Syria]}}
bound:
  government: {{actors: [gov]}}
  opposition: {{actors: [opp]}}
affected:
  backed-groups: {{actors: [backed], bound: contested}}
zones:
{"".join(f"  {name}: {{area: zones.geojson#{name}}}{chr(10)}" for name in BOXES)}
terms:
  start:
    rivals:
{starts}
  end:
    rivals:
{ends}
  area:
    rivals:
{areas}
preconditions:
  tried: {{text: {{en: the attempt was made}}}}
clauses:
  C1:
    text: {{en: No use of weapons.}}
    forbids: {{acts: [use-of-weapons], in: $area, from: $start, until: $end}}
    presumption: {"bound-unless-outside-group-named" if world.presumption else "none"}
    outside_scope:
      - {{target: [is, hidden]{acts}{needs}}}
""",
        encoding="utf-8",
    )
    agreement = read_agreement(folder)
    assert not agreement.problems, agreement.problems
    return agreement


def tell(world: World) -> Incidents:
    begins = DAY + timedelta(hours=world.begins)
    if isinstance(world.place, tuple):
        lon, lat, radius = world.place
        placed: dict[str, Any] = {"place_kind": ["disc"], "lon": [lon], "lat": [lat], "radius_m": [radius]}
    elif world.place in BOXES:
        placed = {"place_kind": ["area"], "area": [world.place]}
    else:
        placed = {"place_kind": ["unplaced"]}
    cites = '["a root"]' if world.is_proven else '["another outlet"]'
    rows = claims_table(
        {
            "claim_key": ["k1", "k2"], "version": ["v1", "v2"], "event_key": ["e", "e"], "source": ["s", "s"],
            "record": ["e", "e"], "assertion": ["act", "act"], "act": [world.act] * 2, "entry": [0, 0],
            "earliest": [begins] * 2, "latest": [begins + timedelta(hours=world.lasts)] * 2,
            "time_extent": ["throughout" if world.is_throughout else "within"] * 2, "place_extent": ["within"] * 2,
            "pairs": [write_pairs(world.pairs)] * 2, "means": ["open-source"] * 2,
            "office": ["an outlet", "another outlet"],
            "cites": [cites, cites if world.is_proven else '["an outlet"]'],
            "curated": [True, True], "allegation": [False, False], "records_deaths": [False, False],
            "exercise": [False, False], "facts": [json.dumps({} if world.fact is None else {"tried": world.fact})] * 2,
            "levels": ["{}", "{}"], **{name: value * 2 for name, value in placed.items()},
        }
    )  # fmt: skip
    return corroborate(view(rows, Level.SEALED))


# ---- the reference ---------------------------------------------------------------------------------------------------


def _zones_reached(world: World, share: float = 1.0) -> list[frozenset[str]]:
    """Return which sets of zones a concrete point of the place may lie in, by sampling points."""
    if isinstance(world.place, str):
        return [frozenset([world.place])] if world.place in BOXES else [frozenset(), *map(_only, BOXES)]
    lon, lat, radius = world.place
    steps = np.linspace(0, share, 16)
    bearings, reach = np.meshgrid(np.arange(0, 360, 6), steps * radius)
    n = bearings.size
    east, north, _ = GEOD.fwd(np.full(n, lon), np.full(n, lat), bearings.ravel(), reach.ravel())
    found = {
        frozenset(z for z, (w, s, e, n_) in BOXES.items() if w < x < e and s < y < n_)
        for x, y in zip(east, north, strict=True)
    }
    return sorted(found, key=sorted)


def _only(zone: str) -> frozenset[str]:
    return frozenset([zone])


def _stands_for(name: str, world: World) -> list[str]:
    known = {label: id_ for id_, label in ACTORS.items()}
    if name == "the insurgents":
        return ["opp"] if world.presumption else ["opp", "hidden"]
    return [known[name]] if name in known else ["civilians"] if name == "civilians" else EVERYBODY


def completions(world: World) -> tuple[list[str], list[tuple[Any, ...]], list[int]]:
    """Return (what is open, each combination of concrete values, its outcome code), with throughout already taken."""
    # A vague instant may be any in its span, so also amid the event.
    amid = [world.begins + world.lasts / 3, world.begins + world.lasts * 2 / 3]

    def instants(span: tuple[int, int]) -> list[float]:
        return [*map(float, range(span[0], span[1] + 1, 6)), *(h for h in amid if span[0] < h < span[1])]

    starts = [(n, hour) for n, span in enumerate(world.starts) for hour in instants(span)]
    ends: list[tuple[int, float | None]] = [(n, h) for n, span in enumerate(world.ends) if span for h in instants(span)]
    ends += [(n, None) for n, span in enumerate(world.ends) if span is None]
    cuts = {hour for _, hour in starts} | {hour for _, hour in ends if hour is not None}
    inside = [h for h in cuts if world.begins <= h < world.begins + world.lasts]
    times = sorted({float(world.begins), world.begins + world.lasts - 0.001, *inside, *(h - 0.001 for h in inside)})
    times = [t for t in times if world.begins <= t < world.begins + world.lasts]
    tree = act_tree()
    acts = {
        (
            tree.covers("use-of-weapons", leaf),
            not world.exempt_acts or any(tree.covers(a, leaf) for a in world.exempt_acts),
        )
        for leaf in tree.leaves[world.act]
    }
    people = {
        (a, t) for actor, target in world.pairs for a in _stands_for(actor, world) for t in _stands_for(target, world)
    }
    # Only what the clause tells apart matters; the reference drops doubles to stay quick.
    kinds = {(a in ("gov", "opp"), a == "backed", t in ("is", "hidden")) for a, t in people}
    facts = [True, False] if world.precondition and world.fact is None else [bool(world.fact)]
    proofs = [True] if world.is_proven else [False, True]
    names = ["start", "end", "area", "affected.backed-groups", "where", "what", "who", "precondition:tried", "proof"]
    found: list[tuple[Any, ...]] = []
    codes: list[int] = []
    rows = itertools.product(
        starts,
        ends,
        range(len(world.areas)),
        (True, False),
        _zones_reached(world),
        sorted(acts),
        sorted(kinds),
        facts,
        proofs,
    )
    for start, end, area, backed_bound, zones, what, who, fact, proof in rows:
        per_time = []
        for t in times:
            in_force = t >= start[1] and (end[1] is None or t < end[1])
            bound = who[0] or (who[1] and backed_bound)
            hit = in_force and bool(zones & set(world.areas[area])) and what[0] and bound and proof
            exempt = who[2] and what[1] and (fact or not world.precondition)
            per_time.append(0 if not hit else 1 if exempt else 2)
        at = (start, end, area, backed_bound, tuple(sorted(zones)), what, who, fact, proof)
        if world.is_throughout:
            found.append((*at, 0.0))
            codes.append(max(per_time))
        else:
            found.extend((*at, t) for t in times)
            codes.extend(per_time)
    return [*names, "when"], found, codes


def _settles(names: list[str], rows: list[tuple[Any, ...]], codes: list[int], chosen: set[str]) -> bool:
    groups: dict[tuple[Any, ...], set[int]] = {}
    at = [n for n, name in enumerate(names) if name in chosen]
    for row, code in zip(rows, codes, strict=True):
        groups.setdefault(tuple(row[n] for n in at), set()).add(code)
    return all(2 not in seen or seen == {2} for seen in groups.values())


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=WORLDS)
def test_the_outcome_is_what_holds_over_every_feasible_completion(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if isinstance(world.place, tuple):
        # A disc that only grazes an edge is one on which sampled points cannot decide.
        assume(_zones_reached(world, 0.95) == _zones_reached(world, 1.05))
    agreement = write_agreement(world, tmp_path_factory.mktemp("small"))
    findings = assess(tell(world), agreement)
    names, rows, codes = completions(world)
    seen = sum(1 << code for code in set(codes))
    outcome = findings["outcome"][0] if findings.height else Outcome.UNTOUCHED
    assert outcome == outcome_of(seen), world
    if not findings.height:
        return
    (row,) = findings.iter_rows(named=True)
    if row["outcome"] == Outcome.UNDETERMINED:
        ways = json.loads(row["settled_by"])
        assert ways
        for way in ways:
            assert _settles(names, rows, codes, set(way)), (way, world)
            for left_out in way:
                assert not _settles(names, rows, codes, set(way) - {left_out}), (way, left_out, world)


# ---- the law in words ------------------------------------------------------------------------------------------------

QUIET = World(
    starts=((0, 0),), ends=(None,), areas=(("a",),), presumption=True, exempt_acts=(), precondition=False, begins=12,
    lasts=1, is_throughout=False, place=(36.15, 32.65, 500.0), act="shelling",
    pairs=(("the government", "the opposition"), ("the opposition", "the government")), fact=None, is_proven=True,
)  # fmt: skip


def judged(tmp_path: Path, reading: str | None = None, **changes: Any) -> dict[str, Any]:
    world = World(**{**{name: getattr(QUIET, name) for name in World.__dataclass_fields__}, **changes})
    agreement = write_agreement(world, tmp_path)
    told = tell(world)
    alleged = told.incidents.with_columns(pl.lit(True).alias("allegation"))
    (row,) = assess(Incidents(alleged, told.accounts, told.members), agreement).iter_rows(named=True)
    return row


def test_a_clash_of_two_bound_sides_is_a_violation_whoever_fired(tmp_path: Path) -> None:
    row = judged(tmp_path)
    assert row["outcome"] == Outcome.VIOLATION
    assert row["responsibility"] == Responsibility.ONE_OF
    assert row["responsible"] == ["gov", "opp"]


def test_an_operation_against_the_outside_group_is_outside_scope(tmp_path: Path) -> None:
    pairs = (("the government", "the outside group"), ("the outside group", "the government"))
    assert judged(tmp_path, pairs=pairs)["outcome"] == Outcome.OUTSIDE_SCOPE


def test_with_civilian_dead_it_is_undetermined_and_who_would_settle_it(tmp_path: Path) -> None:
    sides = ("the government", "the outside group")
    pairs = (sides, sides[::-1], (sides[0], "civilians"), (sides[1], "civilians"))
    row = judged(tmp_path, pairs=pairs)
    assert row["outcome"] == Outcome.UNDETERMINED
    assert json.loads(row["settled_by"]) == [["who"]]


def test_an_act_by_the_outside_group_is_untouched(tmp_path: Path) -> None:
    assert judged(tmp_path, pairs=(("the outside group", "civilians"),))["outcome"] == Outcome.UNTOUCHED


def test_an_umbrella_is_presumed_bound_and_the_finding_says_so(tmp_path: Path) -> None:
    pairs = (("the government", "the insurgents"), ("the insurgents", "the government"))
    row = judged(tmp_path, pairs=pairs)
    assert (row["outcome"], row["presumption"]) == (Outcome.VIOLATION, True)


def test_without_the_presumption_an_umbrella_leaves_it_undetermined(tmp_path: Path) -> None:
    pairs = (("the government", "the insurgents"), ("the insurgents", "the government"))
    row = judged(tmp_path, pairs=pairs, presumption=False)
    assert (row["outcome"], row["presumption"]) == (Outcome.UNDETERMINED, False)


def test_what_fills_the_whole_of_its_time_touches_a_limit_that_it_overlaps(tmp_path: Path) -> None:
    assert judged(tmp_path, begins=-6, lasts=12)["outcome"] == Outcome.UNDETERMINED
    row = judged(tmp_path, begins=-6, lasts=12, is_throughout=True)
    assert row["outcome"] == Outcome.VIOLATION


def test_a_place_across_a_limit_cannot_be_told_and_the_share_inside_is_stated(tmp_path: Path) -> None:
    row = judged(tmp_path, place=(36.3, 32.65, 3000.0))
    assert row["outcome"] == Outcome.UNDETERMINED
    assert json.loads(row["tests"])["where"] == "unknown"
    assert row["share_inside"] == pytest.approx(0.5, abs=0.01)


def test_more_than_sixty_four_combinations_are_judged_test_by_test_and_it_says_so(tmp_path: Path) -> None:
    vague = tuple((hour, hour + 24) for hour in range(-24, 24, 6))
    row = judged(tmp_path, starts=vague, ends=(*((hour, hour + 24) for hour in range(96, 144, 6)), None), begins=60)
    assert row["per_test"]
    assert row["outcome"] == Outcome.VIOLATION


def test_a_standard_that_is_not_reached_leaves_it_undetermined(tmp_path: Path) -> None:
    agreement = write_agreement(QUIET, tmp_path)
    (row,) = assess(tell(QUIET), agreement, standard=Standard.BALANCE_OF_PROBABILITIES).iter_rows(named=True)
    assert row["outcome"] == Outcome.UNDETERMINED
    assert json.loads(row["settled_by"]) == [["proof"]]


def test_the_order_of_sides_never_makes_one_of_them_answer(tmp_path: Path) -> None:
    agreement = write_agreement(QUIET, tmp_path)
    sides = ("the government", "the opposition")
    kind, who, _ = responsibility(write_pairs([sides, sides[::-1]]), agreement.register)
    assert (kind, set(who)) == (Responsibility.ONE_OF, {"gov", "opp"})


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((), (Responsibility.ACTOR, ("brigade",))),
        ((Affiliation.PART_OF,), (Responsibility.UNIT, ("brigade", "army"))),
        ((Affiliation.COMMANDED_BY,), (Responsibility.UNIT, ("brigade", "army"))),
        ((Affiliation.ALLIED_WITH,), (Responsibility.ACTOR, ("brigade",))),
        ((Affiliation.LISTED_ON,), (Responsibility.ACTOR, ("brigade",))),
    ],
)
@pytest.mark.parametrize("change", [{}, {"contested": True}, {"latest": datetime(2020, 1, 1, tzinfo=UTC)}])
def test_a_unit_is_told_as_one_where_nobody_denies_whose_it_is(
    statements: tuple[Affiliation, ...], expected: tuple[Responsibility, tuple[str, ...]], change: dict[str, Any]
) -> None:
    said = tuple(AffiliationStatement("brigade", "army", kind, ("wire",), **change) for kind in statements)
    actors = {name: Actor(name, (name,)) for name in ("brigade", "army")}
    kind, who, _ = responsibility(write_pairs([("brigade", "")]), Register(actors, said))
    assert (kind, who) == (expected if not change else (Responsibility.ACTOR, ("brigade",)))


def test_nothing_untouched_is_stored_unless_it_was_alleged(tmp_path: Path) -> None:
    agreement = write_agreement(QUIET, tmp_path)
    told = tell(World(**{**{n: getattr(QUIET, n) for n in World.__dataclass_fields__}, "begins": -240}))
    assert assess(told, agreement).is_empty()
    alleged = Incidents(told.incidents.with_columns(pl.lit(True).alias("allegation")), told.accounts, told.members)
    assert assess(alleged, agreement)["outcome"].to_list() == [Outcome.UNTOUCHED]


@pytest.mark.parametrize("name", ["south-syria-2017", "disengagement-1974", "donbas-2020"])
def test_very_many_accounts_give_the_findings_that_few_give(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    agreement = agreement_of(name)
    accounts, evidence = random_accounts(agreement, 500, 31)
    # Every fifth incident has two accounts.
    shared = pl.Series("incident", [f"i{at - at % 5 if at % 5 == 1 else at:05d}" for at in range(500)])
    accounts = accounts.with_columns(shared).sort("incident", maintain_order=True)
    incidents = evidence.join(
        accounts.group_by("incident").agg("pairs", pl.col("earliest").min(), pl.col("latest").max()), on="incident"
    )
    told = Incidents(
        incidents=incidents.with_columns(pl.col("pairs").list.first()),
        accounts=accounts,
        members=pl.DataFrame(schema={"claim_key": pl.String, "incident": pl.String}),
    )
    for reading in (None, *agreement.readings.values()):
        for standard in (Standard.REASONABLE_GROUNDS, Standard.BALANCE_OF_PROBABILITIES):
            few = assess(told, agreement, reading, standard)
            with monkeypatch.context() as patched:
                patched.setattr("trucewatch.findings.AT_SCALE", 1)
                patched.setattr("trucewatch.findings._ROWS_AT_ONCE", 130)
                many = assess(told, agreement, reading, standard)
            assert many.equals(few)
            assert few.height > 20


# ---- further voices --------------------------------------------------------------------------------------------------

STORY = "Shells fell on the ford on Saturday evening and nobody knew from where they had come"
GRADES = ("incident", "clause", "outcome", "proof", "settled_by", "responsibility", "responsible")


VOICES: dict[str, dict[str, Any]] = {
    "cites": {"cites": json.dumps(["first"]), "text": None, "interest": None},
    "copies": {"interest": None},
    "of the same interest": {"text": None},
}


@settings(max_examples=25, deadline=None)
@given(
    act=st.sampled_from(["force-movement", "movement-denied", "presence-of-forces"]),
    actor=st.sampled_from(["Eastern Army", "Western Army", "somebody", ""]),
    means=st.sampled_from(["open-source", "told-by-party"]),
    standard=st.sampled_from(Standard),
    others=st.lists(st.sampled_from(sorted(VOICES)), min_size=1, max_size=4),
)
def test_who_only_copies_or_has_the_same_interest_changes_no_outcome_and_no_grade(
    act: str, actor: str, means: str, standard: Standard, others: list[str]
) -> None:
    one = report("a", act, 100, actor, means=means, office="first", text=STORY, interest="ally", curated=False)
    more = []
    for number, kind in enumerate(others):
        name = f"b{number}"
        told = VOICES[kind]
        more.append({**one, "claim_key": name, "version": name, "event_key": name, "record": name, "source": name,
                     "office": name, "entry": number + 1, **told})  # fmt: skip

    def grades(*reports: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
        incidents = incidents_of(reports)
        findings = assess(incidents, ford(), standard=standard, beside=logs())
        return findings.select(GRADES), incidents.incidents.select("incident", "status", "origins_low", "first_hand")

    alone, together = grades(one), grades(one, *more)
    assert together[1].height == 1
    for before, after in zip(alone, together, strict=True):
        assert_frame_equal(before, after)


def test_a_further_root_is_heard() -> None:
    told: dict[str, Any] = {"means": "open-source", "curated": False}
    one = report("a", "force-movement", 100, office="first", cites=json.dumps(["one official"]), **told)
    other = report("b", "force-movement", 100, office="second", cites=json.dumps(["another official"]), **told)
    assert incidents_of([one, {**other, "source": "b"}]).incidents["origins_low"].to_list() == [2]
