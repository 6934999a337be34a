"""The PostgreSQL and Valkey that adrail runs itself, and the supervision of its own processes."""
