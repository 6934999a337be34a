"""Attacks: on other marketplaces' and organisers' data, on the parsers of requests, on the pages of people."""
