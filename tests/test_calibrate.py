"""The figures that the observation model takes from real data: still what the data say."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tools.calibrate import curated, figures

ROOT = Path(__file__).parents[1]


def test_shares_are_measured_as_they_stand(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "number_of_sources": ["1", "1", "2", "1"], "where_prec": ["1", "1", "1", "2"], "date_prec": ["1"] * 4,
            "type_of_violence": ["1"] * 4, "best": ["1", "2", "3", "4"], "low": ["1", "2", "3", "4"],
            "high": ["1", "2", "3", "9"], "deaths_civilians": ["0", "0", "0", "1"], "side_b": ["Syrian insurgents"] * 4,
            "source_date": ["2016-01-02", "2016-01-01", "2016-01-01", "2016-01-09"], "date_start": ["2016-01-01"] * 4,
        }
    )  # fmt: skip
    rows.write_csv(tmp_path / "ged.csv")
    found = dict(curated(tmp_path / "ged.csv"))
    assert found["articles of an event"] == "1: 75.0 %, 2: 25.0 %"
    assert found["low, best and high differ"] == "25.0 %"
    assert found["best, quartiles"] == "1.75, 2.5, 3.25"
    assert found["days from event to its only article: 0"] == "33.3 %"
    assert found["days from event to its only article: more"] == "33.3 %"


def test_the_model_cites_what_is_measured(data: Path) -> None:
    model = (ROOT / "simulations" / "observation.yml").read_text("utf-8")
    told = " ".join(line.partition("#")[2].strip() for line in model.splitlines())
    found = {what: figure for what, figure, _ in figures(data)}
    whole = "where_prec is 1 in 54.4 %, 2 in 34.9 %"
    assert whole in told
    assert found["where_prec"].startswith("1: 47.5 %")  # of the sample, which comes second
    cited = {
        "articles of the one monitor that most rest on": "86",
        "another event within 5 km on the same day": "28",
        "another at the same point on the same day": "19",
        "events of the busiest tenth of places": "65",
        "places with one event": "38",
    }
    for what, percent in cited.items():
        assert round(float(found[what].removesuffix(" %"))) == int(percent)
        assert f"{percent} %" in told
    for what in ("mention after the first, hours: 90 % within, translated",):
        assert found[what] in told
