"""Tests of the tracking-config endpoints."""
