"""Shipped: the agreements, sources and simulations that come with Trucewatch, by name, and others by path."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError, did_you_mean
from trucewatch.sources import Source, read_source


def shipped(kind: str) -> Path:
    """Return the folder of the shipped `agreements`, `sources` or `simulations`: a checkout's own, or the wheel's."""
    root = Path(str(files("trucewatch"))).parent / kind
    if root.is_dir() and (root.parent / "pyproject.toml").exists():
        return root
    return Path(str(files("trucewatch").joinpath("shipped", kind)))


def find_agreement(name: str | Path) -> Path:
    """Return the folder of an agreement by path, or by the id of a shipped one; raises TrucewatchError."""
    path = Path(name)
    if path.name == "agreement.yml" and path.is_file():
        return path.parent
    known = sorted(folder.name for folder in shipped("agreements").iterdir() if (folder / "agreement.yml").exists())
    # A folder that merely bears the id of a shipped agreement, such as a sitrep of it, does not stand in its way.
    if str(name) in known and not (path / "agreement.yml").is_file():
        return shipped("agreements") / str(name)
    if path.is_dir():
        return path
    hint = did_you_mean(str(name), known) or f"shipped: {', '.join(known)}"
    raise TrucewatchError(f"'{name}' is neither a folder nor a shipped agreement; {hint}")


def open_agreement(name: str | Path) -> Agreement:
    """Read an agreement by path or shipped id; raises TrucewatchError, naming the first fault, where it has any."""
    folder = find_agreement(name)
    agreement = read_agreement(folder)
    if agreement.problems:
        more = f"; {len(agreement.problems) - 1} more, see: trucewatch check {folder}" if agreement.problems[1:] else ""
        raise TrucewatchError(f"{agreement.problems[0]}{more}")
    return agreement


def open_source(name: str | Path) -> Source:
    """Read a source description by path, or by the id of a shipped one; raises TrucewatchError where it has faults."""
    path = Path(name)
    if not path.is_file():
        known = sorted(file.stem for file in shipped("sources").glob("*.yml"))
        if str(name) not in known:
            hint = did_you_mean(str(name), known) or f"shipped: {', '.join(known)}"
            raise TrucewatchError(f"'{name}' is neither a file nor a shipped source; {hint}")
        path = shipped("sources") / f"{name}.yml"
    source, problems = read_source(path)
    if source is None or problems:
        raise TrucewatchError(str(problems[0]) if problems else f"{path}: describes no source")
    return source


def find_simulation(name: str | Path) -> Path:
    """Return the description of a simulation by path, or by the name of a shipped one; raises TrucewatchError."""
    if Path(name).is_file():
        return Path(name)
    known = sorted(file.stem for file in shipped("simulations").glob("*.yml"))
    if str(name) in known:
        return shipped("simulations") / f"{name}.yml"
    hint = did_you_mean(str(name), known) or f"shipped: {', '.join(known)}"
    raise TrucewatchError(f"'{name}' is neither a file nor a shipped simulation; {hint}")
