"""Tests of the Python plugin kit."""
