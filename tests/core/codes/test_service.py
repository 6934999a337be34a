"""Creating, changing, deleting and undoing tracking codes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from core.accounts.api import Actor
from core.codes.api import delete_code, get_code, history, list_codes, undo, update_code
from core.connections.api import list_connections, open_for_sending
from core.db.session import tenant_session
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tests.core.codes.helpers import PROVIDER, TOKEN, add_code, settings
from tests.marketplace import Marketplace

P1, P2 = "100000000000001", "100000000000002"


@pytest.fixture
def seller(marketplace: Marketplace) -> Actor:
    return marketplace.organizer("org-1")


@pytest.fixture
def rival(marketplace: Marketplace) -> Actor:
    return marketplace.organizer("org-2")


def count(marketplace: Marketplace, table: str, condition: str = "true") -> int:
    with tenant_session(marketplace.tenant_id) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table} WHERE {condition}")).scalar_one())


def test_code_with_token_creates_its_connection_in_the_same_transaction(
    marketplace: Marketplace, seller: Actor
) -> None:
    code = add_code(seller, P1, token=TOKEN)
    assert (code.level, code.organizer_external_id, code.has_server, code.connection_state) == (
        "organizer",
        "org-1",
        True,
        "active",
    )
    assert code.connection_id is not None
    with tenant_session(marketplace.tenant_id) as session:
        opened = open_for_sending(session, code.connection_id)
    assert dict(opened.credentials) == {"access_token": TOKEN}
    assert opened.ref.account_id == P1


def test_second_code_of_the_same_account_uses_the_same_connection(seller: Actor) -> None:
    default = add_code(seller, P1, token=TOKEN)
    own = add_code(seller, P1, live_event_id="ev-1")
    assert own.connection_id == default.connection_id
    assert len(list_connections(seller).items) == 1


def test_token_appears_in_no_table_and_no_answer(marketplace: Marketplace, seller: Actor) -> None:
    code = add_code(seller, P1, token=TOKEN)
    update_code(seller, code.id, {"settings": {"access_token": TOKEN + "x"}})
    assert TOKEN not in repr(get_code(seller, code.id)) + repr(history(seller, code.id))
    for table in ("event_tracking_codes", "tracking_code_history", "audit_log", "event_outbox", "connections"):
        assert count(marketplace, f"{table} AS t", f"t::text LIKE '%{TOKEN}%'") == 0, table
    assert count(marketplace, "connections", f"position(convert_to('{TOKEN}', 'UTF8') IN secret_ciphertext) > 0") == 0


def test_second_code_for_the_same_place_is_refused_with_a_remedy(marketplace: Marketplace, seller: Actor) -> None:
    first = add_code(seller, P1, live_event_id="ev-1")
    with pytest.raises(ConflictError, match=rf"change code {first.id}, or delete it"):
        add_code(seller, P2, token=TOKEN, live_event_id="ev-1")
    assert count(marketplace, "connections") == 0
    add_code(marketplace.staff, P1, level="marketplace")
    with pytest.raises(ConflictError, match="the marketplace has"):
        add_code(marketplace.staff, P2, level="marketplace")


def test_organizer_reaches_its_own_codes_and_live_events_only(
    marketplace: Marketplace, seller: Actor, rival: Actor
) -> None:
    code = add_code(seller, P1)
    for act in (
        lambda: get_code(rival, code.id),
        lambda: update_code(rival, code.id, {"enabled": False}),
        lambda: delete_code(rival, code.id),
        lambda: history(rival, code.id),
        lambda: add_code(rival, P2, live_event_id="ev-1"),
        lambda: add_code(rival, P2, organizer_id="org-1"),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert list_codes(rival).items == []
    with pytest.raises(ForbiddenError):
        add_code(rival, P2, level="marketplace")


def test_another_marketplace_sees_nothing(other_marketplace: Marketplace, seller: Actor) -> None:
    code, stranger = add_code(seller, P1), other_marketplace
    with pytest.raises(NotFoundError):
        get_code(stranger.staff, code.id)
    with pytest.raises(NotFoundError):
        history(stranger.staff, code.id)
    assert list_codes(stranger.staff).items == []


def test_marketplace_must_say_whose_code_it_is(marketplace: Marketplace) -> None:
    with pytest.raises(InvalidInputError) as caught:
        add_code(marketplace.staff, P1)
    assert [problem.pointer for problem in caught.value.errors] == ["/organizer_id"]
    assert add_code(marketplace.staff, P1, organizer_id="org-2").organizer_name == "Organiser org-2"
    assert add_code(marketplace.staff, P1, live_event_id="ev-3").organizer_external_id == "org-2"


def test_change_raises_the_version_and_leaves_the_rest_alone(seller: Actor) -> None:
    code = add_code(seller, P1, token=TOKEN)
    changed = update_code(seller, code.id, {"enabled": False}, expected_version=code.version)
    assert (changed.enabled, changed.version, changed.settings) == (False, 2, code.settings)
    assert changed.connection_id == code.connection_id
    with pytest.raises(ConflictError, match="version 2, you have 1"):
        update_code(seller, code.id, {"enabled": True}, expected_version=1)


def test_change_that_changes_nothing_leaves_no_trace(seller: Actor) -> None:
    code = add_code(seller, P1)
    assert update_code(seller, code.id, {"settings": settings(P1, access_token="")}).version == 1
    assert len(history(seller, code.id).items) == 1


def test_replacing_resets_what_is_left_out_but_keeps_the_token(seller: Actor) -> None:
    code = add_code(seller, P1, token=TOKEN)
    update_code(
        seller,
        code.id,
        {"settings": {"advanced_matching": False, "custom_params": {"plan": "gold"}}},
    )
    replaced = update_code(seller, code.id, {"settings": settings(P1)}, replace=True)
    assert "advanced_matching" not in replaced.settings
    assert replaced.custom_params == {}
    assert replaced.connection_id == code.connection_id


def test_a_setting_that_the_platform_gave_up_does_not_block_changes(marketplace: Marketplace, seller: Actor) -> None:
    code = add_code(seller, P1)
    with tenant_session(marketplace.tenant_id) as session:
        session.execute(text("UPDATE event_tracking_codes SET settings = settings || '{\"retired\": true}'"))
    changed = update_code(seller, code.id, {"enabled": False})
    assert (changed.enabled, "retired" in changed.settings) == (False, False)


def test_other_public_id_asks_for_its_own_token(seller: Actor) -> None:
    code = add_code(seller, P1, token=TOKEN)
    with pytest.raises(InvalidInputError) as caught:
        update_code(seller, code.id, {"settings": settings(P2)})
    assert [problem.pointer for problem in caught.value.errors] == ["/settings/access_token"]
    moved = update_code(seller, code.id, {"settings": settings(P2, access_token="new-token")})
    assert moved.public_id == P2
    assert moved.connection_id not in {None, code.connection_id}
    without = update_code(seller, code.id, {"settings": {"access_token": None}})
    assert (without.has_server, without.connection_id) == (False, None)


def test_new_token_reactivates_a_connection_that_needed_one(marketplace: Marketplace, seller: Actor) -> None:
    code = add_code(seller, P1, token=TOKEN)
    with tenant_session(marketplace.tenant_id) as session:
        session.execute(text("UPDATE connections SET state = 'needs_reconnect', state_reason = 'expired'"))
    assert get_code(seller, code.id).connection_reason == "expired"
    fixed = update_code(seller, code.id, {"settings": {"access_token": "fresh"}})
    assert (fixed.connection_state, fixed.connection_reason) == ("active", None)


def test_code_cannot_move_to_another_platform_or_place(seller: Actor) -> None:
    code = add_code(seller, P1, live_event_id="ev-1")
    with pytest.raises(InvalidInputError) as caught:
        update_code(seller, code.id, {"provider": "other", "live_event_id": "ev-2"})
    assert {problem.pointer for problem in caught.value.errors} == {"/provider", "/live_event_id"}
    same = {"provider": PROVIDER, "live_event_id": "ev-1", "level": "live_event", "organizer_id": "org-1"}
    assert update_code(seller, code.id, same).version == 1


def test_history_tells_who_changed_what_and_undo_brings_it_back(marketplace: Marketplace, seller: Actor) -> None:
    code = add_code(seller, P1)
    colleague = replace(marketplace.staff, label="user:7")
    update_code(colleague, code.id, {"settings": {"advanced_matching": False}})
    change, creation = history(seller, code.id).items
    assert (change.actor, change.action, creation.actor) == ("user:7", "updated", "system:test")
    assert [(item.field, item.before, item.after) for item in change.changes] == [("advanced_matching", None, False)]
    restored = undo(seller, code.id, change.id)
    assert "advanced_matching" not in restored.settings
    assert history(seller, code.id).items[0].action == "restored"
    with pytest.raises(ConflictError, match="delete the code instead"):
        undo(seller, code.id, creation.id)


def test_deleted_code_comes_back_with_its_id_and_connection(seller: Actor) -> None:
    code = add_code(seller, P1, token=TOKEN)
    delete_code(seller, code.id)
    with pytest.raises(NotFoundError):
        get_code(seller, code.id)
    deletion = history(seller, code.id).items[0]
    restored = undo(seller, code.id, deletion.id)
    assert (restored.id, restored.connection_id, restored.public_id) == (code.id, code.connection_id, P1)
    delete_code(seller, code.id)
    add_code(seller, P2)
    with pytest.raises(ConflictError):
        undo(seller, code.id, history(seller, code.id).items[0].id)


def test_every_change_is_audited_and_announced(marketplace: Marketplace, seller: Actor) -> None:
    code = add_code(seller, P1)
    update_code(seller, code.id, {"enabled": False})
    delete_code(seller, code.id)
    assert count(marketplace, "audit_log", f"subject = 'tracking_code:{code.id}'") == 3
    assert count(marketplace, "event_outbox", "topic = 'config_changed'") == 3


def test_list_is_filtered_and_paged(marketplace: Marketplace, seller: Actor, rival: Actor) -> None:
    own = add_code(seller, P1, live_event_id="ev-1")
    add_code(seller, P1, live_event_id="ev-2", enabled=False)
    add_code(seller, P2)
    add_code(rival, P2)
    assert [item.id for item in list_codes(seller, live_event_id="ev-1").items] == [own.id]
    assert len(list_codes(seller, enabled=False).items) == 1
    assert list_codes(seller, provider="nobody").items == []
    first = list_codes(marketplace.staff, limit=3)
    rest = list_codes(marketplace.staff, limit=3, cursor=first.next_cursor)
    assert (len(first.items), len(rest.items), rest.next_cursor) == (3, 1, None)


def test_permission_is_needed(seller: Actor) -> None:
    powerless = replace(seller, permissions=frozenset({"view_events"}))
    with pytest.raises(ForbiddenError):
        add_code(powerless, P1)
