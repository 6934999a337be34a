"""Plugins: found through entry points, refused at start with their distribution's name, looked up by slug."""

from __future__ import annotations

import re

import pytest
from structlog.testing import capture_logs

from adrail import NotSupportedError
from adrail.platform import CAPABILITIES
from core.config import ConfigError
from core.registry import PluginError, Registry, UnknownPlatformError, check_endpoints, registry, transport
from tests.core.test_config import GOOD, read
from tests.plugin_distribution import PLATFORM, REGISTERS, PluginFolder

MISSPELT = """
@adrail.hookimpl
def enrich_events(event):
    return None
"""
WRONG_ARGUMENT = """
@adrail.hookimpl
def enrich_event(envelope):
    return None
"""


def returning(expression: str) -> str:
    """Code of a plugin whose `register_platform` returns an expression."""
    return f"""
@adrail.hookimpl
def register_platform():
    return {expression}
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (REGISTERS + MISSPELT, r"unknown hook 'enrich_events'.*enrich_event"),
        (REGISTERS + WRONG_ARGUMENT, r"envelope"),
        (returning("platform(sdk_version='2')"), r"written for plugin API 2, this server has 1"),
        (returning("platform(sdk_version=2)"), r"written for plugin API 2"),
        (returning("platform(health=None)"), r"no capability"),
        (returning("platform(slug='Not A Slug')"), r"slug 'Not A Slug' must match"),
        (returning("platform(slug=None)"), r"slug None must match"),
        (returning("platform(settings=dict)"), r"settings must be a dataclass"),
        (returning("platform(settings=adrail.HealthReport)"), r"exactly one field with public_id=True, found \[\]"),
        (returning("{'slug': 'x'}"), r"returned dict, not Platform"),
        (returning("None"), r"returned NoneType, not Platform"),
        (returning("1 / 0"), r"division by zero"),
        ("raise ImportError('vendor SDK is not installed')", r"vendor SDK is not installed"),
        ("raise AssertionError", r"AssertionError"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_refused_with_its_distribution(
    plugins: PluginFolder, code: str, said: str
) -> None:
    name = plugins.add(code, version="4.5")
    with pytest.raises(PluginError, match=re.escape(f"plugin {name} 4.5 ({name})")) as caught:
        Registry(plugins.points())
    assert re.search(said, str(caught.value), re.DOTALL)


def test_two_plugins_with_one_slug_are_refused_naming_both(plugins: PluginFolder) -> None:
    first, second = plugins.add(slug="twin"), plugins.add(slug="twin", version="2.0")
    with pytest.raises(PluginError) as caught:
        Registry(plugins.points())
    assert "slug 'twin' is already taken" in str(caught.value)
    assert f"{first} 1.2" in str(caught.value)
    assert f"{second} 2.0" in str(caught.value)


def test_a_broken_plugin_stops_the_start(plugins: PluginFolder) -> None:
    name = plugins.add(returning("None"))
    plugins.activate()
    with pytest.raises(PluginError, match=name):
        registry()


def test_installed_plugins_are_found_beside_the_built_in_ones(plugins: PluginFolder) -> None:
    name = plugins.add()
    plugins.activate()
    assert registry().get(name).display_name == "Name"
    assert registry().origin(name) == f"{name} 1.2 ({name})"
    assert {item.slug for item in registry().all()} > {name}


def test_an_unknown_slug_is_answered_with_what_is_installed(plugins: PluginFolder) -> None:
    name = plugins.add()
    found = Registry(plugins.points())
    with pytest.raises(UnknownPlatformError, match=rf"no platform 'nowhere' is installed \(installed: {name}\)"):
        found.get("nowhere")
    with pytest.raises(UnknownPlatformError, match=r"installed: none"):
        Registry([]).get(name)


def test_a_missing_capability_is_answered_with_the_platform(plugins: PluginFolder) -> None:
    name = plugins.add()
    found = Registry(plugins.points())
    with pytest.raises(NotSupportedError, match=f"{name} cannot receive conversions"):
        found.conversions(name)
    with pytest.raises(NotSupportedError, match=f"{name} has no browser pixel"):
        found.pixel(name)
    with pytest.raises(ValueError, match=r"unknown capability 'telepathy'; known: pixel"):
        found.supporting("telepathy")


def test_platforms_are_found_by_capability(plugins: PluginFolder) -> None:
    name = plugins.add()
    found = Registry(plugins.points())
    assert [item.slug for item in found.supporting("health")] == [name]
    assert all(found.supporting(capability) == () for capability in CAPABILITIES if capability != "health")


def test_a_raising_hook_is_logged_by_name_and_the_others_still_run(plugins: PluginFolder) -> None:
    hook = """
@adrail.hookimpl
def enrich_event(event):
    {body}
