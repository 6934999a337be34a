"""Pages of the delivery log: what was sent, what the platform said, why not."""
