"""Every endpoint of the JSON API, found in the application itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from flask import Flask

PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
SAMPLES = {"external_id": "ev-1", "slug": "event-1", "name": "x", "provider": "x"}
QUERIES = {"GET /api/v1/persons/{external_id}/merge": "?merged=x"}


class Endpoint(NamedTuple):
    """One method of one path, as `GET /api/v1/keys/<int:key_id>`, and the function behind it."""

    method: str
    rule: str
    name: str

    def __str__(self) -> str:
        """Say it as documents do."""
        return f"{self.method} {self.plain}"

    @property
    def plain(self) -> str:
        """The path with `{name}` for what varies."""
        return PARAMETER.sub(lambda found: f"{{{found[1]}}}", self.rule)

    @property
    def sample(self) -> str:
        """A path that could be: numbers are 1; with the query that it cannot do without."""
        path = PARAMETER.sub(lambda found: SAMPLES.get(found[1], "1"), self.rule)
        return path + QUERIES.get(str(self), "")


def endpoints(app: Flask, prefix: str = "/") -> Iterator[Endpoint]:
    """Every method of every path under a prefix."""
    for rule in app.url_map.iter_rules():
        if str(rule.rule).startswith(prefix):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield Endpoint(method, str(rule.rule), rule.endpoint)
