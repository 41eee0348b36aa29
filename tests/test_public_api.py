"""What `import trucewatch` gives: a short list of names, each of them there, described, and opened only when used."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import trucewatch


def test_the_public_names_are_in_order() -> None:
    assert trucewatch.__all__ == sorted(trucewatch.__all__)
    assert dir(trucewatch) == trucewatch.__all__


@pytest.mark.parametrize("name", trucewatch.__all__)
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(trucewatch, name)
    assert found.__name__ == name
    assert inspect.getdoc(found)


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'verdict'"):
        _ = trucewatch.verdict


def test_to_import_it_opens_none_of_the_route() -> None:
    asked = "import sys, trucewatch; sys.exit('polars' in sys.modules or 'trucewatch.mission' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
