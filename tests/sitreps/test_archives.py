"""Archives: the same parts give the same bytes, in whatever order they come."""

from __future__ import annotations

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from trucewatch.sitreps.archives import packed, unpacked

NAMES = st.text("abcxyz/._-", min_size=1, max_size=12).map(lambda name: f"word/{name}")
PARTS = st.dictionaries(NAMES, st.binary(max_size=200), max_size=6)


@given(parts=PARTS)
def test_what_is_packed_is_what_is_unpacked(parts: dict[str, bytes]) -> None:
    assert unpacked(packed(parts)) == parts


@given(parts=PARTS, data=st.data())
def test_the_order_of_the_parts_is_no_matter(parts: dict[str, bytes], data: st.DataObject) -> None:
    turned = dict(data.draw(st.permutations([*parts.items()])))
    assert packed(turned) == packed(parts)


def test_no_time_and_no_machine_is_told() -> None:
    file = packed({"word/document.xml": b"x", "_rels/.rels": b"y", "[Content_Types].xml": b"z"})
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        told = archive.infolist()
    assert [one.filename for one in told] == ["[Content_Types].xml", "_rels/.rels", "word/document.xml"]
    assert {one.date_time for one in told} == {(1980, 1, 1, 0, 0, 0)}
    assert {(one.create_system, one.external_attr, one.extra) for one in told} == {(3, 0o644 << 16, b"")}
