"""The run in which nothing may be left out: each way of skipping a test, with and without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SKIPPED = {
    "in_the_test": "import pytest\ndef test_one(): pytest.skip('no server')",
    "by_a_mark": "import pytest\n@pytest.mark.skip(reason='no server')\ndef test_one(): pass",
    "by_a_fixture": "def test_one(data): pass",
    "whole_module": "import pytest\npytest.skip('no server', allow_module_level=True)",
    "for_want_of_a_package": "import pytest\npytest.importorskip('no_such_package')",
}
NOT_SKIPPED = {
    "expected_to_fail": "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_one(): assert False",
    "passing": "def test_one(): pass",
}


def outcomes(folder: Path, **env: str) -> dict[str, str]:
    """Run these tests beside a copy of our conftest, without the real data; return each one's outcome."""
    (folder / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text("utf-8"), "utf-8")
    for name, test in {**SKIPPED, **NOT_SKIPPED}.items():
        (folder / f"test_{name}.py").write_text(test, "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "--continue-on-collection-errors", "-c", os.devnull, folder],
        env={**os.environ, "TRUCEWATCH_DATA": str(folder / "nowhere"), **env},
        capture_output=True,
        text=True,
    )
    summary = run.stdout.partition("short test summary info")[2]
    return {
        name: line.split()[0]
        for line in summary.splitlines()
        for name in {**SKIPPED, **NOT_SKIPPED}
        if f"test_{name}.py" in line
    }


def test_what_is_skipped_fails_when_all_is_required(tmp_path: Path) -> None:
    assert outcomes(tmp_path, TRUCEWATCH_REQUIRE_ALL="1") == {
        "in_the_test": "FAILED",
        "by_a_mark": "ERROR",
        "by_a_fixture": "ERROR",
        "whole_module": "ERROR",
        "for_want_of_a_package": "ERROR",
        "expected_to_fail": "XFAIL",
        "passing": "PASSED",
    }


def test_what_is_skipped_is_skipped_otherwise(tmp_path: Path) -> None:
    told = outcomes(tmp_path, TRUCEWATCH_REQUIRE_ALL="")
    assert {told.get(name) for name in SKIPPED} == {"SKIPPED"}
    assert told["expected_to_fail"] == "XFAIL"
