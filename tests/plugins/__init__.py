"""Tests of the platform plugins."""
