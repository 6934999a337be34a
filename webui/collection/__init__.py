"""Pages about the collecting of events: how it goes, what was refused, what comes now, events of one's own."""
