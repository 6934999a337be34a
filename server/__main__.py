"""`python -m server` is the `adrail` command."""

from server.cli import main

main()
