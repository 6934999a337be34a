"""Tests of the SDKs."""
