"""Tests of payments and their webhooks."""