"""
    before = plugins.add(REGISTERS + hook.format(body="return {'from': 'before'}"))
    broken = plugins.add(REGISTERS + hook.format(body="raise RuntimeError('on purpose')"))
    after = plugins.add(REGISTERS + hook.format(body="return {'from': 'after'}"))
    assert [before, broken, after] == sorted([before, broken, after])
    with capture_logs() as logs:
        answers = Registry(plugins.points()).call("enrich_event", event={})
    assert answers == [{"from": "before"}, {"from": "after"}]
    [line] = logs
    assert (line["event"], line["hook"], line["log_level"]) == ("hook failed", "enrich_event", "error")
    assert line["plugin"] == f"{broken} 1.2 ({broken})"


def test_several_plugins_of_one_distribution_all_hear_hooks(plugins: PluginFolder) -> None:
    hook = """
@adrail.hookimpl
def enrich_event(event):
    return {"from": __name__}
"""
    names = [plugins.add(REGISTERS + hook), plugins.add(REGISTERS + hook)]
    plugins.bundle(*names)
    found = Registry(plugins.points())
    assert {item["from"] for item in found.call("enrich_event", event={})} == set(names)
    assert found.origin(names[0]).endswith(f" 3.0 ({names[0]})")


def test_a_plugin_may_bring_hooks_without_a_platform(plugins: PluginFolder) -> None:
    plugins.add("""
@adrail.hookimpl
def enrich_event(event):
    return {"alone": True}
""")
    found = Registry(plugins.points())
    assert found.all() == ()
    assert found.call("enrich_event", event={}) == [{"alone": True}]


def test_base_urls_are_the_vendors_the_sandboxes_or_the_configured_ones(
    plugins: PluginFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = plugins.add(
        returning("platform(endpoints={'api': 'https://api.vendor.example', 'tag': 'https://t.example'})")
    )
    plugins.activate()
    platform = registry().get(name)
    plain = read(monkeypatch, GOOD)
    assert transport(platform, plain).endpoints == platform.endpoints
    sandboxed = read(monkeypatch, {**GOOD, "ADRAIL_SANDBOX_URL": "http://127.0.0.1:1"})
    assert transport(platform, sandboxed).url("api") == f"http://127.0.0.1:1/{name}/api"
    own = read(monkeypatch, {**GOOD, "ADRAIL_ENDPOINTS": f'{{"{name}": {{"api": "https://proxy.example/"}}}}'})
    assert transport(platform, own).endpoints == {
        "api": "https://proxy.example",
        "tag": f"http://127.0.0.1:1/{name}/tag",
    }
    check_endpoints(own)


@pytest.mark.parametrize(
    ("endpoints", "said"),
    [
        ('{"nowhere": {"api": "https://x.example"}}', "ADRAIL_ENDPOINTS: no platform 'nowhere' is installed"),
        ('{"SLUG": {"ipa": "https://x.example"}}', r"unknown endpoint 'ipa'; it has: api"),
    ],
)
def test_configured_base_urls_for_nobody_are_refused(
    plugins: PluginFolder, monkeypatch: pytest.MonkeyPatch, endpoints: str, said: str
) -> None:
    name = plugins.add(returning("platform(endpoints={'api': 'https://api.vendor.example'})"))
    plugins.activate()
    settings = read(monkeypatch, {**GOOD, "ADRAIL_ENDPOINTS": endpoints.replace("SLUG", name)})
    with pytest.raises(ConfigError, match=re.escape(said)):
        check_endpoints(settings)


PAYMENTS = """
class Webhooks:
    def read(self, request):
        raise adrail.SignatureError("never")


def provider(**changes):
    values = {"slug": "SLUG", "display_name": "Pay", "sdk_version": "1", "webhooks": Webhooks(), "events": ("paid",)}
    return adrail.PaymentProvider(**{**values, **changes})
"""


def paying(expression: str = "provider()") -> str:
    """Code of a plugin that brings a payment provider and no platform."""
    return f"""
@adrail.hookimpl
def register_payment_provider():
    return {expression}
"""


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("None", r"returned NoneType, not PaymentProvider"),
        ("provider(sdk_version='2')", r"written for plugin API 2, this server has 1"),
        ("provider(slug='Not A Slug')", r"slug 'Not A Slug' must match"),
        ("provider(webhooks=None)", r"no method read"),
        ("provider(pattern='(')", r"pattern is no regular expression"),
    ],
)
def test_a_payment_provider_that_cannot_be_used_is_refused(plugins: PluginFolder, expression: str, said: str) -> None:
    plugins.add(paying(expression), platform=PLATFORM + PAYMENTS)
    with pytest.raises(PluginError, match=said):
        Registry(plugins.points())


def test_a_plugin_may_bring_a_payment_provider_alone(plugins: PluginFolder) -> None:
    name = plugins.add(paying(), platform=PLATFORM + PAYMENTS)
    found = Registry(plugins.points())
    assert found.payment_provider(name).display_name == "Pay"
    assert (found.all(), [item.slug for item in found.payment_providers()]) == ((), [name])
    assert name in found.origin(name)
    with pytest.raises(UnknownPlatformError, match=f"installed: {name}"):
        found.payment_provider("nobody")


def test_a_payment_provider_cannot_take_the_slug_of_a_platform(plugins: PluginFolder) -> None:
    taken = plugins.add()
    plugins.add(paying(), slug=taken, platform=PLATFORM + PAYMENTS)
    with pytest.raises(PluginError, match="already taken"):
        Registry(plugins.points())
