"""Tests of `tracking.rejected`."""
