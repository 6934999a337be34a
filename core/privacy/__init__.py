"""The consent ledger."""
