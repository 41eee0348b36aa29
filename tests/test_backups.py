"""Backups: a mission comes back whole, to the same head, and an old one is not taken for the newest."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.missions import new_mission, on, products, receive, seen, verify
from trucewatch.backups import backup, restore
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError
from trucewatch.record.entries import Record


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    mission = new_mission(tmp_path / "watch")
    receive(mission, [seen("F1"), seen("F2", lat=32.60)], day=1)
    return mission


def test_it_comes_back_to_the_same_head_and_makes_the_same_sitrep(watch: Mission, tmp_path: Path) -> None:
    assert backup(watch, tmp_path / "watch.tar") == 3
    again = restore(tmp_path / "watch.tar", tmp_path / "again")
    with watch.record() as one, again.record() as other:
        assert one.head() == other.head()
    assert verify(again).problems == ()
    assert products(again, tmp_path / "other") == products(watch, tmp_path / "one")
    assert receive(again, [seen("F3")], day=2) == 4


def test_the_same_folder_gives_the_same_bytes(watch: Mission, tmp_path: Path) -> None:
    with watch.record() as held:
        backup(watch, tmp_path / "one.tar")
        assert held.number() == 3
    os.utime(watch.folder / "mandate.yml", (1, 1))
    backup(watch, tmp_path / "other.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "other.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert {(about.mtime, about.uid, about.uname, about.mode) for about in tar} == {(0, 0, "", 0o600)}
        assert not any("-wal" in name or "-shm" in name for name in tar.getnames())


def test_only_its_owner_can_read_a_backup_and_what_came_of_it(watch: Mission, tmp_path: Path) -> None:
    backup(watch, tmp_path / "watch.tar")
    again = restore(tmp_path / "watch.tar", tmp_path / "again")
    for path in (tmp_path / "watch.tar", again.folder / "mission.key", again.folder / "keys" / "ledger.seed"):
        assert path.stat().st_mode & 0o077 == 0


def test_an_old_backup_is_refused_by_whoever_saw_more_with_what_to_do(watch: Mission, tmp_path: Path) -> None:
    backup(watch, tmp_path / "watch.tar")
    receive(watch, [seen("F3")], day=2)
    again = restore(tmp_path / "watch.tar", tmp_path / "again")
    with pytest.raises(TrucewatchError, match=r"4 entries of it were seen here before; restore a newer .*ledger go-on"):
        again.run()
    with Record.open(again.folder, is_gone_back=True) as record:
        record.go_on("chief", "the disk is lost", on(3))
    assert again.run().claims.height == 2


def test_nothing_is_written_over(watch: Mission, tmp_path: Path) -> None:
    backup(watch, tmp_path / "watch.tar")
    with pytest.raises(TrucewatchError, match="is there already"):
        backup(watch, tmp_path / "watch.tar")
    with pytest.raises(TrucewatchError, match="stands already"):
        restore(tmp_path / "watch.tar", watch.folder)
    (tmp_path / "empty").mkdir()
    assert verify(restore(tmp_path / "watch.tar", tmp_path / "empty")).problems == ()


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "a/../../outside.txt"])
def test_a_file_that_is_no_backup_is_refused_whole(watch: Mission, tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        about = tarfile.TarInfo(name)
        about.size = 1
        tar.addfile(about, io.BytesIO(b"x"))
    with pytest.raises(TrucewatchError, match="which no backup does"):
        restore(tmp_path / "bad.tar", tmp_path / "again")
    assert not (tmp_path / "again").exists() and not (tmp_path / "outside.txt").exists()


def test_half_a_backup_is_refused_whole(watch: Mission, tmp_path: Path) -> None:
    backup(watch, tmp_path / "watch.tar")
    whole = (tmp_path / "watch.tar").read_bytes()
    for part in (b"", b"junk", whole[: len(whole) // 2], whole[:3000]):
        (tmp_path / "half.tar").write_bytes(part)
        with pytest.raises(TrucewatchError):
            restore(tmp_path / "half.tar", tmp_path / "again")
        assert not (tmp_path / "again").exists()
    with pytest.raises(TrucewatchError, match="No such file"):
        restore(tmp_path / "none.tar", tmp_path / "again")


def test_a_link_is_not_followed(watch: Mission, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    (watch.folder / "link.txt").symlink_to(tmp_path / "letter.txt")
    backup(watch, tmp_path / "watch.tar")
    with tarfile.open(tmp_path / "watch.tar") as tar:
        assert "link.txt" not in tar.getnames()
