"""Every endpoint, for everybody there can be, with every id of others: not found, nothing told, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse

from tests.marketplace import Marketplace, make_marketplace
from tests.process_state import use_environment
from tests.rounds import rounds
from tests.security.attack import (
    MET,
    READING,
    FormFields,
    Target,
    asks_to_sign_in,
    comparable,
    contents,
    described_names,
    difference,
    names_in,
    needed_query,
    no_such,
    on_path,
    readable,
    renewed,
    replaced,
    send,
    targets,
)
from tests.security.fingerprint import changes, fingerprint
from tests.security.prey import Looking, Prey, settle, settle_house, start_numbers
from tests.security.principals import Principal, principals
from tests.security.targets import FORMS, LOOKS_LIKE_ID, OWNERLESS, SHARED, SHARED_KINDS, kind_of

FIRST = {
    "own": 69_000_000_001,
    "house": 70_000_000_001,
    "sibling": 71_000_000_001,
    "foreign": 72_000_000_001,
    "later": 80_000_000_001,
}
RIGHTFUL = ("server key", "marketplace's admin", "organiser's owner")
MISFITS = ("server key", "marketplace's admin")
"""Keys on pages and people at the API are strangers; one of each is enough to see that."""

# One of each kind that sees something else; when it is to be proved, everybody reads everything.
READERS = (
    "anonymous", "write key", "server key", "organizer key", "marketplace's admin", "organiser's owner",
)  # fmt: skip
ASKED: set[tuple[str, str, str]] = set()


class AskedFor(ImmutableMultiDict[str, str]):
    """Query parameters and form fields; remembers which ones the application looks for."""

    def getlist(self, key: str, type: Any = None) -> Any:
        self._note(key)
        return super().getlist(key, type)

    def __getitem__(self, key: str) -> str:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(str(key))
        return super().__contains__(key)

    def _note(self, key: str) -> None:
        from flask import has_request_context, request

        if has_request_context() and request.url_rule is not None:
            ASKED.add((request.method, request.url_rule.rule, key))


class Listening(Request):
    """A request that notes what is looked for in it."""

    parameter_storage_class = AskedFor


@dataclass(slots=True)
class World:
    """Attackers with an organiser of their own, and three owners whose things are not theirs."""

    app: Flask
    looking: Looking
    targets: list[Target]
    own: Prey
    prey: list[Prey]
    attackers: list[Principal]
    home: Marketplace
    spares: list[Prey] = field(default_factory=list)

    def victims(self, who: Principal, target: Target) -> list[Prey]:
        """Whose things this attacker must not reach there; those treated alike take turns until it is proved."""
        shared = SHARED.fullmatch(target.rule.rule) is not None
        found = [item for item in self.prey if item.tenant_id != self.own.tenant_id or (who.organizer and not shared)]
        if not who.suits(target.is_api):
            return found[-1:] if who.name in MISFITS else []
        if who.name in READERS or rounds(0, 1):
            return found
        turn = self.targets.index(target) + self.attackers.index(who)
        return [] if turn % 6 else found[turn // 6 % len(found) :][:1]

    def ids(self, target: Target, own: Prey | None = None) -> dict[str, Any]:
        """Own ids for the places of a path."""
        return {name: (own or self.own).ids[kind] for name, kind in target.ids.items()}

    def owners(self) -> Iterator[Prey]:
        """Whose things the marketplace's people may use up: their own, then those of ever new organisers."""
        yield from (self.own, *self.spares[-1:])
        self.spares.append(settle(self.looking, self.home, f"homeword{len(self.spares)}"))
        yield self.spares[-1]


