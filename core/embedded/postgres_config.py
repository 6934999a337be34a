"""The text of PostgreSQL's configuration files, for a server that shares a laptop with everything else."""

from __future__ import annotations

from core.embedded.paths import DataDir

HOST_BASED_AUTH = "host all all 127.0.0.1/32 scram-sha-256\n"

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    # Event writing is bound by forced checkpoints with less WAL; replaying this much after a crash takes seconds.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    # Reading ahead through worker processes gains nothing on a few megabytes, and there are fewer to look after.
    "io_method": "sync",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # A refused row's values and a failed statement may hold personal data: the log names the error alone.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


def server_config(data_dir: DataDir, port: int) -> str:
    """Return `postgresql.conf`; an operator's `postgresql.local.conf` beside it has the last word."""
    settings = {
        "data_directory": str(data_dir.postgres),
        "hba_file": str(data_dir.config / "pg_hba.conf"),
        "port": str(port),
        **_SETTINGS,
    }
    lines = ["# Written anew at each start; put changes into postgresql.local.conf beside this file."]
    lines += [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    local = data_dir.config / "postgresql.local.conf"
    if local.exists():
        lines.append(f"include = {_quoted(str(local))}")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
