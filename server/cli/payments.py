"""Commands for the webhooks of payment providers."""

from __future__ import annotations

import sys
from datetime import timedelta

import click


@click.group()
def payments() -> None:
    """Manage the webhooks of a marketplace's payment providers.

    \b
    Example:
      adrail payments show scena
    """


@payments.command("show")
@click.argument("tenant")
def payments_show(tenant: str) -> None:
    """List providers: address, secret, when the last webhook came, what waits for its order.

    \b
    Example:
      adrail payments show scena
    """
    from core.accounts.api import Actor, tenant_with_slug  # noqa: PLC0415
    from core.payments.api import list_endpoints  # noqa: PLC0415

    for item in list_endpoints(Actor.system(tenant_with_slug(tenant), "cli")):
        click.echo(f"{item.provider}  {item.address}")
        if item.secret_set_at is None:
            click.echo("  not set up: `adrail payments set-secret` stores its signing secret")
            continue
        click.echo(f"  secret set {item.secret_set_at:%Y-%m-%d %H:%M}")
        if item.previous_until:
            click.echo(f"  the one before counts until {item.previous_until:%Y-%m-%d %H:%M}")
        last = f"{item.last_received_at:%Y-%m-%d %H:%M}" if item.last_received_at else "never"
        click.echo(f"  last webhook {last}; {item.received} in all, {item.unused} of no interest")
        click.echo(f"  waiting for their order: {item.waiting}, expired: {item.expired}")
        if item.last_refused_at:
            click.echo(f"  last refused for its signature {item.last_refused_at:%Y-%m-%d %H:%M}")
        if item.problem and item.problem_at:
            click.echo(f"  not understood {item.problem_at:%Y-%m-%d %H:%M}: {item.problem}")


@payments.command("set-secret")
@click.argument("tenant")
@click.argument("provider")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="How long the secret before goes on counting; 0 ends it at once.",
)
def payments_set_secret(tenant: str, provider: str, overlap_hours: int) -> None:
    """Store a provider's signing secret, read from standard input or asked for; it is never shown again.

    \b
    Example:
      adrail payments set-secret scena stripe < secret.txt
    """
    from core.accounts.api import Actor, tenant_with_slug  # noqa: PLC0415
    from core.payments.api import set_secret  # noqa: PLC0415

    actor = Actor.system(tenant_with_slug(tenant), "cli")
    asked = sys.stdin.isatty()
    value = str(click.prompt("Signing secret", hide_input=True)) if asked else sys.stdin.readline()
    made = set_secret(actor, provider, value.strip(), overlap=timedelta(hours=overlap_hours))
    click.echo(f"stored; {made.name} sends to {made.address}")
    if made.previous_until:
        click.echo(f"the secret before counts until {made.previous_until:%Y-%m-%d %H:%M}", err=True)


@payments.command("end-previous")
@click.argument("tenant")
@click.argument("provider")
def payments_end_previous(tenant: str, provider: str) -> None:
    """End the secret that was replaced, before its time.

    \b
    Example:
      adrail payments end-previous scena stripe
    """
    from core.accounts.api import Actor, tenant_with_slug  # noqa: PLC0415
    from core.payments.api import end_previous  # noqa: PLC0415

    end_previous(Actor.system(tenant_with_slug(tenant), "cli"), provider)
    click.echo("only the newest secret counts")


@payments.command("disconnect")
@click.argument("tenant")
@click.argument("provider")
def payments_disconnect(tenant: str, provider: str) -> None:
    """Forget a provider's secrets: its webhooks are refused from now on, what it reported stays.

    \b
    Example:
      adrail payments disconnect scena stripe
    """
    from core.accounts.api import Actor, tenant_with_slug  # noqa: PLC0415
    from core.payments.api import disconnect  # noqa: PLC0415

    disconnect(Actor.system(tenant_with_slug(tenant), "cli"), provider)
    click.echo(f"webhooks of {provider} are refused from now on")


@payments.command("waiting")
@click.argument("tenant")
def payments_waiting(tenant: str) -> None:
    """List payments whose order is not known: provider, what happened, order, amount, when.

    \b
    Example:
      adrail payments waiting scena
    """
    from core.accounts.api import Actor, tenant_with_slug  # noqa: PLC0415
    from core.payments.api import list_open  # noqa: PLC0415

    actor, cursor = Actor.system(tenant_with_slug(tenant), "cli"), None
    while True:
        page = list_open(actor, limit=200, cursor=cursor)
        for item in page.items:
            order = item.order_external_id or "(none named)"
            state = "expired" if item.expired else "waiting"
            click.echo(
                f"{state:<8} {item.provider:<10} {item.kind:<18} {item.payment_reference:<30} {order:<24} "
                f"{item.amount} {item.currency}  {item.occurred_at:%Y-%m-%d %H:%M}"
            )
        cursor = page.next_cursor
        if cursor is None:
            break


COMMANDS = (payments,)
