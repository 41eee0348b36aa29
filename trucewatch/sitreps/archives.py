"""Archives: zip files, as office documents are, of which the same parts always give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_FIRST = ("[Content_Types].xml", "_rels/.rels")  # where readers look for them
_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can tell


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Pack parts by their names, in one order and without a time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(parts, key=lambda part: (part not in _FIRST, part)):
            told = zipfile.ZipInfo(name, _DAY)
            told.compress_type = zipfile.ZIP_DEFLATED
            told.create_system, told.external_attr = 3, 0o644 << 16  # as Unix has it, wherever it is made
            archive.writestr(told, parts[name])
    return file.getvalue()


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Return the parts of an archive of our own by their names."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}
