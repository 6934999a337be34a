"""Feature definitions and engines."""
