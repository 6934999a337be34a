"""Database foundation: models' base, column classification, sessions, roles and migrations."""
