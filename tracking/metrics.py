"""Prometheus metrics of the edge."""

from prometheus_client import Counter, Histogram

COLLECTED = Counter("adrail_collected_events_total", "Events answered by the collector", ["outcome"])
INGESTED = Counter("adrail_ingested_events_total", "Events read from the stream", ["outcome"])
POISONED = Counter("adrail_poisoned_entries_total", "Stream entries set aside because they cannot be stored")
INGEST_BATCH_SECONDS = Histogram("adrail_ingest_batch_seconds", "Time to store one batch")
RELAYED = Counter("adrail_relayed_outbox_rows_total", "Outbox rows handed on", ["topic"])
