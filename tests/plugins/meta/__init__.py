"""Tests of the Meta plugin."""
