"""Tests of live events, orders and persons."""
