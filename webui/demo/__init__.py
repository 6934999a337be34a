"""The demo marketplace under /demo: a small ticket shop that shows what adrail does on a real page."""
