"""The command group: processes, administration and the plugins' own commands."""

from __future__ import annotations

from typing import Any

import click

from core.config import ConfigError
from core.errors import DomainError
from server.cli import (
    access,
    administration,
    archive,
    audit,
    events,
    imports,
    keys,
    operations,
    payments,
    processes,
    users,
)


class Group(click.Group):
    """Finds plugins' commands when they are asked for, and turns known errors into one readable message."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our commands and those of plugins, by name."""
        return sorted({*super().list_commands(ctx), *self._plugin_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; a plugin cannot replace one of ours."""
        return super().get_command(ctx, cmd_name) or self._plugin_commands().get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        import redis  # noqa: PLC0415 - `adrail --help` must not load the servers' clients
        from sqlalchemy.exc import OperationalError  # noqa: PLC0415

        from core.db.roles import RoleError  # noqa: PLC0415
        from core.embedded.errors import EmbeddedServerError  # noqa: PLC0415
        from core.registry import PluginError  # noqa: PLC0415
        from core.security.crypto import DecryptionError  # noqa: PLC0415

        try:
            return super().invoke(ctx)
        except DomainError as exc:
            lines = [exc.detail, *(f"  {item.pointer}: {item.message}" for item in exc.errors)]
            raise click.ClickException("\n".join(lines)) from None
        except OperationalError as exc:
            raise click.ClickException(f"PostgreSQL cannot be used: {exc.orig}\nCheck DATABASE_URL.") from None
        except redis.ConnectionError as exc:
            raise click.ClickException(f"Valkey cannot be used: {exc}\nCheck REDIS_URL.") from None
        except ConfigError as exc:
            hint = 'Of what `adrail up` runs you get them with: eval "$(adrail env)"'
            missing = "DATABASE_URL: must be set" in str(exc)
            raise click.ClickException(f"{exc}\n{hint}" if missing else str(exc)) from None
        except (DecryptionError, EmbeddedServerError, PluginError, RoleError) as exc:
            raise click.ClickException(str(exc)) from None

    def _plugin_commands(self) -> dict[str, click.Command]:
        """Commands of plugins; a broken plugin must not break `adrail --help`, starting a process reports it."""
        from core.registry import PluginError, registry  # noqa: PLC0415

        try:
            answers = registry().call("register_commands", read=_commands)
        except PluginError as exc:
            click.echo(f"warning: {exc}", err=True)
            return {}
        return {name: item for answer in answers for name, item in answer.items()}


def _commands(answer: Any) -> dict[str, click.Command]:
    offered = {item.name: item for item in answer}
    if not all(name and isinstance(item, click.Command) for name, item in offered.items()):
        raise TypeError("register_commands must return named click commands")
    return offered


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="adrail-server", prog_name="adrail")
def main() -> None:
    """First-party event and advertising rail for ticketing marketplaces.

    \b
    Start here:
      adrail up --demo --sandbox      everything on this machine, with a demo marketplace
      adrail config                   the settings in force, secrets hidden
    """


for part in (processes, administration, access, users, keys, payments, audit, events, imports, archive, operations):
    for command in part.COMMANDS:
        main.add_command(command)
