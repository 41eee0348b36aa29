"""What every test may ask for: the real data, a browser, and a run in which nothing is left out."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
REQUIRE_ALL = os.environ.get("TRUCEWATCH_REQUIRE_ALL") == "1"
LONG = os.environ.get("TRUCEWATCH_LONG") == "1"
_TOLD = "told"

# Where a test does not say itself how much it is to try.
TRIED = 200 if LONG else 50
settings.register_profile("same-every-time", derandomize=True, deadline=None, print_blob=True, max_examples=TRIED)
settings.load_profile("same-every-time")


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of the real data, or skip."""
    named = os.environ.get("TRUCEWATCH_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real data: name its folder in TRUCEWATCH_DATA")
    return folder.resolve()


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have what tests saw of a ledger remembered apart from what the machine's own user saw."""
    os.environ["TRUCEWATCH_STATE"] = str(tmp_path_factory.mktemp("state"))


def pytest_collection_finish() -> None:
    """Look less often for garbage, and never among what was collected: that stays to the end."""
    gc.set_threshold(50_000, 20, 10)
    gc.freeze()


@pytest.fixture(scope="session")
def is_long() -> bool:
    """Return whether suites run in full (`make test-long`) and not in the profile that `make test` bounds."""
    return LONG


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what a test calls to have a line of its counts and controls printed when all have run."""
    return lambda line: record_property(_TOLD, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests told of how much they tried, and that their controls failed as they must."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    lines = [str(value) for report in reports for name, value in report.user_properties if name == _TOLD]
    if lines:
        terminalreporter.section("counts and controls")
        for line in sorted(set(lines)):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the Chromium program, or skip."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("needs Chromium")
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With TRUCEWATCH_REQUIRE_ALL=1 a skipped test has failed; a test expected to fail may do so."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        _count_as_failed(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """With TRUCEWATCH_REQUIRE_ALL=1 a module skipped as a whole has failed."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        _count_as_failed(report)
    return report


def _count_as_failed(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    report.outcome = "failed"
    report.longrepr = f"TRUCEWATCH_REQUIRE_ALL=1, and this was left out. {reason}"
