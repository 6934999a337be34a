"""By which kind of channel somebody came: search, social, email, referral, paid, other; None for directly."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

import yaml

LONGEST_ENDING = 2
"""Labels after the name of a host that is known under any ending: ``co.uk`` is two."""
OTHER, REFERRAL = "other", "referral"


def channel_of(utm: Mapping[str, Any], click_ids: Iterable[str], host: str) -> str | None:
    """Judge an arrival by its campaign, then by its click ids, then by the host of the page before (empty: none).

    A campaign whose medium says nothing, without anything else, is ``other``.
    """
    return _channel(_word(utm, "medium"), _word(utm, "source"), frozenset(click_ids), host)


@functools.lru_cache(maxsize=8192)
def _channel(medium: str, source: str, click_ids: frozenset[str], host: str) -> str | None:
    known = _known()
    found = known["mediums"].get(medium) or known["sources"].get(source)
    if found:
        return found
    clicks = {known["clicks"][name] for name in click_ids if name in known["clicks"]}
    if clicks:
        return "paid" if "paid" in clicks else min(clicks)
    if host:
        return _channel_of_host(host)
    return OTHER if medium or source else None


def _channel_of_host(host: str) -> str:
    """The longest known end of a host's name decides: a search engine's mail service is no search."""
    hosts, labels = _known()["hosts"], host.lower().split(".")
    for start in range(len(labels)):
        found = hosts.get(".".join(labels[start:]))
        if found is None and 1 <= len(labels) - start - 1 <= LONGEST_ENDING:
            found = hosts.get(f"{labels[start]}.*")
        if found:
            return found
    return REFERRAL


def _word(utm: Mapping[str, Any], name: str) -> str:
    value = utm.get(name)
    return value.strip().lower() if isinstance(value, str) else ""


@functools.cache
def _known() -> dict[str, dict[str, str]]:
    """Each list of `channels.yaml` turned round: what is looked for → the channel."""
    raw = resources.files("core.events").joinpath("channels.yaml").read_text(encoding="utf-8")
    return {
        kind: {str(item): channel for channel, items in channels.items() for item in items}
        for kind, channels in yaml.safe_load(raw).items()
    }
