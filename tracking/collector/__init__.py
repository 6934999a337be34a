"""The collector: takes events from browsers, backends and devices, and answers before any database work."""
