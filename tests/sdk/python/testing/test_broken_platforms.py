"""Platforms, settings, pixels, sandboxes and health checks that break a rule are told which one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, make_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from adrail import AdrailError, CspSources, HealthReport, HealthRequest, Platform, setting
from adrail.sandbox import PlatformSandbox, SandboxRequest, SandboxResponse
from adrail.testing.imports import sandbox_imports
from tests.sdk.python.testing.broken import TOY, run
from tests.sdk.python.testing.toy.browser import ADAPTER, ToyPixel
from tests.sdk.python.testing.toy.sandbox.emulator import ToySandbox
from tests.sdk.python.testing.toy.sender import ToyConversions, ToyHealth, post


def settings_of(**fields: Any) -> type[Any]:
    """Return a settings class with these fields, given as (type, declaration)."""
    return make_dataclass("Made", [(name, *declared) for name, declared in fields.items()], frozen=True)


ACCOUNT = (str, setting(label="Account", pattern=r"^T-[0-9]{6}$", example="T-123456", public_id=True))
TOKEN = (str, setting(label="Token", secret=True, default=""))


def account(**changes: Any) -> tuple[type, Any]:
    declared: dict[str, Any] = {
        "label": "Account",
        "pattern": r"^T-[0-9]{6}$",
        "example": "T-123456",
        "public_id": True,
    }
    return str, setting(**(declared | changes))


@dataclass
class Mutable:
    """Not frozen."""

    account: str = setting(label="Account", pattern=r"^T-[0-9]{6}$", example="T-123456", public_id=True)


@pytest.mark.parametrize(
    ("case", "platform", "words"),
    [
        ("test_the_slug_is_a_slug", replace(TOY, slug="Toy-Ads"), "'Toy-Ads'"),
        ("test_it_was_written_for_this_version_of_the_api", replace(TOY, sdk_version="2"), "'2'"),
        ("test_people_can_recognise_it", replace(TOY, badge=""), "badge"),
        ("test_endpoints_are_base_urls_of_the_vendor", replace(TOY, endpoints={"api": "https://a.example/v1"}), "api"),
        ("test_endpoints_are_base_urls_of_the_vendor", replace(TOY, endpoints={"api": "http://a.example"}), "https"),
        ("test_consent_purposes_are_known", replace(TOY, consent_purposes=("ads",)), "marketing"),
        ("test_consent_purposes_are_known", replace(TOY, consent_purposes=()), "default first"),
        ("test_every_explanation_tells_what_happened_and_what_to_do", replace(TOY, explain={"x": ("No.", "")}), "x: "),
        (
            "test_it_can_do_something",
            replace(TOY, pixel=None, conversions=None, health=None, sandbox=None),
            "at least one capability",
        ),
    ],
)
def test_platforms(case: str, platform: Platform, words: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        run(case, platform)


def test_event_names() -> None:
    class Sender(ToyConversions):
        event_names: Mapping[str, str] = {"purchase": "sale", "event_view": ""}

    with pytest.raises(pytest.fail.Exception, match=r"unknown \['purchase'\], without a name \['event_view'\]"):
        run(
            "test_event_names_are_canonical_on_the_left_and_the_platforms_on_the_right",
            replace(TOY, conversions=Sender()),
        )


@pytest.mark.parametrize(
    ("case", "schema", "words"),
    [
        ("test_settings_are_a_frozen_dataclass_of_declared_fields", Mutable, "frozen"),
        ("test_settings_are_a_frozen_dataclass_of_declared_fields", settings_of(account=ACCOUNT, x=(int, 1)), "'x'"),
        (
            "test_every_field_can_be_shown_and_stored",
            settings_of(account=ACCOUNT, x=(float, setting(label="X"))),
            "x: ",
        ),
        ("test_every_field_can_be_shown_and_stored", settings_of(custom_params=account()), "custom_params"),
        ("test_every_field_can_be_shown_and_stored", settings_of(account=account(label=" ")), "label"),
        ("test_exactly_one_field_is_the_public_id", settings_of(token=TOKEN), "exactly one|Exactly one"),
        ("test_exactly_one_field_is_the_public_id", settings_of(account=account(default="T-123456")), "required"),
        ("test_exactly_one_field_is_the_public_id", settings_of(account=account(pattern="")), "pattern"),
        ("test_the_public_id_lets_nothing_into_a_script", settings_of(account=account(pattern=".*")), "passes"),
        (
            "test_the_public_id_lets_nothing_into_a_script",
            settings_of(account=account(pattern=r"^T-\d+\s*$")),
            "passes",
        ),
        ("test_examples_and_defaults_fit_their_patterns", settings_of(account=account(example="T-1")), "T-1"),
        (
            "test_examples_and_defaults_fit_their_patterns",
            settings_of(
                account=ACCOUNT, x=(tuple[str, ...], setting(label="X", pattern=r"^[a-z]$", default=("a", "B")))
            ),
            "'B'",
        ),
        ("test_secrets_are_marked", settings_of(account=ACCOUNT, api_key=(str, setting(label="Key"))), "api_key"),
        (
            "test_secrets_are_marked",
            settings_of(account=ACCOUNT, token=(str, setting(label="T", secret=True, default="x"))),
            "empty by default",
        ),
        ("test_a_platform_that_sends_asks_for_a_credential", settings_of(account=ACCOUNT), "secret field"),
    ],
)
def test_settings(case: str, schema: type[Any], words: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        run(case, replace(TOY, settings=schema))


def test_settings_that_change_on_the_way() -> None:
    @dataclass(frozen=True)
    class Restless:
        account: str = setting(label="Account", pattern=r"^T-[0-9]{6}$", example="T-123456", public_id=True)
        days: int = setting(label="Days", default=1)

        def __post_init__(self) -> None:
            object.__setattr__(self, "days", self.days + 1)

    with pytest.raises(pytest.fail.Exception, match="read back from JSON"):
        run("test_settings_survive_being_stored", replace(TOY, settings=Restless))


def pixel(code: str = ADAPTER, **changes: Any) -> Platform:
    made = type("Pixel", (ToyPixel,), {"adapter": code, **changes})
    return replace(TOY, pixel=made())


@pytest.mark.parametrize(
    ("case", "platform", "words"),
    [
        ("test_the_adapter_registers_its_own_slug", pixel(ADAPTER.replace('"toy"', '"joy"')), "'joy'"),
        ("test_the_adapter_registers_its_own_slug", pixel("1;"), "found: "),
        ("test_the_adapter_implements_the_contract", pixel(ADAPTER.replace("consent", "agree")), "missing: consent"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel(ADAPTER + "eval('1');"), "found: eval"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel(ADAPTER + "new Function('a');"), "new Function"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel(ADAPTER + "setTimeout('x()', 1);"), "timer"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel(ADAPTER + "b.innerHTML = 'x';"), "HTML from text"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel(ADAPTER + "document.write(1);"), "document.write"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel(ADAPTER + "document.createElement('script');"), "nonce"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel(ADAPTER + "a = '<b onclick=\"x()\">';"), "inline event"),
        ("test_the_adapter_needs_no_unsafe_policy", pixel("import x from 'y';\n" + ADAPTER), "plain script"),
        (
            "test_the_script_moves_with_the_transport",
            pixel(script_url=lambda *_: "https://cdn.toy.example/toy.js"),
            "transport.url",
        ),
        (
            "test_the_page_learns_no_secret",
            pixel(public_settings=lambda _, settings: {"t": settings.token}),
            "the secret's value",
        ),
        ("test_the_page_learns_no_secret", pixel(public_settings=lambda *_: {"list": [1]}), "list"),
        ("test_the_policy_lets_the_vendors_script_in", pixel(csp=CspSources(script=("'self'",))), "self"),
        ("test_the_policy_lets_the_vendors_script_in", pixel(csp=CspSources(script=("toy.example",))), "is not in"),
        (
            "test_the_sandbox_serves_the_script_to_pages_of_other_origins",
            pixel(script_url=lambda *given: f"{given[-1].url('script')}/nowhere.js"),
            "HTTP 404",
        ),
    ],
)
def test_pixels(case: str, platform: Platform, words: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        run(case, platform)


class Welcoming(ToySandbox):
    """Answers every path."""

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Be nice."""
        return SandboxResponse(200, {"refused": []}) if "unheard" in request.path else super().handle(request)


