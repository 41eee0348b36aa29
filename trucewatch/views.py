"""Views: what one audience may know of some claims. The only door: all that is derived is derived from a view.

Below mission level a view is coarser than what its fields' levels alone would leave: place and time are of the grain of
the audience, positions come late, single witnesses are not placed, and every claim goes by a name made of what is left
of it. So two missions that differ only above an audience give it one and the same view.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from trucewatch.acts import act_tree
from trucewatch.claims import OPEN_KEY, SCHEMA, empty_claims, keyed_hashes
from trucewatch.evidence import OWN_OBSERVATION, Assertion, Extent
from trucewatch.grains import EXACT, Grain, grain_of, widen_places, widen_times, widen_to_country
from trucewatch.levels import Level, most_sensitive, read_level
from trucewatch.names import plain_name
from trucewatch.problems import TrucewatchError
from trucewatch.when import LONG_AGO, local_day, midnight
from trucewatch.where import Gazetteer

# Without these nothing is asserted; an audience that may not know one of them does not know the claim.
_INDISPENSABLE = frozenset({"act", "earliest", "latest"})
# These carry no content, only what makes the claim a claim of that source.
_STRUCTURE = frozenset({"claim_key", "version", "event_key", "source", "item", "entry", "assertion", "levels"})
# Below mission nobody learns what leads back to a record or a point on the ground. Words that their level allows stay:
# without them copies could not be told from voices. No product below mission quotes them.
_FOR_THE_MISSION = ("record", "file", "line", "place_name")
# Without any of these a place of that kind is no longer the place that was told.
_PLACED_BY = {
    "disc": ("lon", "lat", "radius_m"),
    "sector": ("geometry",),
    "line": ("geometry",),
    "area": ("area", "geometry"),  # either one
    "country": ("country",),
}
_POSITIONS = "positions"  # forces and weapons in place, in the tree of acts
_AS_RECEIVED = Grain()
_OWN = "own observers"  # of the mission: one teller, and no witness to be protected


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """What one audience may know.

    `level` is the level of the most sensitive field that is left: the marking of whatever is made from it. `grain` is
    how finely the audience is told.
    """

    claims: pl.DataFrame
    audience: Level
    level: Level
    grain: Grain = _AS_RECEIVED

    def __repr__(self) -> str:
        return f"<View of {self.audience.word}: {self.claims.height} claims, marked {self.level.word}>"


@dataclass(frozen=True, slots=True)
class Declassified:
    """A decision that an audience, and whoever stands above it, may know some fields of some claims.

    `claims` are keys at mission level, those of a finding's or an incident's chain for instance. Nothing else lowers a
    level: where a released grade is to rest on a sealed report, such a decision makes what it rests on known. The grain
    of the audience still holds. `by` is a role, `entry` the number under which it was recorded.
    """

    claims: frozenset[str]
    fields: frozenset[str]
    to: Level
    by: str
    because: str
    entry: int = 0

    def __post_init__(self) -> None:
        """Raise TrucewatchError for a decision about nothing, by nobody, or about what no claim has."""
        unknown = sorted(self.fields - (SCHEMA.keys() - _STRUCTURE))
        if unknown:
            raise TrucewatchError(f"a claim has no field '{unknown[0]}' that could be declassified")
        if not (self.claims and self.fields and self.by.strip() and self.because.strip()):
            raise TrucewatchError("name the claims and fields that are declassified, the role that decides it, and why")


def view(
    claims: pl.DataFrame,
    audience: Level,
    grain: Grain | None = None,
    gazetteer: Gazetteer | None = None,
    timezone: str = "UTC",
    published: date | None = None,
    declassified: Iterable[Declassified] = (),
) -> View:
    """Return what an audience may know of some claims: every field above its level is gone before anything is derived.

    A claim is gone whole where a field is above the level without which it asserts nothing. A place of which a part is
    gone falls back to the area or country that is left. Below mission level place and time are then widened to the
    `grain` of the audience (its default one unless given), on the areas of `gazetteer` and the clocks of `timezone`;
    positions of forces and weapons that are not `grain.delay_days` older than `published` are gone. Without a day of
    publication it is taken to be the last one on which anything in the view began.
    """
    told = grain_of(audience) if grain is None else grain
    left, lessened = _left(claims, audience, tuple(declassified))
    if audience >= Level.MISSION:
        renamed = _renamed(left.filter(lessened), is_received=True) if lessened.any() else empty_claims()
        seen = pl.concat([left.filter(~lessened), renamed])
    else:
        seen = _renamed(_coarsened(left, told, gazetteer or Gazetteer(), timezone, published), is_received=False)
    held = [most_sensitive(map(read_level, json.loads(words or "{}").values())) for words in seen["levels"].unique()]
    return View(seen.sort("claim_key", "version"), audience, most_sensitive(held), told)


def open_claims(claims: pl.DataFrame, audience: Level, declassified: Iterable[Declassified] = ()) -> pl.DataFrame:
    """Return the claims, whole and as received, of which an audience may know that they are there.

    For what whoever knows of a report at all must be told of it: that it is part of a simulation.
    """
    split = _split(claims, audience, tuple(declassified))
    return pl.concat([empty_claims(), *(rows for rows, above, _ in split if not above & _INDISPENSABLE)])


def told_alone(
    claims: pl.DataFrame,
    audience: Level,
    grain: Grain,
    gazetteer: Gazetteer,
    timezone: str,
    declassified: Iterable[Declassified] = (),
) -> pl.DataFrame:
    """Return what an audience below mission level is told of each claim by itself, whatever else there is.

    A row for each claim: `claim_key` (that of the mission) and `entry`; `hidden`, the fields above the audience;
    `told`, a hash of what is left, null where that is nothing; the `report` that it is part of, as far as the audience
    can tell; `earliest` and `latest` as told; `is_position`. How old a position must be, and that a single teller is
    not placed, has no part in it.
    """
    decided = tuple(declassified)
    hidden = [
        rows.select("claim_key", "entry", pl.lit(sorted(above), dtype=pl.List(pl.String)).alias("hidden"))
        for rows, above, _ in _split(claims, audience, decided)
    ]
    left, _ = _left(claims, audience, decided)
    placed = widen_places(widen_times(left, grain.time, timezone), grain.place, gazetteer)
    report = pl.when(pl.col("record").is_null()).then("event_key").otherwise(pl.format("{} {}", "source", "record"))
    told = placed.select(
        "claim_key", report.alias("report"), "earliest", "latest", _is_position().fill_null(False).alias("is_position")
    ).with_columns(_versions(_bare(placed, grain), is_received=False).alias("told"))
    nothing = pl.DataFrame(schema={"claim_key": pl.String(), "entry": pl.Int64(), "hidden": pl.List(pl.String())})
    return pl.concat([nothing, *hidden]).join(told, on="claim_key", how="left")


def youngest_told(published: date, delay_days: int, timezone: str) -> datetime:
    """Return the instant at which positions of forces and weapons must be over to be told on a day of publication."""
    return midnight(published - timedelta(days=delay_days), timezone)


# ---- by level --------------------------------------------------------------------------------------------------------


def _left(
    claims: pl.DataFrame, audience: Level, declassified: Sequence[Declassified]
) -> tuple[pl.DataFrame, pl.Series]:
    """Return claims without the fields above an audience, and for each whether something of its event is gone."""
    left = [empty_claims().with_columns(pl.lit(False).alias("lessened"))]
    for rows, above, words in _split(claims, audience, declassified):
        if above & _INDISPENSABLE:
            continue
        shown = _without(rows, above - _STRUCTURE) if above else rows
        left.append(
            shown.with_columns(pl.lit(words, dtype=pl.String).alias("levels"), pl.lit(bool(above)).alias("lessened"))
        )
    whole = pl.concat(left)
    return whole.drop("lessened"), whole.select(pl.col("lessened").any().over("source", "event_key")).to_series()


def _split(
    claims: pl.DataFrame, audience: Level, declassified: Sequence[Declassified]
) -> Iterator[tuple[pl.DataFrame, frozenset[str], str | None]]:
    """Yield claims of like levels, the fields of theirs above an audience, and the levels of the others as JSON."""
    lowered: dict[str, dict[str, str]] = {}
    # Of two decisions the one that lets more know holds, whichever was taken first.
    for decision in sorted(declassified, key=lambda decision: (-decision.to.height, decision.to.word)):
        if decision.to <= audience:
            for key in decision.claims:
                lowered.setdefault(key, {}).update(dict.fromkeys(decision.fields, decision.to.word))
    words = {key: json.dumps(fields, sort_keys=True) for key, fields in lowered.items()}
    decided = pl.col("claim_key").replace_strict(words, default="{}", return_dtype=pl.String).alias("lowered")
    alike = claims.with_columns(decided) if words else claims.with_columns(pl.lit("{}").alias("lowered"))
    for levels, fields in alike.select("levels", "lowered").unique(maintain_order=True).iter_rows():
        rows = alike.filter(pl.col("levels").eq_missing(levels) & (pl.col("lowered") == fields)).drop("lowered")
        shown = {name: read_level(word) for name, word in json.loads(levels or "{}").items()}
        shown |= {
            name: read_level(word)
            for name, word in json.loads(fields).items()
            if name in shown and not shown[name] <= audience
        }
        above = frozenset(name for name, level in shown.items() if not level <= audience)
        if "text" in above and not audience >= Level.MISSION:
            # Where the words are hidden nobody can see whether they are a copy: whom they cite counts for nothing.
            above |= {"cites"}
        told = {name: level.word for name, level in shown.items() if name not in above}
        is_same = not above and fields == "{}"
        yield rows, above, levels if is_same else json.dumps(told, sort_keys=True)


def _without(rows: pl.DataFrame, fields: Set[str]) -> pl.DataFrame:
    """Return rows without some fields."""
    gone = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name in fields]
    blanked = rows.with_columns(*gone)
    if fields & {"lon", "lat"}:
        # A sector is drawn from where the observer stood: who may not know the one may not see the other.
        sector = pl.col("place_kind") == "sector"
        blanked = blanked.with_columns(pl.when(~sector).then("geometry").alias("geometry"))
    return _fall_back(blanked)


def _fall_back(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows in which a place that lost what places it is the area or country that is left of it."""
    kind = pl.col("place_kind")
    lost = kind.is_null()
    for name, needed in _PLACED_BY.items():
        missing = [pl.col(column).is_null() for column in needed]
        lost = lost | ((kind == name) & (pl.all_horizontal(missing) if name == "area" else pl.any_horizontal(missing)))
    fallen = (
        pl.when(pl.col("area").is_not_null()).then(pl.lit("area"))
        .when(pl.col("country").is_not_null()).then(pl.lit("country"))
        .otherwise(pl.lit("unplaced"))
    )  # fmt: skip
    return rows.with_columns(
        pl.when(lost).then(fallen).otherwise(kind).alias("place_kind"),
        # What filled its sector does not fill the area that the sector lies in.
        pl.when(lost & (pl.col("place_extent") == Extent.THROUGHOUT))
        .then(pl.lit(str(Extent.WITHIN)))
        .otherwise("place_extent")
        .alias("place_extent"),
        *(pl.when(~lost).then(name).alias(name) for name in ("lon", "lat", "radius_m", "geometry")),
    )


