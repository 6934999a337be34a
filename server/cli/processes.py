"""Commands that run the parts of adrail."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--demo", is_flag=True, help="Seed and serve the demo marketplace under /demo.")
@click.option("--sandbox", is_flag=True, help="Send platform traffic to local emulators.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=None, help="Web port; 0 picks a free one.  [default: 8700]"
)
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), default=None, help="Where data lives.")
def up(demo: bool, sandbox: bool, port: int | None, data_dir: Path | None) -> None:
    """Run everything on this machine: servers, migrations, web, ingest, relay, workers, cron.

    Without DATABASE_URL and REDIS_URL an embedded PostgreSQL and Valkey are started in the data directory. When all
    is ready, DIR/ready.json tells addresses and demo credentials. Ctrl-C stops everything.

    \b
    Example:
      adrail up --demo --sandbox --port 8700 --data-dir ./data
    """
    from server.up import run_up  # noqa: PLC0415 - keeps `adrail --help` fast

    run_up(demo=demo, sandbox=sandbox, port=port, data_dir=data_dir)


@click.command()
def web() -> None:
    """Serve HTTP: collector, tracking-config, APIs and pages.

    \b
    Example:
      ADRAIL_PORT=8700 adrail web
    """
    _prepare()
    from server.web import run_web  # noqa: PLC0415

    run_web()


@click.command()
def ingest() -> None:
    """Store accepted events from the stream; run as many as needed.

    \b
    Example:
      adrail ingest
    """
    _prepare()
    from core.registry import registry  # noqa: PLC0415
    from server.stopping import stop_event  # noqa: PLC0415
    from tracking.ingest.memory import settle  # noqa: PLC0415
    from tracking.ingest.reader import Reader  # noqa: PLC0415

    registry().call("startup", processes=["ingest"])
    settle()
    Reader(stop_event()).run()


@click.command()
def relay() -> None:
    """Hand outbox rows on to the stream; one is enough, two do no harm.

    \b
    Example:
      adrail relay
    """
    _prepare()
    from core.registry import registry  # noqa: PLC0415
    from server.stopping import stop_event  # noqa: PLC0415
    from tracking import relay as relaying  # noqa: PLC0415

    registry().call("startup", processes=["relay"])
    relaying.run(stop_event())


@click.command()
@click.argument("queues", nargs=-1)
@click.option("--burst", is_flag=True, help="Stop when the queues are empty.")
def worker(queues: tuple[str, ...], burst: bool) -> None:
    """Run jobs of QUEUES (default: all of them, in turns).

    \b
    Example:
      adrail worker conversions default
    """
    _prepare()
    from server.worker import run_worker  # noqa: PLC0415

    try:
        run_worker(queues, burst=burst)
    except ValueError as exc:
        raise click.ClickException(str(exc)) from None


@click.command()
def cron() -> None:
    """Tick once a minute and enqueue what is due; several may run.

    \b
    Example:
      adrail cron
    """
    _prepare()
    from server.worker import run_cron  # noqa: PLC0415

    run_cron()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8701, show_default=True, help="Port; 0 picks a free one."
)
def sandbox(host: str, port: int) -> None:
    """Serve local emulators of every platform whose plugin brings one.

    \b
    Example:
      adrail sandbox --port 8701
      curl http://127.0.0.1:8701/_sandbox/requests
    """
    import os  # noqa: PLC0415

    if os.environ.get("ADRAIL_ENV") == "production":
        raise click.ClickException("ADRAIL_ENV is production, where the sandbox is refused; unset it to try things out")
    from adrail.sandbox import SandboxServer  # noqa: PLC0415
    from core.registry import registry  # noqa: PLC0415
    from server.stopping import stop_event  # noqa: PLC0415

    stop = stop_event()
    emulators = [item.sandbox.create() for item in registry().supporting("sandbox") if item.sandbox]
    try:
        server = SandboxServer(emulators, host, port)
    except OSError as exc:
        raise click.ClickException(f"{host}:{port} cannot be used ({exc.strerror}); choose another --port") from None
    with server:
        click.echo(f"sandbox on {server.url} for {', '.join(item.slug for item in registry().supporting('sandbox'))}")
        stop.wait()


def _prepare() -> None:
    """Refuse to start on settings, plugins or servers that cannot be relied upon."""
    from core.config import settings  # noqa: PLC0415
    from core.embedded.requirements import check_postgres, check_valkey  # noqa: PLC0415
    from core.observability.logging import configure_logging  # noqa: PLC0415
    from core.registry import check_endpoints  # noqa: PLC0415

    config = settings()
    configure_logging(config.log_level, config.log_format)
    check_endpoints(config)
    check_postgres(config.database_url.get_secret_value())
    check_valkey(config.redis_url.get_secret_value())


COMMANDS = (up, web, ingest, relay, worker, cron, sandbox)
