"""Lists of the catalogue at full size: 100,000 live events with their ticket types, venues, artists and genres."""

from __future__ import annotations

from tests.bench.list_cases import ListCase, ListSource

# Words of very different frequency: some in every third title, some in one of thousands.
WORDS = b"""(ARRAY['night','live','festival','open air','jazz','rock','opera','teatru','\xc8\x99apte','stele',
  'moonlight','castle','delta','acoustic','tribute','symphony','comedy','swing','poetry','winter'])"""

FILL = (
    b"""INSERT INTO organizers (tenant_id, external_id, slug, name)
    SELECT %(tenant)s, 'bo-' || n, 'bo-' || n, 'Organiser ' || n FROM generate_series(1, 2000) n""",
    b"""INSERT INTO venues (tenant_id, external_id, name, city, country, capacity)
    SELECT %(tenant)s, 'bv-' || n, 'Venue ' || n || ' ' || """ + WORDS + b"""[1 + n %% 20], 'City ' || n %% 150, 'RO', n
    FROM generate_series(1, 5000) n""",
    b"""INSERT INTO genres (tenant_id, external_id, name)
    SELECT %(tenant)s, 'bg-' || n, 'Genre ' || n FROM generate_series(1, 200) n""",
    b"""INSERT INTO artists (tenant_id, external_id, name, country)
    SELECT %(tenant)s, 'ba-' || n, 'Artist ' || md5(n::text), 'RO' FROM generate_series(1, 20000) n""",
    b"""INSERT INTO artist_genres (tenant_id, artist_id, genre_id)
    SELECT a.tenant_id, a.id, g.id FROM artists a JOIN genres g ON g.external_id = 'bg-' || (1 + a.id %% 200)
    WHERE a.tenant_id = %(tenant)s AND g.tenant_id = %(tenant)s AND a.external_id LIKE 'ba-%%'""",
    b"""INSERT INTO live_events (tenant_id, external_id, organizer_id, venue_id, slug, title, starts_at, status,
      currency, price_from, price_to, translations)
    SELECT %(tenant)s, 'be-' || n, o.id, v.id, 'be-' || n,
      initcap(""" + WORDS + b"""[1 + n %% 3] || ' ' || """ + WORDS + b"""[1 + n %% 20] || ' ' || left(md5(n::text), 6)),
      now() + (n - 20000) * interval '10 minutes',
      (ARRAY['on_sale','on_sale','on_sale','draft','sold_out','cancelled'])[1 + n %% 6], 'RON', 50, 200,
      jsonb_build_object('ro', jsonb_build_object('title', 'Seara ' || left(md5(n::text), 6)))
    FROM generate_series(1, 100000) n
    JOIN organizers o ON o.tenant_id = %(tenant)s AND o.external_id = 'bo-' || (1 + n %% 2000)
    JOIN venues v ON v.tenant_id = %(tenant)s AND v.external_id = 'bv-' || (1 + n %% 5000)""",
    b"""INSERT INTO live_event_genres (tenant_id, live_event_id, genre_id)
    SELECT e.tenant_id, e.id, g.id FROM live_events e JOIN genres g ON g.external_id = 'bg-' || (1 + e.id %% 200)
    WHERE e.tenant_id = %(tenant)s AND g.tenant_id = %(tenant)s AND e.external_id LIKE 'be-%%'""",
    b"""INSERT INTO live_event_artists (tenant_id, live_event_id, artist_id)
    SELECT e.tenant_id, e.id, a.id FROM live_events e JOIN artists a ON a.external_id = 'ba-' || (1 + e.id %% 20000)
    WHERE e.tenant_id = %(tenant)s AND a.tenant_id = %(tenant)s AND e.external_id LIKE 'be-%%'""",
    b"""INSERT INTO ticket_types (tenant_id, external_id, live_event_id, name, category, price, quota)
    SELECT e.tenant_id, e.external_id || '-' || kind, e.id, kind, kind, 100, 500
    FROM live_events e CROSS JOIN unnest(ARRAY['GA','VIP']) kind
    WHERE e.tenant_id = %(tenant)s AND e.external_id LIKE 'be-%%'""",
)  # fmt: skip
TABLES = (
    "organizers",
    "venues",
    "genres",
    "artists",
    "artist_genres",
    "live_events",
    "live_event_genres",
    "live_event_artists",
    "ticket_types",
    "catalog_words",
)

API = "/api/v1/catalog"
SEARCHES = {"common": "nig", "rare": "moonlight 3a", "accents": "sapte", "none": "xyzzy", "all": "be", "id": "be-77777"}
LIVE_EVENTS = {
    "first": "",
    "upcoming": "?upcoming=true",
    "status": "?status=cancelled",
    "organizer": "?organizer_id=bo-77",
    "venue": "?venue_id=bv-77",
    "genre": "?genre_id=bg-7",
    "artist": "?artist_id=ba-7",
    "everything": "?upcoming=true&status=on_sale&genre_id=bg-7&search=live",
    **{f"search_{name}": f"?search={text}" for name, text in SEARCHES.items()},
}
CASES = (
    *(ListCase(f"live_events_{name}", f"{API}/live-events{query}") for name, query in LIVE_EVENTS.items()),
    ListCase("live_events_deep", f"{API}/live-events?limit=200", deep=True),
    *(
        ListCase(f"{kind}_{name}", f"{API}/{kind}{query}")
        for kind in ("organizers", "venues", "artists", "genres", "ticket-types")
        for name, query in {"first": "", "search": "?search=b", "search_rare": "?search=zz9"}.items()
    ),
    ListCase("venues_city", f"{API}/venues?city=City 7"),
    ListCase("artists_genre", f"{API}/artists?genre_id=bg-7"),
    ListCase("ticket_types_live_event", f"{API}/ticket-types?live_event_id=be-500"),
    ListCase("ticket_types_category", f"{API}/ticket-types?category=VIP"),
    ListCase("page_live_events", "/live-events/", page=True),
    ListCase("page_live_events_all", "/live-events/?when=all", page=True),
    ListCase("page_live_events_search", "/live-events/?search=moonlight 3a", page=True),
    ListCase("page_live_events_status", "/live-events/?status=cancelled", page=True),
    *(
        ListCase(f"page_{kind}{'_search' if query else ''}", f"/catalog/{kind}/{query}", page=True)
        for kind in ("venues", "artists", "genres", "organizers", "ticket-types")
        for query in ("", "?search=b")
    ),
    ListCase("page_live_event", "/catalog/live-events/show/be-500", page=True),
    ListCase("picker_live_events", "/catalog/pick/live-events?field=live_event_id&search=moon", page=True),
    ListCase("picker_venues", "/catalog/pick/venues?field=venue_id&search=venue 7", page=True),
)
SOURCE = ListSource("catalogue", FILL, TABLES, CASES)