# ---- below mission level ---------------------------------------------------------------------------------------------


def _coarsened(
    claims: pl.DataFrame, grain: Grain, gazetteer: Gazetteer, timezone: str, published: date | None
) -> pl.DataFrame:
    """Return claims of the grain of an audience, without what leads back to a record, its words or a point."""
    timed = widen_times(claims, grain.time, timezone)
    late = timed.filter(~_is_young(timed, grain.delay_days, published, timezone))
    placed = widen_places(late, grain.place, gazetteer)
    safe = _without_witnesses(placed, grain.least_tellers, gazetteer).select(SCHEMA.keys())
    return _bare(safe, grain)


def _bare(claims: pl.DataFrame, grain: Grain) -> pl.DataFrame:
    """Return claims as wide as they are told, without what leads back to a record, its words or a point."""
    # What makes rows items of one report is not gone yet: it is renamed with them.
    nothing = [pl.lit(None, dtype=SCHEMA[name]).alias(name) for name in _FOR_THE_MISSION if name != "record"]
    gone = {*_FOR_THE_MISSION, *(("lon", "lat", "radius_m") if grain.place != EXACT else ())}
    # A record's id leaves a name of ours for the report, whose level is the id's.
    words = {text: _levels_without(text, gone - {"record"}) for text in claims["levels"].unique().to_list()}
    return claims.with_columns(
        *nothing,
        pl.col("levels").replace_strict(list(words), list(words.values()), return_dtype=pl.String),
        pl.lit(0, dtype=SCHEMA["entry"]).alias("entry"),
        pl.lit(0, dtype=SCHEMA["item"]).alias("item"),
    )


