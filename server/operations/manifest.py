"""What a backup says about itself: versions, keys it needs, how much is in it, and a checksum of every file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import orjson

from core.embedded.errors import EmbeddedServerError

NAME = "manifest.json"
FORMAT = 1
CHUNK = 1 << 20


class BackupError(EmbeddedServerError):
    """A backup cannot be made or used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``rows``: table → rows; ``waiting``: stream → entries; ``files``: relative path → SHA-256, all of one moment."""

    made_at: str
    adrail: str
    revision: str
    postgres: str
    valkey: str
    master_keys: list[str]
    rows: Mapping[str, int]
    waiting: Mapping[str, int]
    files: Mapping[str, str]
    format: int = FORMAT


def write(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into a backup whose files are complete."""
    text = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    (folder / NAME).write_bytes(text + b"\n")


def read(folder: Path) -> Manifest:
    """Return the manifest of a backup after comparing every file with it; raises `BackupError`."""
    try:
        found = orjson.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise BackupError(
            f"{folder} is no backup: it holds no {NAME}. Name a folder that `adrail backup` made."
        ) from None
    except orjson.JSONDecodeError:
        raise BackupError(f"{folder / NAME} is damaged. Use another backup.") from None
    if found.get("format") != FORMAT:
        raise BackupError(
            f"{folder} has format {found.get('format')}, this version reads {FORMAT}. Restore it with adrail "
            f"{found.get('adrail')}."
        )
    manifest = Manifest(**{item.name: found[item.name] for item in fields(Manifest)})
    wrong = [name for name, digest in manifest.files.items() if _digest_or_none(folder / name) != digest]
    if wrong:
        raise BackupError(f"{folder} is damaged: {', '.join(sorted(wrong))} missing or changed. Use another backup.")
    return manifest


def digests(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): _digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NAME
    }


def _digest_or_none(path: Path) -> str | None:
    return _digest(path) if path.is_file() else None


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(CHUNK):
            total.update(part)
    return total.hexdigest()