@pytest.fixture(scope="module")
def world(app: Flask, database: str) -> Iterator[World]:
    """Two marketplaces in which everything has happened."""
    app.request_class = Listening
    limits = {"ADRAIL_RATE_PER_VISITOR": "1000000000", "ADRAIL_RATE_PER_ADDRESS": "1000000000"}
    with psycopg.connect(database, autocommit=True) as looking, use_environment(**limits):
        endpoints = targets(app)
        start_numbers(looking, FIRST["own"])
        home = make_marketplace()
        # The demo shop is one marketplace's, and finds it by this name.
        looking.execute("UPDATE tenants SET slug = 'scena' WHERE id = %s", [home.tenant_id])
        own = settle(looking, home, "homeword")
        house = settle_house(looking, home, "houseword", first=FIRST["house"])
        sibling = settle(looking, home, "siblingword", first=FIRST["sibling"])
        start_numbers(looking, FIRST["foreign"])
        foreign = settle(looking, make_marketplace(), "foreignword", first=FIRST["foreign"])
        start_numbers(looking, FIRST["later"])
        attackers = list(principals(app, looking, home, "homeword"))
        yield World(app, looking, endpoints, own, [house, sibling, foreign], attackers, home)


def test_somebody_elses_id_in_a_path_is_answered_like_no_id_and_changes_nothing(world: World) -> None:
    findings: list[str] = []
    attacks = 0
    for target in (item for item in world.targets if item.ids):
        before = fingerprint(world.looking)
        for who in world.attackers:
            refusals: dict[str, TestResponse] = {}
            for prey in world.victims(who, target):
                for attack in on_path(world.app, target, world.own, prey):
                    attacks += 1
                    content = contents(target, world.own)[0]
                    query = needed_query(target, world.own)
                    answer = send(world.app, who, target, attack.theirs, content, query)
                    known = str(attack.nothing)
                    nothing = refusals.get(known) or send(world.app, who, target, attack.nothing, content, query)
                    refusals[known] = nothing
                    findings += [f"{who.name}: {attack.about}: {text}" for text in _told(answer, nothing, attack, prey)]
        findings += [f"{target.name} changed {name}" for name in changes(before, fingerprint(world.looking))]
    assert not findings, "\n".join(findings)
    assert attacks > 500


def _told(answer: Any, nothing: Any, attack: Any, prey: Prey) -> Iterator[str]:
    if answer.status_code not in {401, 403, 404} and not asks_to_sign_in(answer):
        yield f"answered {answer.status_code}"
    if other := difference(comparable(answer, attack.theirs), comparable(nothing, attack.nothing)):
        yield f"answered otherwise than for an id that nothing has: {other}"
    if traces := prey.traces(readable(answer, attack.theirs)):
        yield f"told {traces[:3]}"


def test_the_rightful_owner_is_answered_so_the_attacks_would_have_done_something(world: World) -> None:
    findings = []
    for target in sorted((item for item in world.targets if item.ids), key=_destroys):
        if target.rule.rule not in OWNERLESS and not any(_works(world, target, own) for own in world.owners()):
            findings += [f"{target.name}: {_refusals(world, target)}"]
    assert not findings, (
        "nobody gets a good answer about their own things; say in tests/security/targets.py what body or form it takes"
        " (BODIES, FORMS):\n" + "\n".join(findings)
    )


def _destroys(target: Target) -> bool:
    return target.method == "DELETE" or any(word in target.rule.rule for word in ("delete", "revoke", "pause"))


def _works(world: World, target: Target, own: Prey) -> bool:
    """Whether somebody is answered well about these things, which are their own."""
    return any(_good(answer) for answer in _own_answers(world, target, own))


def _own_answers(world: World, target: Target, own: Prey) -> Iterator[TestResponse]:
    suitable = [item for item in world.attackers if item.suits(target.is_api)]
    # Those who may do most come first: the first good answer is enough.
    for who in sorted(suitable, key=lambda item: item.name not in RIGHTFUL):
        content = contents(target, own)[0]
        if target.method == "POST" and not target.is_api:
            content = {**_untouched_form(world, who, target, own), **(content or {})}
        yield send(world.app, who, target, world.ids(target, own), content, needed_query(target, own))


