"""Pages of the web UI and the demo marketplace."""
