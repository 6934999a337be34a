"""Typed settings, read once from the environment and validated at start."""

from __future__ import annotations

import base64
import functools
import ipaddress
import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

MAIL_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}")
KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class ConfigError(Exception):
    """Settings are missing or wrong; the message lists every one with its remedy."""


class Settings(BaseSettings):
    """All settings of the server; a field's environment variable is ``ADRAIL_`` + its name, unless it has an alias."""

    model_config = SettingsConfigDict(
        env_prefix="ADRAIL_", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    env: Literal["development", "production"] = Field("development", description="production refuses sandboxes")
    database_url: SecretStr = Field(
        validation_alias="DATABASE_URL", description="PostgreSQL for the application; roles are taken with SET ROLE"
    )
    database_owner_url: SecretStr | None = Field(None, description="login that owns the schema (migrations)")
    database_maintainer_url: SecretStr | None = Field(None, description="login that may bypass row-level security")
    database_pool_size: int = Field(8, ge=1, le=200, description="connections per process")
    statement_timeout_ms: int = Field(15_000, ge=100, description="limit of every application statement")
    redis_url: SecretStr = Field(validation_alias="REDIS_URL", description="Valkey or Redis, append-only file on")
    master_keys: SecretStr = Field(description="comma-separated `id:base64(32 bytes)`; the first encrypts, all decrypt")
    secret_key: SecretStr = Field(min_length=32, description="signs web sessions and form tokens")
    base_url: str = Field("http://127.0.0.1:8700", description="public origin of this server")
    host: str = Field("127.0.0.1", description="address the web server binds to")
    port: int = Field(8700, ge=0, le=65535, description="port the web server binds to")
    web_processes: int = Field(2, ge=1, le=64, description="web server processes")
    web_threads: int = Field(8, ge=1, le=256, description="request threads per web process")
    ingest_processes: int = Field(1, ge=1, le=64, description="ingest processes started by `adrail up`")
    worker_processes: int = Field(1, ge=1, le=64, description="RQ worker processes started by `adrail up`")
    stream_shards: int = Field(1, ge=1, le=256, description="event streams; a tenant stays in one")
    stream_max_entries: int = Field(200_000, ge=100, description="waiting entries per shard before 503")
    stream_max_megabytes: int = Field(256, ge=1, description="memory of waiting entries per shard before 503")
    sandbox_url: str | None = Field(None, description="send platform traffic to this sandbox")
    endpoints: dict[str, dict[str, str]] = Field(
        default_factory=dict, description='vendor base URLs, e.g. {"platform": {"api": "https://…"}}'
    )
    trusted_proxies: int = Field(0, ge=0, le=10, description="proxies in front whose X-Forwarded-* is believed")
    rate_per_visitor: int = Field(100, ge=1, description="collector requests per minute and visitor")
    rate_per_address: int = Field(3_000, ge=1, description="collector requests per minute and client address")
    rate_per_server_key: int = Field(6_000, ge=1, description="collector requests per minute and server key")
    demo: bool = Field(False, description="serve the demo marketplace under /demo")
    smtp_url: SecretStr | None = Field(
        None,
        description="mail server, smtp://user:password@host:587?tls=starttls (or implicit, none); none: mails are kept",
    )
    mail_from: str | None = Field(None, description="address that mails come from")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe log line")
    log_format: Literal["json", "console"] = Field("json", description="one JSON object a line, or for people")
    geo_database: Path | None = Field(
        None, description="MMDB file that tells where addresses are; without one countries stay unknown"
    )
    archive_url: str | None = Field(
        None,
        description="where old events are archived: a folder, or any fsspec URL such as s3://bucket/adrail",
    )
    archive_after_months: int = Field(
        24, ge=5, le=600, description="whole months events stay in the database; a marketplace may have its own number"
    )
    browser_sdk_dir: Path = Field(
        Path(__file__).resolve().parent.parent / "sdk" / "browser" / "dist", description="built browser SDK"
    )

    @field_validator("database_url", "database_owner_url", "database_maintainer_url")
    @classmethod
    def _postgres_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_mail_server(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_address(cls, value: str | None) -> str | None:
        if value is not None and not MAIL_ADDRESS.fullmatch(value):
            raise ValueError("must be an address such as adrail@tickets.example")
        return value

    @field_validator("base_url", "sandbox_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        return None if value is None else _http_url(value, path_allowed=False)

    @field_validator("endpoints")
    @classmethod
    def _endpoint_urls(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return {slug: {name: _http_url(url) for name, url in urls.items()} for slug, urls in value.items()}

    @field_validator("master_keys")
    @classmethod
    def _well_formed_keys(cls, value: SecretStr) -> SecretStr:
        parse_master_keys(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _mails_have_a_sender(self) -> Self:
        if self.smtp_url and not self.mail_from:
            raise ValueError("ADRAIL_MAIL_FROM must be set where ADRAIL_SMTP_URL is: mails need a sender")
        return self

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.env != "production":
            return self
        problems = []
        if self.sandbox_url:
            problems.append("ADRAIL_SANDBOX_URL must not be set: production never talks to a sandbox")
        problems.extend(
            f"ADRAIL_ENDPOINTS[{slug}][{name}] points at this machine: production never talks to a sandbox"
            for slug, urls in self.endpoints.items()
            for name, url in urls.items()
            if _is_loopback(url)
        )
        if self.demo:
            problems.append("ADRAIL_DEMO must not be set: the demo marketplace has well-known data")
        if not self.base_url.startswith("https://"):
            problems.append("ADRAIL_BASE_URL must start with https://")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def masked(self) -> dict[str, Any]:
        """Return every setting as text with secrets replaced, for printing."""
        return {
            name: ("set, hidden" if isinstance(value, SecretStr) else value)
            for name, value in ((name, getattr(self, name)) for name in type(self).model_fields)
        }


def _http_url(url: str, *, path_allowed: bool = True) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://rail.example")
    if not path_allowed and parts.path.strip("/"):
        raise ValueError("must be scheme and host only, such as https://rail.example")
    return url.rstrip("/")


def check_mail_server(url: str) -> None:
    """Raise `ValueError` for what is no usable mail server; the message never shows the password."""
    parts = urlsplit(url)
    tls = parse_qs(parts.query).get("tls", ["starttls"])
    try:
        usable = parts.scheme == "smtp" and bool(parts.hostname) and not parts.path.strip("/") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be like smtp://user:password@mail.example:587?tls=starttls")
    if tls not in (["starttls"], ["implicit"], ["none"]):
        raise ValueError("tls must be starttls, implicit or none")
    if tls == ["none"] and parts.username and not _is_loopback(url):
        raise ValueError("a password must not travel without tls; use tls=starttls or tls=implicit")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def parse_master_keys(text: str) -> dict[str, bytes]:
    """Return key id → 32 bytes, in the order given; raises `ValueError` naming the bad entry, never its key."""
    keys: dict[str, bytes] = {}
    for position, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        key_id, _, encoded = entry.partition(":")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raw = b""
        if not KEY_ID.fullmatch(key_id) or len(raw) != 32:
            raise ValueError(f"entry {position} is not `id:base64 of 32 bytes`")
        if key_id in keys:
            raise ValueError(f"entry {position} repeats the id of an earlier one; give every key its own id")
        keys[key_id] = raw
    if not keys:
        raise ValueError("at least one `id:base64 of 32 bytes` is needed")
    return keys


def load_settings(**overrides: Any) -> Settings:
    """Read the environment; raises `ConfigError` that lists every problem at once, values left out."""
    try:
        return Settings(**overrides)
    except ValidationError as exc:
        lines = [
            f"  {variable(str(error['loc'][0]))}: {_message(error)}" if error["loc"] else f"  {_message(error)}"
            for error in exc.errors()
        ]
        raise ConfigError("settings are not usable:\n" + "\n".join(lines)) from None
    except SettingsError:
        # The only variable that holds JSON.
        raise ConfigError(f"settings are not usable:\n  {variable('endpoints')}: must be JSON") from None


def _message(error: Any) -> str:
    if error["type"] == "missing":
        return "must be set"
    return str(error["msg"]).removeprefix("Value error, ")


def variable(field: str) -> str:
    """The environment variable of a settings field, given the field's name or the variable itself."""
    if field.isupper():
        return field
    alias = Settings.model_fields[field].validation_alias
    return str(alias) if alias else f"ADRAIL_{field.upper()}"


@functools.lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return load_settings()
