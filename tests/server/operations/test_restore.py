"""A backup that cannot be relied on is refused, and a restore that fails leaves nothing behind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded.errors import DataDirError
from server.operations import manifest
from server.operations.backup import back_up
from server.operations.manifest import BackupError, Manifest
from server.operations.restore import restore


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' user may enter."""
    with tempfile.TemporaryDirectory(prefix="adrail-restore-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def backup(folder: Path) -> Path:
    """A backup whose data was sealed under a key that it does not hold."""
    made = folder / "backup"
    (made / "valkey").mkdir(parents=True)
    (made / "secrets.json").write_text("{}")
    (made / "valkey" / "appendonly.aof.manifest").write_text("")
    manifest.write(
        made,
        Manifest(
            "2026-11-20T10:00:00+00:00", "0.1.0", "0001", "18.4", "9.1", ["elsewhere"], {}, {}, manifest.digests(made)
        ),
    )
    return made


def test_a_changed_or_missing_file_is_named(backup: Path) -> None:
    (backup / "secrets.json").write_text('{"changed": true}')
    (backup / "valkey" / "appendonly.aof.manifest").unlink()

    with pytest.raises(BackupError, match=r"secrets\.json, valkey/appendonly\.aof\.manifest missing or changed"):
        manifest.read(backup)


def test_what_is_no_backup_or_of_another_format_is_refused(folder: Path, backup: Path) -> None:
    with pytest.raises(BackupError, match="is no backup"):
        manifest.read(folder)
    known = json.loads((backup / "manifest.json").read_text("utf-8"))
    (backup / "manifest.json").write_text(json.dumps({**known, "format": 2}))
    with pytest.raises(BackupError, match="has format 2, this version reads 1"):
        manifest.read(backup)


def test_a_directory_that_holds_something_is_not_touched(folder: Path, backup: Path) -> None:
    target = folder / "used"
    target.mkdir()
    (target / "something").write_text("mine")

    with pytest.raises(BackupError, match="is not empty"):
        restore(backup, target)
    assert [path.name for path in target.iterdir()] == ["something"]


@pytest.mark.parametrize("existed", [True, False], ids=["empty-folder", "no-folder"])
def test_a_restore_without_its_master_key_says_so_and_leaves_nothing(
    folder: Path, backup: Path, existed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADRAIL_MASTER_KEYS")
    target = folder / "new"
    if existed:
        target.mkdir()

    with pytest.raises(BackupError, match="under the master key elsewhere, which it does not hold"):
        restore(backup, target)

    assert target.exists() is existed
    assert not existed or list(target.iterdir()) == []


def test_a_backup_goes_into_a_new_folder_of_a_data_directory_that_exists(folder: Path, backup: Path) -> None:
    with pytest.raises(BackupError, match="exists already"):
        back_up(backup, folder)
    with pytest.raises(BackupError, match="holds no database"):
        back_up(folder / "other", folder)
    with pytest.raises(DataDirError, match="there is no data directory"):
        back_up(folder / "other", folder / "nowhere")
    assert not list(folder.glob("*other*"))
