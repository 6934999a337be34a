"""Pages of the catalogue: browsing and editing what is sold."""
