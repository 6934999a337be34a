"""Tests of marketplaces, staff, keys and the audit log."""
