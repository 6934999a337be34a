"""Chaos: visitors buy while a seeded adversary kills processes and breaks platforms; then everything must add up."""
