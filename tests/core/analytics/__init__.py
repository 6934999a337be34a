"""Tests of dashboards' numbers."""
