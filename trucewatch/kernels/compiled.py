"""Compiled: an inner loop written once in plain Python, and made machine code only when a large input asks for it.

A kernel works on numpy arrays and numbers alone. It gives the same answer in both forms:

    @kernel
    def total(values: Floats) -> float: ...

    total(values)         # plain Python: for small inputs, and for tests
    total.fast()(values)  # compiled with numba where it is installed, and plain Python where it is not

A kernel may call other kernels by name. What is kept on disk is renewed when its own file changes, or a file of theirs.
Nothing checks bounds in compiled code: whoever calls a kernel answers for every index in its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np
import numpy.typing as npt

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Kind = TypeVar("Kind", bound=np.generic)


@cache
def is_fast_available() -> bool:
    """Say whether kernels can be compiled here; looks for numba without importing it."""
    return find_spec("numba") is not None


def frozen(values: npt.ArrayLike, kind: type[Kind]) -> npt.NDArray[Kind]:
    """Return values as a contiguous array of one kind that cannot be written to; copied only where they are not.

    Compiled code is made anew for every kind of argument, and read-only arrays, such as columns of a table, are a kind
    of their own: whatever a kernel only reads goes through here, and it is compiled once.
    """
    array = np.ascontiguousarray(values, dtype=kind).view()
    array.flags.writeable = False
    return array


class Kernel(Generic[Parameters, Result]):
    """An inner loop in both of its forms."""

    def __init__(self, plain: Callable[Parameters, Result]) -> None:
        """Hold the plain form; nothing is compiled."""
        self.plain = plain
        self._fast: Callable[Parameters, Result] | None = None
        self.__doc__, self.__name__, self.__module__ = plain.__doc__, plain.__name__, plain.__module__

    def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Run the plain form."""
        return self.plain(*args, **kwargs)

    def fast(self) -> Callable[Parameters, Result]:
        """Return the compiled form, which lets other threads run meanwhile; the plain form where numba is absent.

        It is compiled for the kinds of its arguments when they first come, and kept on disk beside the module where
        that can be written to.
        """
        if self._fast is None:
            self._fast = self._compiled() if is_fast_available() else self.plain
        return self._fast

    def _compiled(self) -> Callable[Parameters, Result]:
        import numba

        plain = cast(FunctionType, self.plain)
        called = {name: other.fast() for name, other in self._calls().items()}
        # Compiled code cannot call an object of this class: it gets the compiled form under the same name.
        function = FunctionType(plain.__code__, {**plain.__globals__, **called}, plain.__name__, plain.__defaults__)
        # The name that it is kept under tells what it calls: only its own file is looked at for changes.
        function.__qualname__, function.__module__ = plain.__qualname__ + self._stamp(), plain.__module__
        function.__kwdefaults__ = plain.__kwdefaults__
        try:
            compiled: Any = numba.njit(function, nogil=True, cache=True)
        except RuntimeError:  # no place on this disk to keep it
            compiled = numba.njit(function, nogil=True)
        return cast("Callable[Parameters, Result]", compiled)

    def _calls(self) -> dict[str, Kernel[..., Any]]:
        plain = cast(FunctionType, self.plain)
        named = {name: plain.__globals__.get(name) for name in plain.__code__.co_names}
        return {name: value for name, value in named.items() if isinstance(value, Kernel)}

    def _files(self) -> set[str]:
        held = (other._files() for other in self._calls().values())
        return {cast(FunctionType, self.plain).__code__.co_filename}.union(*held)

    def _stamp(self) -> str:
        """Return what changes with the other files that its calls lead to; nothing where there are none."""
        own = cast(FunctionType, self.plain).__code__.co_filename
        others = sorted(self._files() - {own})
        if not others:
            return ""
        return "_" + blake2b(b"".join(Path(file).read_bytes() for file in others), digest_size=6).hexdigest()


def kernel(plain: Callable[Parameters, Result]) -> Kernel[Parameters, Result]:
    """Make a function of numpy arrays and numbers a kernel."""
    return Kernel(plain)
