"""Conversion outbox, dispatch, retries, ledger and the delivery log."""
