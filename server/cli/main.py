"""The command group: processes, administration and the plugins' own commands."""

from __future__ import annotations

import sys
from typing import Any

import click

from core.config import ConfigError
from core.errors import DomainError
from server.cli import administration, processes


class Group(click.Group):
    """Turns known errors into one readable message and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        from core.db.roles import RoleError  # noqa: PLC0415 - `adrail --help` must not load the database layer
        from core.embedded.errors import EmbeddedServerError  # noqa: PLC0415
        from core.registry import PluginError  # noqa: PLC0415

        try:
            return super().invoke(ctx)
        except DomainError as exc:
            lines = [exc.detail, *(f"  {item.pointer}: {item.message}" for item in exc.errors)]
            raise click.ClickException("\n".join(lines)) from None
        except (ConfigError, EmbeddedServerError, PluginError, RoleError) as exc:
            raise click.ClickException(str(exc)) from None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="adrail-server", prog_name="adrail")
def main() -> None:
    """First-party event and advertising rail for ticketing marketplaces.

    \b
    Start here:
      adrail up --demo --sandbox      everything on this machine, with a demo marketplace
      adrail config                   the settings in force, secrets hidden
    """


for command in (*processes.COMMANDS, *administration.COMMANDS):
    main.add_command(command)


def _add_plugin_commands() -> None:
    """Commands of plugins; a broken plugin must not break `adrail --help`, starting a process reports it."""
    from core.registry import PluginError, registry  # noqa: PLC0415

    try:
        for commands in registry().call("register_commands"):
            for command in commands:
                main.add_command(command)
    except PluginError as exc:
        click.echo(f"warning: {exc}", err=True)


if len(sys.argv) > 1 and sys.argv[1] not in main.commands:
    _add_plugin_commands()
