"""Tests of the domain and foundation."""
