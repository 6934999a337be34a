"""The edge: collector, ingest, tracking-config and snippets."""
