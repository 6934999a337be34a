"""Settings: what is wrong is named by its variable, production is strict, secrets are never printed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.config import ConfigError, Settings, load_settings
from tests.process_state import use_environment

KEY = base64.b64encode(bytes(32)).decode()
GOOD = {
    "DATABASE_URL": "postgresql://rail:canary-database@db.example/adrail",
    "REDIS_URL": "rediss://:canary-valkey@cache.example:6380/0",
    "ADRAIL_MASTER_KEYS": f"k1:{KEY}",
    "ADRAIL_SECRET_KEY": "canary-session-key-that-is-long-enough",
}
PRODUCTION = {**GOOD, "ADRAIL_ENV": "production", "ADRAIL_BASE_URL": "https://rail.example"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of this machine's settings."""
    for name in (*Settings.model_fields, "database_url", "redis_url"):
        monkeypatch.delenv(f"ADRAIL_{name.upper()}", raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with use_environment():
        yield


def read(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def problem(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        read(monkeypatch, values)
    return str(caught.value)


def test_everything_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    message = problem(monkeypatch, {})
    assert [line.strip() for line in message.splitlines()[1:]] == [f"{name}: must be set" for name in GOOD]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DATABASE_URL", "mysql://canary@db/x", "must start with postgresql://"),
        ("DATABASE_URL", "", "must be set"),
        ("ADRAIL_DATABASE_OWNER_URL", "db.example", "must start with postgresql://"),
        ("ADRAIL_DATABASE_MAINTAINER_URL", "sqlite:///x", "must start with postgresql://"),
        ("ADRAIL_DATABASE_POOL_SIZE", "0", "greater than or equal to 1"),
        ("ADRAIL_STATEMENT_TIMEOUT_MS", "soon", "valid integer"),
        ("REDIS_URL", "http://canary@cache", "must start with redis://"),
        ("ADRAIL_MASTER_KEYS", "k1:canary", "entry 1 is not"),
        ("ADRAIL_MASTER_KEYS", f"k1:{KEY},ключ:{KEY}", "entry 2 is not"),
        ("ADRAIL_MASTER_KEYS", f"k1:{KEY},k1:{KEY}", "entry 2 repeats"),
        ("ADRAIL_MASTER_KEYS", f"k1:{KEY}é", "entry 1 is not"),
        ("ADRAIL_MASTER_KEYS", " , ", "at least one"),
        ("ADRAIL_SECRET_KEY", "canary-short", "at least 32"),
        ("ADRAIL_ENV", "staging", "'development' or 'production'"),
        ("ADRAIL_BASE_URL", "rail.example", "must be an address"),
        ("ADRAIL_BASE_URL", "https://user@rail.example", "must be an address"),
        ("ADRAIL_BASE_URL", "https://rail.example/path", "scheme and host only"),
        ("ADRAIL_SANDBOX_URL", "ftp://sandbox", "must be an address"),
        ("ADRAIL_ENDPOINTS", "{bad", "must be JSON"),
        ("ADRAIL_ENDPOINTS", '{"one": 1}', "valid dictionary"),
        ("ADRAIL_ENDPOINTS", '{"one": {"api": "canary"}}', "must be an address"),
        ("ADRAIL_PORT", "70000", "less than or equal to 65535"),
        ("ADRAIL_WEB_PROCESSES", "many", "valid integer"),
        ("ADRAIL_TRUSTED_PROXIES", "-1", "greater than or equal to 0"),
        ("ADRAIL_DEMO", "perhaps", "valid boolean"),
        ("ADRAIL_LOG_LEVEL", "LOUD", "'DEBUG', 'INFO'"),
        ("ADRAIL_LOG_FORMAT", "xml", "'json' or 'console'"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    message = problem(monkeypatch, {**GOOD, variable: value})
    line = next(line for line in message.splitlines() if line.strip().startswith(f"{variable}: "))
    assert said in line
    assert "canary" not in message
    assert KEY not in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ADRAIL_SANDBOX_URL": "https://sandbox.example"}, "ADRAIL_SANDBOX_URL must not be set"),
        ({"ADRAIL_DEMO": "true"}, "ADRAIL_DEMO must not be set"),
        ({"ADRAIL_BASE_URL": "http://rail.example"}, "ADRAIL_BASE_URL must start with https://"),
    ],
)
def test_production_refuses_what_is_for_trying_out(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str
) -> None:
    assert said in problem(monkeypatch, {**PRODUCTION, **change})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8701",
        "https://127.9.9.9",
        "http://LOCALHOST/x",
        "http://api.localhost",
        "http://[::1]:8701",
        "http://[::ffff:127.0.0.1]",
        "http://0.0.0.0:1",
        "http://[::]",
    ],
)
def test_production_refuses_platform_addresses_on_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    endpoints = json.dumps({"one": {"api": url}})
    assert "ADRAIL_ENDPOINTS[one][api]" in problem(monkeypatch, {**PRODUCTION, "ADRAIL_ENDPOINTS": endpoints})


def test_production_settings_without_trials_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoints = json.dumps({"one": {"api": "https://localhost.example/v1/"}})
    settings = read(monkeypatch, {**PRODUCTION, "ADRAIL_ENDPOINTS": endpoints})
    assert settings.endpoints == {"one": {"api": "https://localhost.example/v1"}}
    assert settings.base_url == "https://rail.example"


def test_empty_variables_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, {**GOOD, "ADRAIL_SANDBOX_URL": "", "ADRAIL_DATABASE_OWNER_URL": "", "ADRAIL_PORT": ""})
    assert (settings.sandbox_url, settings.database_owner_url, settings.port) == (None, None, 8700)


def test_masked_settings_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, {**GOOD, "ADRAIL_DATABASE_MAINTAINER_URL": "postgresql://m:canary-m@db/adrail"})
    masked: dict[str, Any] = settings.masked()
    shown = f"{masked} {settings!r} {settings}"
    assert "canary" not in shown
    assert KEY not in shown
    assert masked["database_url"] == masked["database_maintainer_url"] == "set, hidden"
    assert masked["database_owner_url"] is None
    assert masked["port"] == 8700
