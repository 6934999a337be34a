"""How much of what browsers send arrives, for people and keys."""
