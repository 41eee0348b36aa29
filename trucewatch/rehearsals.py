"""Rehearsals: simulations taken through the route, for the demo, and to score what comes of them against the truth."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from trucewatch.agreement.terms import Agreement
from trucewatch.corroboration import links
from trucewatch.corroboration.weights import Weights, write_weights
from trucewatch.mission import SIMULATED, Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.reports import collect
from trucewatch.route import Assessment, Progress, silent
from trucewatch.scores import Estimate
from trucewatch.shipped import find_simulation, open_agreement, open_source
from trucewatch.simulations import Simulation, simulate
from trucewatch.simulations.trials import Scores, claims_in, over_seeds, score_simulation
from trucewatch.sitreps.languages import ENGLISH
from trucewatch.sitreps.publish import DEFAULT, check_place
from trucewatch.sources import Source
from trucewatch.texts import read_text, write_whole

DEMO = "south-syria-demo"
OBSERVATION = "observation"

# Seeds from here on are for fitting; those below are held back, to be scored on.
FIRST_FITTED, FITTED = 1001, 10


def demo(
    out: str | Path,
    seed: int | None = None,
    progress: Progress = silent,
    formats: Sequence[str] = DEFAULT,
    languages: Sequence[str] = (ENGLISH,),
) -> tuple[Assessment, tuple[Path, ...]]:
    """Grow a simulation, receive its reports in a mission of its own, and publish the sitrep; all beside `out`.

    The simulation lies in OUT-simulation, the mission in OUT-mission: the same commands lead from one to the other.
    """
    place = Path(out)
    check_place(place)
    grown_at, mission_at = (place.with_name(f"{place.name}-{name}") for name in ("simulation", "mission"))
    progress("growing a truth and reports of it")
    grown = grow(DEMO, grown_at, seed)
    _clear_demo(mission_at)
    key, began = b"SIMULATION: a key that keeps nothing apart", datetime(1970, 1, 1, tzinfo=UTC)
    mission = Mission.init(mission_at, grown.agreement, key=key, now=began)
    (mission_at / SIMULATED).write_text("SIMULATION: nothing in this mission happened.\n", encoding="utf-8")
    for source, path in grown.feeds:
        mission.collect(source, [path], now=began, progress=progress)
    assessment = mission.run(progress=progress)
    progress("writing the sitrep")
    return assessment, assessment.publish(place, formats, languages)


def grow(name: str | Path, out: str | Path, seed: int | None = None, events: Sequence[str | Path] = ()) -> Simulation:
    """Grow a simulation from its description into a folder; raises TrucewatchError.

    `events` are files of UCDP whose events an observation model takes for its truth; the reports of them are invented.
    """
    path = find_simulation(name)
    agreement = open_agreement(_agreement_of(path))
    return simulate(path, agreement, Path(out), seed, _events(events, agreement))


def _agreement_of(simulation: Path) -> str:
    text, problems = read_text(simulation)
    named = text.get("agreement")
    if problems or named is None:
        raise TrucewatchError(str(problems[0]) if problems else f"{simulation}: names no agreement")
    return str(named.value)


def _events(files: Sequence[str | Path], agreement: Agreement) -> pl.DataFrame | None:
    if not files:
        return None
    ucdp = open_source("ucdp")
    return pl.concat(
        collect(ucdp, Path(file), gazetteer=agreement.gazetteer, zone=agreement.timezone).reports for file in files
    )


def score(
    name: str | Path = OBSERVATION,
    seeds: int = 20,
    first_seed: int = 1,
    events: Sequence[str | Path] = (),
    progress: Progress = silent,
) -> tuple[list[Scores], dict[str, Estimate]]:
    """Grow a simulation under several seeds, corroborate its reports, and score what came of it against its key.

    Return the scores of each seed, and of each score the mean with its interval of 95 %. Raises TrucewatchError.
    """
    if seeds < 1:
        raise WrongCall(f"{seeds} seeds are none; give at least one, and twenty for an interval worth its name")
    scores = []
    for seed in range(first_seed, first_seed + seeds):
        progress(f"seed {seed}")
        with TemporaryDirectory(prefix="trucewatch-") as folder:
            grown = grow(name, folder, seed, events)
            scores.append(score_simulation(grown, open_agreement(grown.agreement), _sources(grown)))
    return scores, over_seeds(scores)


def fit_links(missions: Sequence[str | Path], out: str | Path, progress: Progress = silent) -> Weights:
    """Fit the weights of links on unlabelled reports, and write them into a file.

    The reports are those of some missions; without any, those of ten seeds of the observation model that nothing is
    scored on. No key is opened. Raises TrucewatchError.
    """
    told: list[pl.DataFrame] = []
    if missions:
        opened = [Mission.open(folder) for folder in missions]
        law = opened[0].agreement
        told += [mission.view().claims for mission in opened]
        fitted_on = f"{len(opened)} missions" if len(opened) > 1 else "a mission"
    else:
        law = open_agreement(_agreement_of(find_simulation(OBSERVATION)))
        fitted_on = f"simulations/{OBSERVATION}.yml, seeds {FIRST_FITTED} to {FIRST_FITTED + FITTED - 1}"
        for seed in range(FIRST_FITTED, FIRST_FITTED + FITTED):
            progress(f"seed {seed}")
            with TemporaryDirectory(prefix="trucewatch-") as folder:
                grown = grow(OBSERVATION, folder, seed)
                told.append(claims_in(grown, law, _sources(grown)).claims)
    weights = links.fit_links(told, law.register, law.gazetteer, fitted_on)
    write_whole(Path(out), lambda beside: beside.write_text(write_weights(weights), encoding="utf-8"))
    return weights


def _sources(grown: Simulation) -> dict[str, Source]:
    return {feed: open_source(feed) for feed, _ in grown.feeds}


def _clear_demo(folder: Path) -> None:
    if folder.is_dir() and (folder / SIMULATED).exists() and (folder / "mission.yml").exists():
        shutil.rmtree(folder)