def _levels_without(words: str | None, gone: Set[str]) -> str:
    left = {name: word for name, word in json.loads(words or "{}").items() if name not in gone}
    return json.dumps(left, sort_keys=True)


def _is_young(claims: pl.DataFrame, delay_days: int, published: date | None, timezone: str) -> pl.Expr:
    """Return what holds of positions of forces and weapons that are not old enough to be told."""
    began = claims.filter(pl.col("earliest") > LONG_AGO)["earliest"].max()
    day = published or (local_day(began, timezone) if isinstance(began, datetime) else None)
    if not delay_days or day is None:
        return pl.lit(False)
    return _is_position() & (pl.col("latest") > youngest_told(day, delay_days, timezone))


def _is_position() -> pl.Expr:
    tree = act_tree()
    positions = [node for node in tree if tree.covers(_POSITIONS, node)]
    return (pl.col("assertion") == Assertion.PRESENCE) | pl.col("act").is_in(positions)


def _without_witnesses(claims: pl.DataFrame, least: int, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return placed claims, those told by their country that lie in a region of which too few ever told.

    The mission's own observers are one teller, and need no such care. To take a claim out of one region may leave
    too few in another.
    """
    own = pl.col("means").is_in([str(means) for means in OWN_OBSERVATION]) & pl.col("interest").is_null()
    offices = claims["office"].drop_nulls().unique().to_list()
    office = pl.col("office").replace_strict(
        offices, [plain_name(name) for name in offices], default=None, return_dtype=pl.String
    )
    teller = pl.when(own).then(pl.lit(_OWN)).otherwise(pl.coalesce(office, pl.format("source {}", "source")))
    names = claims["adm_1"].drop_nulls().unique().to_list()
    areas = [gazetteer.find(name) for name in names]
    named = pl.col("adm_1").replace_strict(names, areas, default=None, return_dtype=pl.String)
    told = claims.with_columns(teller.alias("teller"), named.alias("named"))
    while True:
        regions = pl.concat_list("regions", pl.concat_list("named").list.drop_nulls()).alias("region")
        tellers = told.select("teller", regions).explode("region").drop_nulls()
        few = (
            tellers.group_by("region")
            .agg(pl.col("teller").n_unique().alias("number"), (pl.col("teller") != _OWN).any().alias("is_witnessed"))
            .filter((pl.col("number") < least) & pl.col("is_witnessed"))["region"]
            .to_list()
        )
        lies_there = pl.col("regions").list.eval(pl.element().is_in(few)).list.any() & (pl.col("teller") != _OWN)
        is_named = pl.col("named").is_in(few).fill_null(False) & (pl.col("teller") != _OWN)
        if not told.select((lies_there | is_named).any()).item():
            return told
        at_risk = told.filter(lies_there)
        told = pl.concat([told.filter(~lies_there), widen_to_country(at_risk, gazetteer)]).with_columns(
            pl.when(~is_named).then(name).alias(name) for name in ("adm_1", "named")
        )


# ---- names -----------------------------------------------------------------------------------------------------------


def _renamed(rows: pl.DataFrame, is_received: bool) -> pl.DataFrame:
    """Return rows under keys made of what is left of them, and an ordinal among equals: what is gone leaves no trace.

    Claims of one event stay claims of one event. Below mission level (`is_received` False) a record's own id is no part
    of it: the items of one report go by a name made in the same way, and so stay items of one report.
    """
    versions = _versions(rows, is_received)
    is_item = ~pl.col("curated").fill_null(False) & (not is_received)
    named = rows.with_columns(versions.alias("version"), pl.when(is_item).then("record").alias("report"))
    event = ["source", "report", "event_key"]
    events = named.group_by(event).agg(pl.col("version").sort().str.join(" ").alias("all"), pl.col("entry").min())
    reports = (
        events.filter(pl.col("report").is_not_null())
        .group_by("source", "report")
        .agg(pl.col("all").sort().str.join("  ").alias("whole"))
        .sort("whole", "source", "report")
        .with_columns(pl.int_range(pl.len()).over("whole").cast(pl.String).alias("ordinal"))
    )
    reports = reports.with_columns(_hashed("report", reports["whole"], reports["ordinal"]).alias("report_name"))
    events = (
        events.join(reports, on=["source", "report"], how="left")
        .with_columns(pl.col("report_name").fill_null(""))
        .sort("report_name", "all", "entry", "source", "event_key")
        .with_columns(pl.int_range(pl.len()).over("report_name", "all").cast(pl.String).alias("ordinal"))
    )
    event_names = _hashed("event", events["report_name"], events["all"], events["ordinal"])
    events = events.select(*event, event_names.alias("event"), pl.col("report_name").replace("", None))
    named = (
        named.join(events, on=event, nulls_equal=True, how="left")
        .sort("event", "version", "entry", "claim_key")
        .with_columns(pl.int_range(pl.len()).over("event", "version").cast(pl.String).alias("among"))
    )
    keys = _hashed("claim", named["event"], named["version"], named["among"])
    record = pl.col("record") if is_received else pl.col("report_name").alias("record")
    return named.with_columns(keys.alias("claim_key"), pl.col("event").alias("event_key"), record).select(SCHEMA.keys())


def _versions(rows: pl.DataFrame, is_received: bool) -> pl.Series:
    """Return a hash of what is left of each row."""
    left_out = (_STRUCTURE - {"source", "assertion"}) | {"file", "line"} | (set() if is_received else {"record"})
    contents = rows.select(_written(name) for name in SCHEMA if name not in left_out)
    return keyed_hashes(OPEN_KEY, contents.select(pl.struct(pl.all()).struct.json_encode()).to_series())


def _written(name: str) -> pl.Expr:
    """Return a column as it is written to be hashed."""
    if SCHEMA[name] == pl.Binary():
        return pl.col(name).bin.encode("hex")
    return pl.col(name).dt.epoch("us") if isinstance(SCHEMA[name], pl.Datetime) else pl.col(name)


def _hashed(kind: str, *parts: pl.Series) -> pl.Series:
    return keyed_hashes(OPEN_KEY, pl.repeat(kind, len(parts[0]), eager=True), *parts)
