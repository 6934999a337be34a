"""What `adrail up` tells when everything runs: ready.json for programs, some lines for people."""

from __future__ import annotations

from typing import Any

import click

from server import local_state
from server.plan import Plan


def ready_facts(plan: Plan) -> dict[str, Any]:
    """Addresses and demo credentials; the demo marketplace is seeded when it is missing."""
    facts: dict[str, Any] = {
        "base_url": plan.base_url,
        "sandbox_url": plan.environment.get("ADRAIL_SANDBOX_URL"),
        "database_url": plan.database_url,
        "redis_url": plan.redis_url,
    }
    credentials = local_state.demo_credentials(plan.data_dir) if plan.demo else {}
    facts |= {name: credentials.get(name) for name in local_state.DEMO_FIELDS}
    slug = facts["demo_event_slug"]
    facts["demo_page_url"] = f"{plan.base_url}/demo/events/{slug}" if slug else None
    return facts


def announce(plan: Plan, ready: dict[str, Any]) -> None:
    """Tell a person where things are; passwords are printed the first time only."""
    click.secho(f"\nadrail is ready on {plan.base_url}", bold=True)
    click.echo(f"  data and logs   {plan.data_dir.root}")
    if ready["sandbox_url"]:
        click.echo(f"  sandbox         {ready['sandbox_url']}")
    if plan.demo:
        click.echo(f"  demo shop       {plan.base_url}/demo")
        click.echo(f"  web UI          {plan.base_url}/  as {ready['organizer_email']}")
        if local_state.first_showing(plan.data_dir, {name: ready[name] for name in local_state.DEMO_FIELDS}):
            click.echo(f"  password        {ready['organizer_password']}   (organiser)")
            click.echo(f"  admin           {ready['admin_email']}   {ready['admin_password']}")
            click.echo(f"  Shown once; they stay readable in {local_state.ready_path(plan.data_dir)} while this runs.")
    click.echo("Ctrl-C stops everything.")
