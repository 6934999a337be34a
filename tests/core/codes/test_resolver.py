"""The resolver against an oracle that spells the rules out one by one, and the cases people ask about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.codes.resolver import Collapsed, OptOut, Place, ResolvableCode, decide, resolve, resolve_cart

PROVIDERS = ["alpha", "beta"]
PUBLIC_IDS = ["1", "2", "3"]
ORGANIZER_OF = {11: 1, 12: 1, 21: 2, 22: 2, 31: 3}
EVENT_PLACES = [Place(organizer, event) for event, organizer in ORGANIZER_OF.items()]
SLOTS = [
    (organizer, event, provider)
    for organizer, event in [(None, None), *((o, None) for o in (1, 2, 3)), *((o, e) for e, o in ORGANIZER_OF.items())]
    for provider in PROVIDERS
]


@st.composite
def code_sets(draw: st.DrawFn) -> list[ResolvableCode]:
    slots = draw(st.lists(st.sampled_from(SLOTS), unique=True))
    ids = draw(st.permutations(range(1, len(slots) + 1)))
    return [
        ResolvableCode(
            id=code_id,
            provider=provider,
            public_id=draw(st.sampled_from(PUBLIC_IDS)),
            enabled=draw(st.booleans()),
            organizer_id=organizer,
            live_event_id=event,
        )
        for code_id, (organizer, event, provider) in zip(ids, slots, strict=True)
    ]


def oracle(codes: list[ResolvableCode], places: list[Place]) -> set[int]:
    """The rules of the specification, each in its own words; nothing is shared with the resolver."""
    by_slot = {(code.organizer_id, code.live_event_id, code.provider): code for code in codes}
    wanted: list[ResolvableCode] = []
    for provider in PROVIDERS:
        of_marketplace = by_slot.get((None, None, provider))
        if of_marketplace is not None and of_marketplace.enabled:
            wanted.append(of_marketplace)
        for place in places:
            if place.organizer_id is None:
                continue
            default = by_slot.get((place.organizer_id, None, provider))
            own = default
            if place.live_event_id is not None:
                own = by_slot.get((place.organizer_id, place.live_event_id, provider), default)
            if own is not None and own.enabled:
                wanted.append(own)
    remaining = set()
    for code in wanted:
        rivals = [other for other in wanted if (other.provider, other.public_id) == (code.provider, code.public_id)]
        whole = [other for other in rivals if other.organizer_id is None]
        owners = [other for other in rivals if other.organizer_id == code.organizer_id]
        defaults = [other for other in owners if other.live_event_id is None]
        remaining.add(min((whole or defaults or owners), key=lambda other: other.id).id)
    return remaining


@given(code_sets(), st.lists(st.sampled_from([*EVENT_PLACES, Place(1), Place(2), Place()]), min_size=1, max_size=5))
def test_resolver_agrees_with_the_oracle(codes: list[ResolvableCode], places: list[Place]) -> None:
    assert {item.code.id for item in resolve_cart(codes, places)} == oracle(codes, places)


@given(code_sets(), st.sampled_from(EVENT_PLACES), st.randoms())
def test_result_does_not_depend_on_the_order_of_codes(
    codes: list[ResolvableCode], place: Place, random: object
) -> None:
    shuffled = sorted(codes, key=lambda code: (code.public_id, -code.id))
    assert decide(codes, [place]) == decide(shuffled, [place])


@given(code_sets(), st.lists(st.sampled_from(EVENT_PLACES), max_size=5))
def test_every_code_that_wins_is_accounted_for_exactly_once(codes: list[ResolvableCode], places: list[Place]) -> None:
    decision = decide(codes, places)
    told = [item.code.id for item in decision.resolutions]
    told += [item.code.id for item in decision.opt_outs]
    told += [item.code.id for item in decision.collapsed]
    assert len(told) == len(set(told))
    assert all(item.code.enabled for item in decision.resolutions)
    assert not any(item.code.enabled for item in decision.opt_outs)
    owned = [(item.code.destination, item.code.organizer_id) for item in decision.resolutions]
    assert len(owned) == len(set(owned))


@given(code_sets(), st.lists(st.sampled_from(EVENT_PLACES), min_size=2, max_size=4))
def test_a_cart_holds_what_its_pages_hold_up_to_equal_destinations(
    codes: list[ResolvableCode], places: list[Place]
) -> None:
    alone = {
        item.code.destination
        for place in places
        for item in resolve(codes, organizer_id=place.organizer_id, live_event_id=place.live_event_id)
    }
    assert {item.code.destination for item in resolve_cart(codes, places)} == alone


def code(
    code_id: int, *, organizer_id: int | None = None, live_event_id: int | None = None, enabled: bool = True
) -> ResolvableCode:
    return ResolvableCode(
        id=code_id,
        provider="alpha",
        public_id=str(code_id),
        enabled=enabled,
        organizer_id=organizer_id,
        live_event_id=live_event_id,
    )


def test_own_code_of_a_live_event_wins_over_the_default_and_says_so() -> None:
    default, own = code(1, organizer_id=1), code(2, organizer_id=1, live_event_id=11)
    (resolution,) = resolve([default, own], organizer_id=1, live_event_id=11)
    assert resolution.code == own
    assert resolution.won_because == "live_event_code"
    assert resolution.overrides == (default,)
    assert resolution.places == (Place(1, 11),)


def test_default_serves_the_other_live_events() -> None:
    default, own = code(1, organizer_id=1), code(2, organizer_id=1, live_event_id=11)
    (resolution,) = resolve([default, own], organizer_id=1, live_event_id=12)
    assert (resolution.code, resolution.won_because, resolution.overrides) == (default, "organizer_default", ())


def test_disabled_own_code_means_none_here_and_is_told_as_opt_out() -> None:
    default, own = code(1, organizer_id=1), code(2, organizer_id=1, live_event_id=11, enabled=False)
    decision = decide([default, own], [Place(1, 11)])
    assert decision.resolutions == ()
    assert decision.opt_outs == (OptOut(own, "live_event_code", (default,), (Place(1, 11),)),)


def test_marketplace_codes_are_on_every_page() -> None:
    whole = code(1)
    for place in (Place(), Place(1), Place(1, 11)):
        assert [item.code for item in resolve_cart([whole, code(2, organizer_id=9)], [place])] == [whole]


def test_organizer_page_takes_defaults_and_no_code_of_a_live_event() -> None:
    default, own = code(1, organizer_id=1), code(2, organizer_id=1, live_event_id=11)
    assert [item.code for item in resolve([default, own], organizer_id=1)] == [default]


def test_mixed_cart_resolves_every_organizer_once() -> None:
    first, second, whole = code(1, organizer_id=1), code(2, organizer_id=2), code(3)
    resolved = resolve_cart([first, second, whole], [Place(1, 11), Place(1, 12), Place(2, 21)])
    assert {item.code.id: item.places for item in resolved} == {
        1: (Place(1, 11), Place(1, 12)),
        2: (Place(2, 21),),
        3: (),
    }


def test_equal_destinations_collapse_into_the_marketplace_code() -> None:
    whole = ResolvableCode(id=5, provider="alpha", public_id="same", enabled=True)
    mine = ResolvableCode(id=1, provider="alpha", public_id="same", enabled=True, organizer_id=1)
    decision = decide([mine, whole], [Place(1, 11)])
    assert [item.code for item in decision.resolutions] == [whole]
    assert decision.collapsed == (Collapsed(mine, whole),)


def test_of_one_organizers_equal_destinations_the_default_speaks_for_all_their_places() -> None:
    own = ResolvableCode(id=1, provider="alpha", public_id="same", enabled=True, organizer_id=1, live_event_id=11)
    default = ResolvableCode(id=2, provider="alpha", public_id="same", enabled=True, organizer_id=1)
    decision = decide([own, default], [Place(1, 11), Place(1, 12)])
    assert [(item.code, set(item.places)) for item in decision.resolutions] == [
        (default, {Place(1, 11), Place(1, 12)}),
    ]
    assert decision.collapsed == (Collapsed(own, default),)


def test_who_copies_anothers_public_id_speaks_for_its_own_places_only() -> None:
    owner = ResolvableCode(id=2, provider="alpha", public_id="same", enabled=True, organizer_id=1)
    copier = ResolvableCode(id=1, provider="alpha", public_id="same", enabled=True, organizer_id=2)
    decision = decide([owner, copier], [Place(1, 11), Place(2, 21)])
    assert {item.code: item.places for item in decision.resolutions} == {
        owner: (Place(1, 11),),
        copier: (Place(2, 21),),
    }


def test_code_of_a_live_event_that_moved_to_another_organizer_is_silent() -> None:
    stray = code(1, organizer_id=1, live_event_id=21)
    assert resolve([stray], organizer_id=2, live_event_id=21) == []
