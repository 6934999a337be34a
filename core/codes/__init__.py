"""Tracking codes, the fallback resolver and the canonical conversion map."""
