"""Compiled: one loop in two forms, and nothing of numba before a large input asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.kernels.compiled import frozen, is_fast_available, kernel


@kernel
def doubled(value: float) -> float:
    """Return twice a value."""
    return value + value


@kernel
def doubled_sum(values: npt.NDArray[np.float64], most: float) -> float:
    """Return twice the sum of the values up to a limit."""
    total = 0.0
    for value in values:
        if value <= most:
            total += doubled(value)
    return total


@given(st.lists(st.floats(-1e6, 1e6), max_size=30), st.floats(-1e6, 1e6))
def test_both_forms_give_the_same_answer_also_where_one_kernel_calls_another(values: list[float], most: float) -> None:
    array = frozen(values, np.float64)
    assert doubled_sum.fast()(array, most) == doubled_sum(array, most) == doubled_sum.plain(array, most)


def test_a_kernel_is_compiled_once_for_columns_that_can_and_cannot_be_written_to() -> None:
    columns = [np.arange(3.0), np.arange(6.0)[::2], np.arange(3, dtype=np.int32), frozen([0, 1, 2], np.float64)]
    given_to_kernel = [frozen(column, np.float64) for column in columns]
    assert {(c.flags.writeable, c.flags.c_contiguous, c.dtype.name) for c in given_to_kernel} == {
        (False, True, "float64")
    }
    columns[0][0] = 7.0
    assert given_to_kernel[0][0] == 7.0, "what is already in order is not copied"


def test_a_kernel_keeps_its_name_and_its_words() -> None:
    assert (doubled.__name__, doubled.__doc__) == ("doubled", "Return twice a value.")


def test_without_numba_the_plain_form_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trucewatch.kernels.compiled.is_fast_available", lambda: False)
    another = kernel(doubled_sum.plain)
    assert another.fast() is doubled_sum.plain


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_numba_is_imported_only_when_something_is_compiled() -> None:
    lines = (
        "import sys",
        "from trucewatch.kernels.compiled import is_fast_available, kernel",
        "half = kernel(lambda value: value / 2)",
        "half(2.0), is_fast_available()",
        "before = 'numba' in sys.modules",
        "half.fast()",
        "print(before, 'numba' in sys.modules)",
    )
    assert run("\n".join(lines)) == f"False {is_fast_available()}"


def test_what_is_kept_on_disk_is_renewed_when_a_kernel_that_it_calls_elsewhere_changes(tmp_path: Path) -> None:
    called = (
        "from trucewatch.kernels.compiled import kernel\n\n@kernel\ndef more(value: float) -> float:\n    return value"
    )
    caller = "from trucewatch.kernels.compiled import kernel\nfrom called import more\n\n@kernel\ndef twice(value):\n"
    (tmp_path / "caller.py").write_text(f"{caller}    return more(more(value))\n", encoding="utf-8")
    answers = []
    for added in (" + 1.0", " + 1.0", " + 5.0"):
        (tmp_path / "called.py").write_text(f"{called}{added}\n", encoding="utf-8")
        code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from caller import twice; print(twice.fast()(1.0))"
        answers.append(run(code))
    assert answers == ["3.0", "3.0", "11.0"]
    assert any((tmp_path / "__pycache__").glob("caller.twice*.nbi")) == is_fast_available()
