"""Payments: what payment providers report, matched with orders and told as tracking events."""
