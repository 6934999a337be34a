"""Secrets: encryption, blind indexes, password and key hashing."""
