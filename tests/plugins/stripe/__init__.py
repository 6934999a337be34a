"""Tests of the Google Analytics 4 plugin."""
