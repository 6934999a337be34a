"""Live events, venues, ticket types, persons and orders."""
