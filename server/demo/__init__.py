"""The demo marketplace: deterministic content and its seeding."""