class Silent(ToySandbox):
    """Notes nothing."""

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Leave the notes out."""
        return replace(super().handle(request), notes={})


class Elephant(ToySandbox):
    """Never forgets."""

    def reset(self) -> None:
        """Remember."""


class Gossip(ToySandbox):
    """Shows its secrets."""

    secrets = frozenset()


class Stranger(ToySandbox):
    """Is of another platform."""

    slug = "other"


class Clumsy(ToySandbox):
    """Cannot play what it promises."""

    def fault(self, kind: str, params: Mapping[str, Any], request: SandboxRequest) -> SandboxResponse:  # noqa: ARG002
        """Need what nobody gives."""
        return SandboxResponse(int(params["status"]))


class Mute(ToySandbox):
    """Plays no fault."""

    fault_kinds = ()


def emulated_by(emulator: type[PlatformSandbox]) -> Platform:
    made = type("Provider", (), {"create": lambda _: emulator()})
    return replace(TOY, sandbox=made())


@pytest.mark.parametrize(
    ("case", "platform", "words", "arguments"),
    [
        ("test_the_sandbox_is_of_this_platform", emulated_by(Stranger), "'other'", {}),
        ("test_unknown_paths_are_refused", emulated_by(Welcoming), "4xx", {}),
        ("test_a_full_batch_is_taken", emulated_by(Silent), "notes how many", {}),
        ("test_resetting_forgets_everything", emulated_by(Elephant), "After a reset", {}),
        ("test_the_sandbox_masks_secrets_in_its_records", emulated_by(Gossip), "found: token", {}),
        (
            "test_every_fault_of_the_platform_is_met_in_words",
            emulated_by(Clumsy),
            "sandbox error",
            {"own_fault": "throttle"},
        ),
        ("test_dead_credentials_are_an_auth_matter", emulated_by(Mute), "declare silent_on_bad_credentials", {}),
        ("test_a_throttled_call_says_how_long_to_wait", emulated_by(Mute), "declare never_throttles", {}),
        ("test_half_a_batch_refused_leaves_the_other_half_alone", emulated_by(Mute), "silent_on_bad_events", {}),
    ],
)
def test_sandboxes(case: str, platform: Platform, words: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        run(case, platform, **arguments)


def test_one_emulator_for_all() -> None:
    shared = ToySandbox()
    provider = type("Provider", (), {"create": lambda _: shared})()
    with pytest.raises(pytest.fail.Exception, match="the same object twice"):
        run("test_every_sandbox_starts_empty", replace(TOY, sandbox=provider))


@pytest.mark.parametrize(
    "line",
    [
        "from nosy.builder import build",
        "import nosy.builder",
        "from nosy import builder",
        "from ..builder import build",
        "from .. import builder",
        "def later():\n    from nosy.builder import build",
        "import nosy",
    ],
)
def test_a_sandbox_that_imports_its_plugin_is_found(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "nosy" / "sandbox"
    inside.mkdir(parents=True)
    (tmp_path / "nosy" / "__init__.py").write_text("")
    (tmp_path / "nosy" / "builder.py").write_text("def build(): pass\n")
    (inside / "__init__.py").write_text("class Provider: pass\n")
    (inside / "rules.py").write_text("import json\nfrom adrail.sandbox import PlatformSandbox\nfrom . import shapes\n")
    (inside / "shapes.py").write_text("from nosy.sandbox import Provider\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("nosy", "nosy.sandbox"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    provider = importlib.import_module("nosy.sandbox").Provider
    assert sandbox_imports(provider) == []
    (inside / "emulator.py").write_text(f"import json\n{line}\n")
    [found] = sandbox_imports(provider)
    assert found.startswith(("emulator.py:2 imports nosy", "emulator.py:3 imports nosy"))


class Unasked(ToyHealth):
    """Says yes without asking."""

    def check(self, request: HealthRequest) -> HealthReport:  # noqa: ARG002
        """Say yes."""
        return HealthReport(ok=True, summary="Surely.")


class Optimist(ToyHealth):
    """Says yes whatever it hears."""

    def check(self, request: HealthRequest) -> HealthReport:
        """Say yes."""
        with suppress(AdrailError):
            post(request.transport, request.credentials.get("token", "none"), [])
        return HealthReport(ok=True, summary="Surely.")


class Chatty(ToyHealth):
    """Tells the token."""

    def check(self, request: HealthRequest) -> HealthReport:
        """Tell."""
        super().check(request)
        return HealthReport(ok=True, summary=f"Answers to {request.credentials['token']}.")


@pytest.mark.parametrize(
    ("case", "health", "words", "arguments"),
    [
        ("test_a_working_connection_is_healthy", Unasked(), "after asking", {}),
        ("test_trouble_is_reported_with_a_remedy", Optimist(), "not ok", {"fault": "reset"}),
        ("test_without_credentials_nobody_is_asked", Optimist(), "1 requests", {}),
    ],
)
def test_health_checks(case: str, health: ToyHealth, words: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        run(case, replace(TOY, health=health), **arguments)


def test_a_health_check_that_tells_the_token(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(pytest.fail.Exception, match="found: token"):
        run("test_a_health_check_leaks_no_secret", replace(TOY, health=Chatty()), caplog=caplog)


def test_a_public_id_without_example_is_told() -> None:
    bare = settings_of(account=account(example=""), token=TOKEN)
    with pytest.raises(pytest.fail.Exception, match="has an example"):
        run("test_a_full_batch_is_taken", replace(TOY, settings=bare))
