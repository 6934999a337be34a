"""The event store: keys, partitions, sessions, identity links, outbox."""
