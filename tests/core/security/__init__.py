"""Tests of encryption and keys."""
