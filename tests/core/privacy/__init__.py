"""Tests of the consent ledger."""
