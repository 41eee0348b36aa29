"""What an observation model may ask for, and what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.observation import is_observation, read_observation

ROOT = Path(__file__).parents[2]


def test_the_shipped_model_is_read_from_its_file(law: Agreement) -> None:
    path = ROOT / "simulations" / "observation.yml"
    model = read_observation(path, law)
    assert is_observation(path)
    assert not is_observation(ROOT / "simulations" / "south-syria-demo.yml")
    assert model.observers.numbers["radius_m"] == (1000.0, 5000.0)
    assert model.observers.named["outlets SIM Agency One"] == ("en", "agency")
    assert model.truth.quantiles["dead"][0] == 1
    assert set(model.spec.feeds) == {"patrol", "complaints"}


@pytest.mark.parametrize(
    ("section", "key", "value", "fault"),
    [
        ("neighbourhoods", "acts", {"shouting": 1}, "'shouting' is not known here"),
        ("neighbourhoods", "sides", {"one": ["is"]}, "'one' must name two sides"),
        ("neighbourhoods", "sides", {"one": ["civilians", "is"]}, "civilians last"),
        ("neighbourhoods", "dead", [4, 1], "quantiles rise"),
        ("neighbourhoods", "dead", [4], "two or more numbers"),
        ("neighbourhoods", "in", ["atlantis"], "'atlantis' is not known here"),
        ("observers", "outlets", {"SIM One": ["en"]}, "must say its language and its house"),
        ("observers", "delay_days", {"soon": 1}, "'soon' is no whole number"),
        ("observers", "copies", {"verbatim": 0}, "at least one share"),
        ("observers", "copies", {"invented": 1}, "'invented' is not known here"),
        ("observers", "gazetteers", 0, "at least one gazetteer"),
        ("observers", "drift", "much", "is no number"),
        ("curators", "catches", None, "'catches' is missing"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    law: Agreement, written: dict[str, Any], section: str, key: str, value: object, fault: str
) -> None:
    written[section][key] = value
    with pytest.raises(TrucewatchError, match=fault):
        read_observation(written, law)


def test_feeds_and_form_are_checked(law: Agreement, written: dict[str, Any]) -> None:
    with pytest.raises(TrucewatchError, match="'wire' is no feed of an observation model"):
        read_observation(written | {"feeds": {"wire": {}}}, law)
    with pytest.raises(TrucewatchError, match="'patrol' is missing"):
        read_observation(written | {"feeds": {}}, law)
    with pytest.raises(TrucewatchError, match="format: 1"):
        read_observation(written | {"format": 2}, law)
    with pytest.raises(TrucewatchError, match="'truth' is not known here"):
        read_observation(written | {"truth": {}}, law)
