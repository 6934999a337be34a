"""Whatever a page changes is written into the audit log, and every entry has words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from core.catalog.kinds import KINDS
from tests.server.endpoints import endpoints
from webui.audit_words import is_known

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("core", "tracking", "featurestore", "webui", "server")
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")

RECORDED = {
    "account.ask_type": "verification.asked",
    "account.end_other_sessions": "session.others_revoked",
    "account.end_session": "session.revoked",
    "account.save_password": "user.password_changed",
    "account.save_profile": "user.name_changed",
    "account_links.accept": "member.joined",
    "account_links.reset": "user.password_changed",
    "catalog.add": "{kind}.created",
    "catalog.change": "{kind}.changed",
    "catalog.set_status": "{kind}.changed",
    "catalog.take_back": "{kind}.changed",
    "codes.add": "tracking_code.created",
    "codes.change": "tracking_code.updated",
    "codes.delete": "tracking_code.deleted",
    "codes.switch": "tracking_code.updated",
    "codes.take_back": "tracking_code.restored",
    "collection.add_event": "custom_event.created",
    "collection.discard_group": "rejected_event.discarded",
    "collection.extend_event": "custom_event.changed",
    "collection.replay_entry": "dead_entry.replayed",
    "collection.replay_group": "rejected_event.replayed",
    "collection.replay_reject": "rejected_event.replayed",
    "collection.restore_event": "custom_event.restored",
    "collection.retire_event": "custom_event.retired",
    "connections.go_on": "connection.resumed",
    "connections.pause_sending": "connection.paused",
    "connections.reconnect": "connection.secret_set",
    "deliveries.send_again": "delivery.replayed",
    "keys.add": "key.created",
    "keys.revoke": "key.revoked",
    "keys.rotate": "key.rotated",
    "payment_pages.forget": "payments.disconnected",
    "payment_pages.retire": "payments.secret_retired",
    "payment_pages.store": "payments.secret_set",
    "people.decide": "verification.decided",
    "people.remove": "member.removed",
    "people.resend": "invitation.resent",
    "people.save_level": "verification.set",
    "people.save_member": "member.changed",
    "people.save_tier": "tier.changed",
    "people.send_invitation": "invitation.sent",
    "people.withdraw": "invitation.withdrawn",
    "person_pages.dismiss": "person.not_duplicate",
    "person_pages.merge": "person.merge",
    "person_pages.reveal": "person.reveal",
    "person_pages.say_of_visitor": "visitor.link",
    "person_pages.unmerge": "person.unmerge",
    "preferences.choose_language": "user.language_changed",
    "roles.reset": "permissions.changed",
    "roles.save": "permissions.changed",
    "sites.add": "site.created",
    "sites.change": "site.changed",
    "sites.retire": "site.write_key_retired",
    "sites.rotate": "site.write_key_rotated",
    "two_step.new_codes": "user.recovery_codes_renewed",
    "two_step.switch_off": "user.two_step_off",
    "two_step.switch_on": "user.two_step_on",
}
"""Page → the entry that its change leaves."""
CHANGES_NOTHING = {
    "account.confirm": "checks a password",
    "account.switch": "chooses among one's own memberships, in this session only",
    "account_links.forgot": "sends a mail, whoever asks",
    "auth.second_step": "signs in",
    "auth.sign_in_submit": "signs in",
    "auth.sign_out": "signs out",
    "codes.test_code": "sends a test event",
    "connections.check_now": "asks the platform",
    "demo.add_tickets": "a visitor's cart",
    "demo.buy": "a visitor's purchase, reported as an order",
    "demo.change_cart": "a visitor's cart",
    "preferences.choose_theme": "a cookie",
    "two_step.restart": "shows another secret that does not count yet",
}
"""Page → why there is nothing to write down."""


def recorded_actions() -> Iterator[str]:
    """Every action that some code gives to the audit log by name."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            if "record_audit" in text or "key.rotated" in text or "_audit(" in text:
                yield from (
                    node.value
                    for node in ast.walk(ast.parse(text))
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and ACTION.fullmatch(node.value)
                )


def test_every_page_that_changes_something_says_what_it_writes_down(app: Flask) -> None:
    pages = {item.name for item in endpoints(app) if item.method == "POST" and not item.rule.startswith("/api/")}
    assert pages == {*RECORDED, *CHANGES_NOTHING}
    assert not set(RECORDED) & set(CHANGES_NOTHING)


def test_what_pages_say_they_write_down_is_written_down_somewhere() -> None:
    known = {*recorded_actions(), *(f"tracking_code.{verb}" for verb in ("created", "updated", "deleted", "restored"))}
    missing = {action for action in RECORDED.values() if "{" not in action and action not in known}
    assert missing == set()


def test_every_action_has_a_sentence() -> None:
    areas = {action.partition(".")[0] for action in RECORDED.values()}
    written = {action for action in recorded_actions() if action.partition(".")[0] in areas}
    kinds = {f"{kind.word}.{verb}" for kind in KINDS.values() for verb in ("created", "changed", "upserted")}
    wordless = {
        action
        for action in {*written, *kinds, *(action for action in RECORDED.values() if "{" not in action)}
        if not is_known(action)
    }
    assert {action for action in wordless if action not in COLUMNS} == set()


COLUMNS = {"users.email", "users.display_name"}
"""Look like actions, and are not."""