def _untouched_form(world: World, who: Principal, target: Target, own: Prey) -> dict[str, list[str]]:
    """What stands in the form at the same address."""
    shown = [item for item in world.targets if item.rule.rule == target.rule.rule and item.method == "GET"]
    if not shown:
        return {}
    page = send(world.app, who, shown[0], world.ids(target, own)).get_data(as_text=True)
    return {name: value for name, value in FormFields(page).fields.items() if name != "csrf_token"}


def _good(answer: TestResponse) -> bool:
    return answer.status_code < 400 and not asks_to_sign_in(answer)


def _refusals(world: World, target: Target) -> str:
    answers = {item.status_code: item.get_data(as_text=True)[:300] for item in _own_answers(world, target, world.own)}
    return "; ".join(f"{status} {text!r}" for status, text in sorted(answers.items()))


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody gets to see at an address, with their own ids in it."""

    target: Target
    who: Principal
    answer: TestResponse


@pytest.fixture(scope="module")
def readings(world: World) -> list[Reading]:
    """Every address that can be read, read by everybody who has the right kind of credentials."""
    return [
        Reading(target, who, send(world.app, who, target, world.ids(target), None, needed_query(target, world.own)))
        for target in world.targets
        for who in world.attackers
        if target.method == "GET" and who.suits(target.is_api) and (who.name in READERS or rounds(0, 1))
    ]


def test_no_page_or_list_of_ones_own_shows_anything_of_others(world: World, readings: list[Reading]) -> None:
    findings = []
    for target, who, answer in ((item.target, item.who, item.answer) for item in readings):
        for prey in world.victims(who, target):
            if traces := prey.traces(readable(answer, {})):
                findings += [f"{who.name}: {target.name} tells {sorted(set(traces))[:3]} of {prey.mark}"]
        if answer.status_code >= 500:
            findings.append(f"{who.name}: {target.name} answers {answer.status_code}")
    assert not findings, "\n".join(findings)


def test_a_foreign_id_in_a_query_string_is_answered_like_no_id(world: World, readings: list[Reading]) -> None:
    by_rule = {target.rule.rule: target for target in world.targets if target.method == "GET"}
    asked = {(by_rule[rule], name) for method, rule, name in ASKED if method == "GET" and kind_of(rule, name)}
    findings = []
    for target, name in sorted(asked, key=lambda item: (item[0].name, item[1])):
        kind, ids = str(kind_of(target.rule.rule, name)), world.ids(target)
        for who in _chosen(readings, target):
            for prey in world.victims(who, target):
                if kind not in prey.ids or (kind in SHARED_KINDS and prey.tenant_id == world.own.tenant_id):
                    continue
                theirs, nothing = {name: str(prey.ids[kind])}, {name: str(no_such(prey.ids[kind]))}
                answer, empty = (send(world.app, who, target, ids, query=query) for query in (theirs, nothing))
                if other := difference(comparable(answer, theirs), comparable(empty, nothing)):
                    findings.append(f"{who.name}: {target.name} with {theirs}: {other}")
                if traces := prey.traces(readable(answer, theirs)):
                    findings.append(f"{who.name}: {target.name} with {theirs} tells {traces[:3]}")
    assert not findings, "\n".join(findings)


def _chosen(readings: list[Reading], target: Target) -> list[Principal]:
    """Who gets to see it at all; of those that are bound alike, the first are enough until it is to be proved."""
    seen = [item.who for item in readings if item.target == target and _good(item.answer)]
    bound = [[who for who in seen if who.organizer is organizer] for organizer in (True, False)]
    return [who for group in bound for who in group[: rounds(1, len(seen))]]


def test_a_foreign_id_in_a_body_or_form_is_answered_like_no_id_and_changes_nothing_of_theirs(world: World) -> None:
    findings: list[str] = []
    attacks = 0
    for target in (item for item in world.targets if item.method not in READING):
        ids = world.ids(target)
        for prey in world.prey:
            scope = {"tenant_id": prey.tenant_id} if prey.mark == "foreignword" else {"organizer_id": prey.organizer_id}
            before = fingerprint(world.looking, **scope)
            for who in (item for item in world.attackers if item.name in READERS or rounds(0, 1)):
                if prey not in world.victims(who, target):
                    continue
                for made in range(len(contents(target, world.own))):
                    content = contents(target, world.own)[made]
                    for theirs, nothing, put, no_put in replaced(content, target.rule.rule, world.own, prey):
                        attacks += 1
                        empty = send(world.app, who, target, ids, renewed(nothing))
                        answer = send(world.app, who, target, ids, renewed(theirs))
                        about = f"{who.name}: {target.name} with {put}"
                        if other := difference(comparable(answer, put), comparable(empty, no_put)):
                            findings.append(f"{about}: {other}")
                        if traces := prey.traces(readable(answer, put)):
                            findings.append(f"{about} told {traces[:3]}")
            changed = (
                changes(before, fingerprint(world.looking, **scope))
                if prey.organizer_id or "tenant_id" in scope
                else []
            )
            findings += [f"{target.name} changed {name} of {prey.mark}" for name in changed]
    assert not findings, "\n".join(findings)
    assert attacks > 50


def test_every_id_that_a_body_or_form_can_hold_is_attacked(world: World) -> None:
    document = world.app.test_client().get("/api/openapi.json").get_json()
    missing = []
    for target in world.targets:
        if target.is_api and target.method not in READING:
            used = {name for content in contents(target, world.own) for name in names_in(content)}
            for name in sorted(described_names(document, target)):
                if LOOKS_LIKE_ID.search(name) and kind_of(target.rule.rule, name) and name not in used:
                    missing += [f"{target.name} takes {name!r}"]
    for method, rule, name in sorted(ASKED):
        if method not in READING and LOOKS_LIKE_ID.search(name) and kind_of(rule, name):
            known = {key for make in FORMS.get(f"{method} {rule}", ()) for key in make(world.own)}
            if name not in known and not rule.startswith("/api/"):
                missing.append(f"{method} {rule} takes {name!r}")
    assert not missing, "add them to a body or form in tests/security/targets.py:\n" + "\n".join(missing)


def test_methods_that_an_endpoint_does_not_have_are_refused(world: World) -> None:
    admin = world.attackers[-2]
    rules: dict[str, set[str]] = {}
    for target in world.targets:
        rules.setdefault(target.path(world.app, world.ids(target)), set()).add(target.method)
    findings = []
    for path, known in rules.items():
        for method in {"PUT", "DELETE", "TRACE"} - known:
            answer = admin.person.client.open(path, method=method, buffered=True)
            if answer.status_code not in {401, 403, 404, 405} and not asks_to_sign_in(answer):
                findings.append(f"{method} {path}: {answer.status_code}")
    assert not findings, "\n".join(findings)


def test_every_endpoint_is_met_by_keys_or_people_and_by_nobody(world: World) -> None:
    """What takes no id is asked without one; nothing that there is stays unmet, however few turns there are."""
    findings = []
    for target in world.targets:
        met = {who for name, who in MET if name == target.name}
        for who in world.attackers:
            usable = who.suits(target.is_api) and not (who.signs_in and target.method != "GET")
            if who.name not in READERS or who.name in met or not usable:
                continue
            answer = send(world.app, who, target, world.ids(target), {} if target.method not in READING else None)
            traces = [found for prey in world.victims(who, target) for found in prey.traces(readable(answer, {}))]
            if answer.status_code >= 500 or traces:
                findings.append(f"{who.name}: {target.name} answers {answer.status_code} {traces[:3]}")
    assert not findings, "\n".join(findings)
    met = {name for name, _ in MET}
    assert [target.name for target in world.targets if target.name not in met] == []
