"""Tests of `tracking.live`."""
