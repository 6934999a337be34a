"""What of an event's JSON the archive leaves out: fields about persons, click ids, the city, queries of addresses."""

from __future__ import annotations

PERSONAL_FIELDS = {"search_performed": ("query",), "zero_results": ("query",)}
"""Event → fields of its payload that say something about a person, as the registry of events marks them."""

# An address, whole or from its path on, as the text of a whole JSON string; \1 is what comes before query and fragment.
ADDRESS = r'"([a-z][a-z0-9+.-]*://(?:[^"\\?#]|\\.)*|/(?:[^"\\?#\s]|\\.)*)[?#](?:[^"\\]|\\.)*"'
# Fields that marketplaces marked themselves, in whichever version: what was marked once stays hidden.
OWN_PERSONAL_FIELDS = """
LEFT JOIN (
  SELECT c.tenant_id, c.name, array_agg(DISTINCT f.field ->> 'name') AS fields
  FROM custom_events c, jsonb_array_elements(c.fields) AS f(field) WHERE f.field ->> 'personal' = 'true' GROUP BY 1, 2
) o ON o.tenant_id = e.tenant_id AND o.name = e.event_name
"""


def context_kept(value: str) -> str:
    """SQL of the context without click ids, city and queries; ``value`` is its SQL."""
    return _without_queries(f"(({value}) - 'click_ids') #- ARRAY['geo', 'city']")


def payload_kept(value: str) -> str:
    """SQL of the payload without personal fields and queries, where `OWN_PERSONAL_FIELDS` is joined to the event."""
    known = " ".join(f"WHEN '{name}' THEN {_texts(fields)}" for name, fields in sorted(PERSONAL_FIELDS.items()))
    dropped = f"CASE e.event_name {known} ELSE coalesce(o.fields, {_texts(())}) END"
    return _without_queries(f"({value}) - {dropped}")


def _without_queries(value: str) -> str:
    return f"""(regexp_replace(({value})::text, '{ADDRESS}', '"\\1"', 'gi'))::jsonb"""


def _texts(names: tuple[str, ...]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"ARRAY[{quoted}]::text[]"
