"""Trials: what corroborating makes of a simulation, against the key that says what is true."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from trucewatch.agreement.terms import Agreement
from trucewatch.claims import claims_of
from trucewatch.evidence import Assertion
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.problems import TrucewatchError
from trucewatch.reports import collect
from trucewatch.scores import (
    Agreed,
    Bounds,
    Calibration,
    Estimate,
    b_cubed,
    calibration,
    estimate,
    origin_bounds,
    over_merged,
    over_split,
    pairwise,
)
from trucewatch.simulations.written import Simulation
from trucewatch.sources import Source
from trucewatch.views import View, view


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a method made of claims, in frames.

    `members` has claim_key and incident; `incidents`, where there are bounds, incident, origins_low and origins_high
    (null: none); `links`, where there are probabilities, one and other (claim keys) and probability from 0 to 1.
    """

    members: pl.DataFrame
    incidents: pl.DataFrame | None = None
    links: pl.DataFrame | None = None


Method = Callable[[View, Agreement], Grouping]


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one simulation; `claims` were scored, `left_out` were not, since they tell of several events."""

    claims: int
    left_out: int
    pairwise: Agreed
    b_cubed: Agreed
    over_merged: float | None
    over_split: float | None
    calibration: Calibration | None
    bounds: Bounds | None

    def numbers(self) -> dict[str, float | None]:
        """Return every score that is a number, by its name."""
        told: dict[str, float | None] = {}
        for name, agreed in (("pairwise", self.pairwise), ("b_cubed", self.b_cubed)):
            told |= {f"{name}_precision": agreed.precision, f"{name}_recall": agreed.recall, f"{name}_f1": agreed.f1}
        told |= {"over_merged": self.over_merged, "over_split": self.over_split}
        if self.calibration:
            told["calibration_error"] = self.calibration.error
        if self.bounds:
            told |= {
                "origin_bounds_held": self.bounds.held,
                "origin_low_held": self.bounds.low_held,
                "origin_bounds_width": self.bounds.width,
                "origin_bounds_open": self.bounds.open,
            }
        return told


def corroborated(view: View, agreement: Agreement) -> Grouping:
    """Bring claims together as the product does."""
    made = corroborate(view, agreement.gazetteer, agreement.register)
    return Grouping(made.members, made.incidents, made.links)


def claims_in(simulation: Simulation, agreement: Agreement, sources: Mapping[str, Source]) -> View:
    """Read the files of a simulation as any other and return all that they claim, at the highest level.

    Raises TrucewatchError for a feed whose source is not given, and for a file of which a row is refused.
    """
    reports = []
    for feed, path in simulation.feeds:
        if feed not in sources:
            raise TrucewatchError(f"the simulation has a feed '{feed}', and no such source is given")
        received = collect(sources[feed], path, gazetteer=agreement.gazetteer, zone=agreement.timezone)
        if received.problems:
            raise TrucewatchError(f"a simulated row cannot be read: {received.problems[0]}")
        reports.append(received.reports)
    told = claims_of(pl.concat(reports)).filter(pl.col("assertion") != Assertion.NOTHING)
    return view(told, Level.SEALED)


def key_of(simulation: Simulation, claims: pl.DataFrame) -> pl.DataFrame:
    """Return what the key says of claims: claim_key, label (the event or the lie; null: several), and true root."""
    written = json.loads(simulation.key_path.read_text("utf-8"))
    if "origins" not in written:
        raise TrucewatchError(f"{simulation.key_path.name}: says of no root; only an observation model can be scored")
    rows = [
        (entry["source"], entry["record"], number, item["tells_of"], item["root"])
        for entry in written["reports"]
        for number, item in enumerate(entry["items"])
    ]
    schema: dict[str, pl.DataType] = {
        "source": pl.String(),
        "record": pl.String(),
        "item": pl.Int32(),
        "tells_of": pl.List(pl.String()),
        "root": pl.String(),
    }
    items = pl.DataFrame(rows, schema=schema, orient="row")
    keyed = claims.select("claim_key", "source", "record", "item").join(
        items, on=["source", "record", "item"], how="left", maintain_order="left"
    )
    if keyed["root"].null_count():
        raise TrucewatchError(f"{simulation.key_path.name}: is not the key of these reports; grow them anew")
    label = pl.when(pl.col("tells_of").list.len() == 1).then(pl.col("tells_of").list.first())
    return keyed.select("claim_key", label.alias("label"), "root")


def score(grouping: Grouping, key: pl.DataFrame) -> Scores:
    """Score what a method made of claims against what the key says of them.

    The false reports of one lie belong together, apart from everything else. Claims that tell of several events at once
    (a summary of a day of shelling) belong to no single one: they may be put anywhere and are left out of the scores of
    clusters and links, though whoever told them counts among the roots of the incident they were put in.
    """
    grouped = key.join(
        grouping.members.select("claim_key", "incident"), on="claim_key", how="left", maintain_order="left"
    )
    # What a method left out it joined with nothing.
    grouped = grouped.with_columns(pl.coalesce("incident", "claim_key").alias("incident"))
    scored = grouped.drop_nulls("label")
    found, true = scored["incident"].to_list(), scored["label"].to_list()
    return Scores(
        claims=scored.height,
        left_out=grouped.height - scored.height,
        pairwise=pairwise(found, true),
        b_cubed=b_cubed(found, true),
        over_merged=over_merged(found, true),
        over_split=over_split(found, true),
        calibration=None if grouping.links is None else _calibration(grouping.links, key),
        bounds=None if grouping.incidents is None else _bounds(grouping.incidents, grouped),
    )


def score_simulation(
    simulation: Simulation,
    agreement: Agreement,
    sources: Mapping[str, Source],
    method: Method = corroborated,
) -> Scores:
    """Read a simulation, bring its claims together, and score what came of it; raises TrucewatchError."""
    seen = claims_in(simulation, agreement, sources)
    return score(method(seen, agreement), key_of(simulation, seen.claims))


def over_seeds(scores: list[Scores], seed: int = 0) -> dict[str, Estimate]:
    """Return each score's mean over simulations, with its interval of 95 %; what none of them has is left out."""
    numbers = [one.numbers() for one in scores]
    names = dict.fromkeys(name for some in numbers for name in some)
    told = {name: estimate([some.get(name) for some in numbers], seed) for name in names}
    return {name: found for name, found in told.items() if found is not None}


def _calibration(links: pl.DataFrame, key: pl.DataFrame) -> Calibration:
    labels = key.select("claim_key", "label")
    both = (
        links.select("one", "other", "probability")
        .join(labels, left_on="one", right_on="claim_key")
        .join(labels, left_on="other", right_on="claim_key", suffix="_other")
        .drop_nulls(["label", "label_other", "probability"])
    )
    return calibration(both["probability"].to_numpy(), (both["label"] == both["label_other"]).to_numpy())


def _bounds(incidents: pl.DataFrame, grouped: pl.DataFrame) -> Bounds:
    true = grouped.group_by("incident").agg(pl.col("root").n_unique().alias("true_origins"))
    rows = incidents.select("incident", "origins_low", "origins_high").join(true, on="incident").sort("incident")
    return origin_bounds(rows["origins_low"].to_list(), rows["origins_high"].to_list(), rows["true_origins"].to_list())
