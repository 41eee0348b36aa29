"""The observation model that ships, and an agreement for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.simulations.observation import Observation, read_observation

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def law() -> Agreement:
    return read_agreement(ROOT / "agreements" / "south-syria-2017")


@pytest.fixture
def written() -> dict[str, Any]:
    """Return the shipped observation model as it is written, to change something in it."""
    text: dict[str, Any] = yaml.safe_load((ROOT / "simulations" / "observation.yml").read_text("utf-8"))
    return text


@pytest.fixture
def model(law: Agreement, written: dict[str, Any]) -> Callable[..., Observation]:
    """Return how to read the shipped model with some of its numbers changed."""

    def read(**changed: Any) -> Observation:
        for section in ("neighbourhoods", "observers", "curators"):
            written[section] |= {name: value for name, value in changed.items() if name in written[section]}
        return read_observation(written | {"seed": changed.get("seed", 1)}, law)

    return read
