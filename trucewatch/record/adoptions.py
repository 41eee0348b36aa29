"""Adoptions: which agreement, mandate, weights, level policy, source descriptions and program a mission works with.

Each is adopted whole, as bytes that are kept by their SHA-256, so that what was made of them then can be made again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from trucewatch.agreement.terms import Agreement
from trucewatch.levels import Level, audiences
from trucewatch.problems import Problem, TrucewatchError
from trucewatch.record.entries import Entry
from trucewatch.shipped import shipped

AGREEMENT, MANDATE, WEIGHTS, LEVELS = "agreement", "mandate", "weights", "levels"
OTHER_VERSION = "other-version"

Put = Callable[[bytes], str]
Get = Callable[[str], bytes]
Files = Mapping[str, str]  # name -> SHA-256


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of this program and of all that it is made to run with, as installed: name -> version."""
    found: dict[str, str] = {}
    waiting = ["trucewatch"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = version(name)
            needed = requires(name) or []
        except PackageNotFoundError:
            continue  # for another system than this one
        waiting += [re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0] for line in needed if "extra ==" not in line]
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Adoption:
    """What had been adopted by some entry: files by their SHA-256, source descriptions by source, versions."""

    agreement_id: str = ""
    files: Mapping[str, Files] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: tuple[Entry, ...]) -> Adoption:
        """Return what stands after some entries of the record: of each thing the version adopted last."""
        told: dict[str, Any] = {}
        sources = set()
        for entry in entries:
            if entry.kind == "adopted" and entry.content:
                told |= entry.content
                sources |= {str(entry.content["source"])} if "source" in entry.content else set()
        parts = {name: told[name] for name in (AGREEMENT, MANDATE, WEIGHTS, LEVELS) if name in told}
        return cls(told.get("agreement_id", ""), parts, told.get("versions", {}), frozenset(sources))


def standing(folder: Path, agreement: Agreement, put: Put) -> dict[str, Any]:
    """Keep what stands in a mission's folder, and comes with the program, as what would be adopted now."""
    found = sorted(path for path in agreement.folder.rglob("*") if path.is_file())
    law = {path.relative_to(agreement.folder).as_posix(): put(path.read_bytes()) for path in found}
    return {
        "agreement_id": agreement.id,
        AGREEMENT: law,
        MANDATE: {"mandate.yml": put((folder / "mandate.yml").read_bytes())},
        WEIGHTS: {"links.yml": put((shipped("weights") / "links.yml").read_bytes())},
        LEVELS: {"grains.yml": put(Path(str(files("trucewatch") / "grains.yml")).read_bytes())},
        "versions": dict(versions()),
    }


def changed(adopted: Adoption, now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which parts of what stands now are not what was adopted, in words."""
    parts = [name for name in (AGREEMENT, MANDATE, WEIGHTS, LEVELS) if adopted.files.get(name) != now[name]]
    return tuple(parts if adopted.versions == now["versions"] else (*parts, "versions"))


def differences(adopted: Adoption, now: Mapping[str, Any], entry: int) -> tuple[Problem, ...]:
    """Return in what this program differs from the one that was at work by an entry: then bytes may differ."""
    before: dict[str, str] = dict(adopted.versions)
    after: dict[str, str] = dict(now["versions"])
    for part in (WEIGHTS, LEVELS):
        before |= {f"{part} {name}": digest[:12] for name, digest in adopted.files.get(part, {}).items()}
        after |= {f"{part} {name}": digest[:12] for name, digest in now[part].items()}
    hint = "for the same bytes, install the versions of that day"
    return tuple(
        Problem(
            "record",
            entry,
            "other-version",
            f"{name} was {before.get(name, 'not there')} then, and is {after.get(name, 'not there')} now",
            hint,
        )
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def lay_out(adopted: Adoption, get: Get, folder: Path) -> Path:
    """Write the agreement and mandate as they were adopted into a folder; return that of the agreement."""
    # Its folder bears its id, by which it is named.
    place = folder / adopted.agreement_id
    for name, digest in adopted.files[AGREEMENT].items():
        inner = PurePosixPath(name)
        if inner.is_absolute() or ".." in inner.parts:
            raise TrucewatchError(f"the adopted agreement has a file {name!r} outside itself; restore a backup")
        (place / inner).parent.mkdir(parents=True, exist_ok=True)
        (place / inner).write_bytes(get(digest))
    for name, digest in adopted.files[MANDATE].items():
        (folder / name).write_bytes(get(digest))
    return place


def audiences_of(agreement: Agreement) -> tuple[Level, ...]:
    """Return the audiences of a mission that watches an agreement: those there always are, and each party."""
    return audiences(agreement.parties)


def refuse_changed(folder: Path, adopted: Adoption, now: Mapping[str, Any]) -> None:
    """Raise TrucewatchError where the agreement or the mandate is not the one that was adopted."""
    for part in (AGREEMENT, MANDATE):
        if adopted.files.get(part) != now[part]:
            raise TrucewatchError(
                f"{folder}: its {part} is not the one adopted; if it is meant: "
                f"trucewatch adopt {folder} --by ROLE --because REASON"
            )
