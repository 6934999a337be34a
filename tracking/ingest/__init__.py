"""Ingest: from the stream into the event store, in one transaction per batch."""
