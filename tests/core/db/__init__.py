"""Tests of migrations, roles and row-level security."""
