"""Platform accounts, their state and their encrypted credentials."""
