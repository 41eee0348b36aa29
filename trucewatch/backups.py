"""Backups: a mission's whole folder in one file, and the folder again from it, to the same head.

A backup holds every key that the folder holds: keep it as you keep the folder.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from trucewatch.mission import Mission, is_mission
from trucewatch.problems import TrucewatchError
from trucewatch.record.entries import LEDGER, Record
from trucewatch.texts import write_whole

_BESIDE = (f"{LEDGER}-wal", f"{LEDGER}-shm", LEDGER)


def backup(mission: Mission, path: Path) -> int:
    """Write the mission's folder into a new tar file; return the number of entries its record had then.

    The same folder gives the same bytes: names are sorted, times and owners left out. Raises TrucewatchError where the
    file is there already.
    """
    if path.exists():
        raise TrucewatchError(f"{path}: is there already; name a new file")
    folder = mission.folder
    with mission.record(is_read_only=True) as record, tempfile.TemporaryDirectory(prefix="trucewatch-") as beside:
        # The ledger first: all that its entries speak of lies in the folder by now.
        copy = Path(beside) / LEDGER
        record.store.backup(copy)
        files = {LEDGER: copy, **{name: folder / name for name in _names(folder)}}

        def write(place: Path) -> None:
            with open(place, "xb", opener=_private) as file, tarfile.open(fileobj=file, mode="w") as tar:
                for name in sorted(files):
                    data = files[name].read_bytes()
                    about = tarfile.TarInfo(name)
                    about.size, about.mode = len(data), 0o600
                    tar.addfile(about, io.BytesIO(data))

        write_whole(path, write)
    with Record.open(mission.folder, is_read_only=True) as record:
        return record.number()


def restore(path: Path, folder: Path) -> Mission:
    """Make a mission's folder again from a backup; raises TrucewatchError where something stands there already.

    Whoever saw a later head of it than the backup has will refuse it (`record.Record.open`), as they must.
    """
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise TrucewatchError(f"{folder}: stands already and is not empty; name a new folder")
    place = Path(os.path.abspath(folder))
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=place.parent) as beside:
        made = Path(beside) / "mission"
        try:
            with tarfile.open(path, "r:") as tar:
                for about in tar:
                    inner = PurePosixPath(about.name)
                    data = tar.extractfile(about) if about.isfile() else None
                    if data is None or inner.is_absolute() or ".." in inner.parts:
                        raise TrucewatchError(f"{path}: holds {about.name!r}, which no backup does; name another file")
                    target = made / inner
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with open(target, "xb", opener=_private) as file:
                        file.write(data.read())
        except (tarfile.TarError, EOFError) as fault:
            raise TrucewatchError(f"{path}: is no whole backup ({fault}); name another file") from None
        except OSError as fault:
            raise TrucewatchError(
                f"{fault.filename or path}: {fault.strerror or fault}; nothing was restored"
            ) from None
        if not is_mission(made) or not (made / LEDGER).is_file():
            raise TrucewatchError(f"{path}: is no backup of a mission; name another file")
        (made / "received").mkdir(exist_ok=True)
        if folder.is_dir():
            folder.rmdir()
        made.rename(place)
    return Mission.open(folder)


def _names(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        is_partial = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and name not in _BESIDE and not is_partial:
            yield name


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
