"""What the archive leaves out: whatever tells or could tell who somebody was."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb

from core.catalog.api import forget_in_archive, upsert_persons
from core.db.base import PrivacyClass
from core.db.session import maintainer_session, tenant_session
from core.events.api import (
    add_own_event,
    restore_month,
)
from core.events.archive_columns import TREATMENTS
from core.events.archive_jobs import run
from core.events.archive_redaction import PERSONAL_FIELDS
from core.events.models import TrackingEvent
from tests.core.events.archiving import (
    Admin,
    files,
    later,
    months_ago,
    store_old,
    stored,
    tenant_month,
)
from tests.marketplace import Marketplace
from tests.tracking.events import event
from tracking.registry import registry
from tracking.registry.own import forget_own_events


def test_the_files_name_nobody(marketplace: Marketplace, admin_connection: Admin, place: Path) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        upsert_persons(session, marketplace.tenant_id, [{"external_id": "customer-77"}])
    when = (months_ago(26).start + timedelta(days=3)).isoformat()
    own = event("person_identified", visitor_id="visitor-1", person_id="customer-77", occurred_at=when)
    store_old(marketplace, [own], trusted=True)
    run()
    (file,) = files(place, marketplace)
    reader = duckdb.connect().execute(f"SELECT * FROM read_parquet('{file}')")
    columns = {str(column[0]) for column in reader.description or ()}
    text = str(reader.fetchall())
    for secret in ("customer-77", "visitor-1", own["session_id"], "gclid"):
        assert secret not in text
    assert not {"visitor_id", "session_id", "person_id", "person_external_id", "client_network"} & columns
    refs = admin_connection.execute("SELECT person_ref::text FROM persons WHERE external_id = 'customer-77'").fetchone()
    found = duckdb.connect().execute(f"SELECT person_ref FROM read_parquet('{file}')").fetchall()
    assert found == [refs]


def test_the_files_keep_nothing_that_was_typed_or_linked_about_a_person(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        fields = [{"name": "who", "type": "text", "personal": True}, {"name": "row", "type": "text"}]
        add_own_event(
            session, marketplace.tenant_id, name="custom.asked", version=1, description="Somebody asked.",
            sources=["web"], scope="tenant", fields=fields, example={},
        )  # fmt: skip
    forget_own_events()
    when = (months_ago(26).start + timedelta(days=3)).isoformat()
    context = {
        "page": {
            "url": "https://shop.example/x?mail=ana%40one.example#ana-two",
            "path": '/a"b\\c?three=ana',
            "title": "Why?",
        },
        "referrer": "HTTPS://mail.example?four=ana",
        "utm": {"source": "letter"},
    }
    told = [
        event("search_performed", payload={"query": "ana five", "result_count": 3}, context=context, occurred_at=when),
        event("custom.asked", payload={"who": "ana six", "row": "B / 2?"}, occurred_at=when),
    ]
    store_old(marketplace, told)
    admin_connection.execute(
        "UPDATE tx_events SET context = context || jsonb_build_object('geo', jsonb_build_object("
        "'city', 'Sighet-ana', 'region', 'Maramures')) WHERE event_name = 'search_performed'"
    )
    run()
    (file,) = files(place, marketplace)
    rows = (
        duckdb.connect().execute(f"SELECT context, payload FROM read_parquet('{file}') ORDER BY event_name").fetchall()
    )
    assert "ana" not in str(rows)
    kept = {
        "page": {"url": "https://shop.example/x", "path": '/a"b\\c', "title": "Why?"},
        "referrer": "HTTPS://mail.example",
        "utm": {"source": "letter"},
        "geo": {"region": "Maramures"},
    }
    assert [json.loads(payload) for _, payload in rows] == [{"row": "B / 2?"}, {"result_count": 3}]
    assert json.loads(rows[1][0]) == kept
    assert sum(restore_month(tenant_month(marketplace, 26), later())) == 2


def test_every_field_that_the_registry_calls_personal_stays_out_of_the_archive() -> None:
    assert {spec.name: spec.pii for spec in registry().all() if spec.pii} == PERSONAL_FIELDS


def test_who_is_forgotten_is_nobody_in_restored_history(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        made = upsert_persons(session, marketplace.tenant_id, [{"external_id": name} for name in ("c-1", "c-2")])
    start = months_ago(26).start
    told = [
        event("person_identified", visitor_id=f"v-{name}", session_id=f"s-{name}", person_id=name,
              occurred_at=(start + timedelta(days=2, hours=hour)).isoformat())
        for hour, name in enumerate(("c-1", "c-2"))
    ]  # fmt: skip
    store_old(marketplace, told, trusted=True)
    run()
    with maintainer_session() as session:
        erased = [made[0].named_id or 0]
        forget_in_archive(session, marketplace.tenant_id, persons=erased, visitors=["v-c-1"], sessions=["s-c-1"])
    sum(restore_month(tenant_month(marketplace, 26), later()))
    who = {
        (row["person_external_id"], row["person_id"], row["visitor_id"], row["session_id"])
        for row in stored(admin_connection, marketplace)
    }
    assert who == {(None, None, None, None), ("c-2", made[1].person_id, "v-c-2", "s-c-2")}


def test_every_column_that_may_single_somebody_out_has_a_declared_treatment() -> None:
    delicate = {
        column.name for column in TrackingEvent.__table__.columns if column.info["privacy"].cls is not PrivacyClass.NONE
    }
    assert delicate == set(TREATMENTS), "say in TREATMENTS what the archive keeps of it"
