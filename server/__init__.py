"""Wiring: application factory, processes and command line; imported by nobody."""

from server.metric_files import name_files

name_files()
