"""The data directory's default place, and what makes one unusable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.embedded.binaries import postgres_binaries, valkey_binary
from core.embedded.errors import DataDirError
from core.embedded.paths import default_data_dir, open_data_dir
from core.embedded.state import secret

AS_ROOT = os.geteuid() == 0


def test_the_default_is_below_the_systems_or_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data/of/user")
    found = default_data_dir()
    assert found.name == "adrail"
    assert (found == Path("/var/lib/adrail")) == AS_ROOT


def test_missing_parents_are_made_so_that_the_servers_can_enter(empty_dir: Path) -> None:
    before = os.umask(0o077)
    try:
        opened = open_data_dir(empty_dir / "a" / "b")
    finally:
        os.umask(before)
    assert (empty_dir / "a").stat().st_mode & 0o777 == 0o755
    assert opened.root.stat().st_mode & 0o777 == (0o755 if AS_ROOT else 0o700)


def test_a_directory_of_somebody_else_is_refused_with_the_remedy(empty_dir: Path) -> None:
    foreign = empty_dir if AS_ROOT else Path("/usr")
    if AS_ROOT:
        os.chown(foreign, 65534, 65534)
    with pytest.raises(DataDirError, match=r"belongs to user \w+, but adrail runs as \w+.*--data-dir"):
        open_data_dir(foreign)


def test_a_folder_closed_to_the_servers_user_is_named_and_left_as_it_is(empty_dir: Path) -> None:
    closed = empty_dir / "closed"
    closed.mkdir(mode=0o700)
    if AS_ROOT:
        with pytest.raises(DataDirError, match=f"may not enter {closed},.*chmod o\\+x {closed}"):
            open_data_dir(closed / "data")
    else:
        assert open_data_dir(closed / "data").user is None
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_file_in_its_place_is_refused(empty_dir: Path) -> None:
    (empty_dir / "data").write_text("")
    with pytest.raises(DataDirError, match=f"{empty_dir}/data cannot be used"):
        open_data_dir(empty_dir / "data")


def test_programs_are_copied_once_for_another_user_and_used_in_place_otherwise(empty_dir: Path) -> None:
    opened = open_data_dir(empty_dir)
    programs = [postgres_binaries(opened).postgres, valkey_binary(opened)]
    inode = programs[0].stat().st_ino
    assert [program.is_relative_to(empty_dir) for program in programs] == [AS_ROOT, AS_ROOT]
    assert postgres_binaries(opened).postgres.stat().st_ino == inode
    if AS_ROOT:
        assert {path.stat().st_mode & 0o005 for path in (empty_dir / "bin").rglob("bin/*")} == {0o005}


def test_passwords_differ_by_name_and_stay(empty_dir: Path) -> None:
    opened = open_data_dir(empty_dir)
    first, second = secret(opened, "a"), secret(opened, "b")
    assert first != second
    assert secret(open_data_dir(empty_dir), "a") == first


def test_a_damaged_password_file_is_named(empty_dir: Path) -> None:
    opened = open_data_dir(empty_dir)
    (empty_dir / "secrets.json").write_text("{")
    with pytest.raises(DataDirError, match=r"secrets\.json is not readable as JSON"):
        secret(opened, "a")
