"""Catalogues of translations: kept up to date, and checked."""
