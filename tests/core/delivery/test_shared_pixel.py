"""Two organisers with one pixel id: an agency's for both, or entered by one who wants to look at the other."""

from __future__ import annotations

import uuid

from core.accounts.api import tenant_view
from core.delivery.api import delivery_detail, delivery_log
from tests.core.delivery.world import World


def copy_pixel(world: World, victim: str, copier: str, **data: object) -> None:
    """Let one organiser enter the other's pixel id, with an older code than the other's."""
    world.pixels[copier] = world.pixels[victim]
    world.add_code(copier, **data)


def event_ids(world: World) -> dict[str, str]:
    namespace = tenant_view(world.tenant_id).uuid_namespace
    return {name: str(uuid.uuid5(namespace, f"A-1|order_completed|{name}")) for name in ("org-1", "org-2")}


def test_a_copied_pixel_id_shows_nothing_of_the_other_organisers_sales(bare_world: World) -> None:
    bare_world.add_code("org-1")
    copy_pixel(bare_world, "org-1", "org-2")
    bare_world.plan(bare_world.order())
    for name, live_event in (("org-1", "ev-1"), ("org-2", "ev-3")):
        actor = bare_world.marketplace.organizer(name)
        (seen,) = delivery_log(actor).items
        assert [item["live_event_id"] for item in delivery_detail(actor, seen.id).items] == [live_event]
        assert seen.platform_event_id == event_ids(bare_world)[name]


def test_a_copied_pixel_id_does_not_keep_the_owners_conversions_from_leaving(bare_world: World) -> None:
    bare_world.pixels["org-2"] = "100000000000042"
    bare_world.add_code("org-1", settings={"pixel_id": bare_world.pixels["org-2"], "access_token": ""})
    bare_world.add_code("org-2")
    bare_world.plan(bare_world.order())
    bare_world.deliver()
    (sent,) = bare_world.received("org-2")
    assert sent["event_id"] == event_ids(bare_world)["org-2"]
    assert float(sent["custom_data"]["value"]) == 90.0
