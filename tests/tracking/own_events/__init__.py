"""Tests of `tracking.own_events`."""
