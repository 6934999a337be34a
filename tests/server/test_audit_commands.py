"""The audit log by command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
from click.testing import CliRunner, Result

from core.accounts.api import record_audit, stream_audit
from core.db.session import tenant_session
from server.cli import main
from tests.marketplace import Marketplace

Admin = psycopg.Connection[tuple[Any, ...]]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def write(marketplace: Marketplace, count: int) -> None:
    for number in range(count):
        with tenant_session(marketplace.tenant_id) as session:
            record_audit(session, marketplace.staff, "thing.changed", f"thing:{number}")


def test_a_sound_log_is_said_to_be_so(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    said = run("audit", "verify")
    assert said.exit_code == 0, said.output
    for slug in (marketplace.slug, other_marketplace.slug):
        assert f"{slug}: 2 entries and 0 anchors fit" in said.output


def test_the_first_broken_row_is_named_and_the_command_fails(
    marketplace: Marketplace, other_marketplace: Marketplace, admin_connection: Admin
) -> None:
    write(marketplace, 5)
    victim = [line.id for line in stream_audit(marketplace.staff)][2]
    admin_connection.execute("UPDATE audit_log SET actor = 'user:1' WHERE id = %s", [victim])
    said = run("audit", "verify", "--tenant", marketplace.slug)
    assert said.exit_code == 1
    assert f"{marketplace.slug}: entry {victim} was changed after it was written" in said.output
    assert run("audit", "verify", "--tenant", other_marketplace.slug).exit_code == 0
    assert run("audit", "verify").exit_code == 1


def test_anchors_that_were_kept_find_what_is_cut_off(
    marketplace: Marketplace, admin_connection: Admin, tmp_path: Path
) -> None:
    write(marketplace, 3)
    kept = tmp_path / "anchors.ndjson"
    kept.write_text(run("audit", "anchors", marketplace.slug, "--new").stdout, "utf-8")
    last = json.loads(kept.read_text("utf-8"))["entry_id"]
    tenant = [marketplace.tenant_id]
    for table, column in (("audit_log", "id"), ("audit_anchors", "entry_id")):
        admin_connection.execute(f"DELETE FROM {table} WHERE tenant_id = %s AND {column} = {last}".encode(), tenant)
    said = run("audit", "verify", "--tenant", marketplace.slug, "--anchors", str(kept))
    assert said.exit_code == 1
    assert f"the log once went on to entry {last}" in said.output


def test_what_is_no_anchor_is_named(marketplace: Marketplace, tmp_path: Path) -> None:
    for text, complaint in (("not JSON\n", "line 1 of the anchors is no JSON"), ("\n{}\n", "this is no anchor")):
        (tmp_path / "anchors").write_text(text, "utf-8")
        said = run("audit", "verify", "--tenant", marketplace.slug, "--anchors", str(tmp_path / "anchors"))
        assert said.exit_code == 1
        assert complaint in said.output


def test_the_log_is_printed_filtered(marketplace: Marketplace) -> None:
    write(marketplace, 2)
    lines = run("audit", "export", marketplace.slug, "--action", "thing.changed").stdout.splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["thing:1", "thing:0"]
    table = run("audit", "export", marketplace.slug, "--format", "csv", "--subject", "thing:1").stdout.splitlines()
    assert table[0].startswith("id,at,actor,")
    assert len(table) == 2
    assert run("audit", "export", marketplace.slug, "--until", "2020-01-01").stdout == ""


def test_a_marketplace_that_does_not_exist_is_named(database: str) -> None:
    for words in (("verify", "--tenant", "nowhere"), ("anchors", "nowhere"), ("export", "nowhere")):
        assert "there is no marketplace 'nowhere'" in run("audit", *words).output
