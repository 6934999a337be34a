"""Tests of the embedded servers and of process supervision, with real servers."""
