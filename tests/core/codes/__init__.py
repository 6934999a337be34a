"""Tests of tracking codes."""
