"""Refused events: what is wrong with them, how to mend them, and taking them after all."""
