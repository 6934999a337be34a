"""Pages of tracking codes: list, form, one code, history, and what fires on a page."""
