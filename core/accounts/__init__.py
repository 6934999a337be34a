"""Marketplaces, organisers, users, keys and the audit log."""
