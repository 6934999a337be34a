"""Tests of the application, its processes and its command line."""
