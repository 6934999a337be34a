"""Lists of orders and persons at full size: 1 M persons, 3 M orders, one organiser with a tenth of them."""

from __future__ import annotations

from tests.bench.list_cases import ListCase, ListSource

# Organiser bo-1 sells a tenth of everything, the others share the rest. Every thousandth order was charged back.
FILL = (
    b"""INSERT INTO persons (tenant_id, external_id, email_index, phone_index)
    SELECT %(tenant)s, 'bp-' || n, sha256(('mail' || n)::bytea), sha256(('phone' || n)::bytea)
    FROM generate_series(1, 1000000) n""",
    b"""INSERT INTO person_traits (tenant_id, person_id, city, country, age_band, gender)
    SELECT tenant_id, id, 'City ' || id %% 150, 'RO', '25-34', 'female'
    FROM persons WHERE tenant_id = %(tenant)s AND external_id LIKE 'bp-%%'""",
    b"""INSERT INTO orders (tenant_id, external_id, person_id, status, currency, gross, net, placed_at)
    SELECT %(tenant)s, 'bo-' || n, first + n %% 1000000,
      CASE WHEN n %% 1000 = 0 THEN 'charged_back' WHEN n %% 100 = 1 THEN 'cancelled'
           WHEN n %% 50 = 2 THEN 'partially_refunded' WHEN n %% 33 = 3 THEN 'refunded' ELSE 'completed' END,
      'RON', 180, 150, now() - n * interval '20 seconds'
    FROM generate_series(1, 3000000) n,
      (SELECT min(id) AS first FROM persons WHERE tenant_id = %(tenant)s AND external_id LIKE 'bp-%%') p""",
    b"""WITH numbered AS (
      SELECT id, organizer_id, row_number() OVER (ORDER BY id) - 1 AS place
      FROM live_events WHERE tenant_id = %(tenant)s
    ), placed AS (
      SELECT o.*, o.id %% total AS place FROM orders o, (SELECT count(*) AS total FROM numbered) t
      WHERE o.tenant_id = %(tenant)s AND o.external_id LIKE 'bo-%%'
    ), big AS (
      SELECT e.id, e.organizer_id FROM live_events e JOIN organizers o ON o.id = e.organizer_id
      WHERE o.tenant_id = %(tenant)s AND o.external_id = 'bo-1' ORDER BY e.id LIMIT 1
    )
    INSERT INTO order_items (tenant_id, order_id, line, live_event_id, organizer_id, quantity, unit_price, placed_at)
    SELECT o.tenant_id, o.id, '1', coalesce(b.id, e.id), coalesce(b.organizer_id, e.organizer_id), 2, 90, o.placed_at
    FROM placed o JOIN numbered e USING (place) LEFT JOIN big b ON o.id %% 10 = 0""",
    b"""INSERT INTO person_duplicates (tenant_id, person_id, other_id, reason)
    SELECT %(tenant)s, first + n, first + n + 1, 'email' FROM generate_series(1, 99999, 2) n,
      (SELECT min(id) AS first FROM persons WHERE tenant_id = %(tenant)s AND external_id LIKE 'bp-%%') p""",
)  # fmt: skip
TABLES = ("persons", "person_traits", "person_duplicates", "orders", "order_items")

ORDERS = {
    "all": "",
    "state": "status=refunded",
    "rare state": "status=charged_back",
    "organiser": "organizer=bo-77",
    "big organiser": "organizer=bo-1",
    "big organiser, rare state": "organizer=bo-1&status=charged_back",
    "organiser, state": "organizer=bo-77&status=refunded",
    "live event": "live_event=be-500",
    "period": "period=30",
    "person": "person=bp-4711",
    "number": "search=bo-1234567",
    "unknown number": "search=bo-99999999",
}
PERSONS = {
    "all": "",
    "id": "search=bp-4711",
    "e-mail": "search=nobody%40example.com",
    "number": "search=%2B40712345678",
}
CASES = (
    *(ListCase(f"orders page, {name}", f"/orders/?{query}", page=True) for name, query in ORDERS.items()),
    *(ListCase(f"persons page, {name}", f"/persons/?{query}", page=True) for name, query in PERSONS.items()),
    ListCase("duplicates page", "/persons/duplicates", page=True),
    ListCase("order page", "/orders/bo-1234567", page=True),
    ListCase("person page", "/persons/bp-4711", page=True),
    ListCase("orders, page two", "/api/v1/orders?limit=200", deep=True),
    ListCase("orders of an organiser, page two", "/api/v1/orders?limit=200&organizer_id=bo-1", deep=True),
    ListCase("persons, page two", "/api/v1/persons?limit=200", deep=True),
)
SOURCE = ListSource("orders and persons", FILL, TABLES, CASES)
