"""Wiring: application factory, processes and command line; imported by nobody."""
