"""Tests of the conformance kit: a plugin that keeps every rule, and plugins that break one each."""
