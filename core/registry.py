"""Plugins: discovery through entry points, checks at start, look-up by slug and capability, isolated hook calls."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy
import structlog

from adrail import (
    SDK_VERSION,
    ConversionSender,
    NotSupportedError,
    PaymentProvider,
    PixelProvider,
    Platform,
    Transport,
    hookspecs,
)
from adrail.platform import CAPABILITIES
from adrail.settings import public_id_field
from core.config import ConfigError, Settings, settings, variable

GROUP = "adrail.platforms"
SLUG = re.compile(r"[a-z][a-z0-9_]*")

log = structlog.get_logger(__name__)


class PluginError(Exception):
    """A plugin cannot be used; the message names its distribution. The server does not start."""


class UnknownPlatformError(LookupError):
    """No installed plugin has this slug."""


class Registry:
    """The installed platforms and their hook implementations."""

    def __init__(self, points: Iterable[EntryPoint]) -> None:
        self._platforms: dict[str, Platform] = {}
        self._payments: dict[str, PaymentProvider] = {}
        self._origin: dict[str, str] = {}
        self._plugins: list[tuple[str, pluggy.PluginManager]] = []
        self._translations: list[Path] = []
        for point in sorted(points, key=lambda item: item.name):
            self._load(point)

    def _load(self, point: EntryPoint) -> None:
        origin = _origin(point)
        # One manager a plugin: pluggy stops a broadcast at the first exception, we isolate every plugin.
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        try:
            module = point.load()
            manager.register(module, name=point.name)
            _refuse_unknown_hooks(module)
            manager.check_pending()
            # One by one: pluggy leaves out an answer of None, and a platform that is missing must not go unnoticed.
            platforms = [item.function() for item in manager.hook.register_platform.get_hookimpls()]
            payments = [item.function() for item in manager.hook.register_payment_provider.get_hookimpls()]
        except Exception as exc:
            raise PluginError(f"plugin {origin} cannot be loaded: {str(exc) or type(exc).__name__}") from exc
        for platform in platforms:
            self._add(platform, origin)
        for provider in payments:
            self._add_payments(provider, origin)
        self._plugins.append((origin, manager))
        self._translations.append(Path(str(module.__file__)).parent / "translations")

    def _add(self, platform: Any, origin: str) -> None:
        problems = _problems(platform)
        if not problems and platform.slug in self._origin:
            problems.append(f"slug {platform.slug!r} is already taken by {self._origin[platform.slug]}")
        if problems:
            raise PluginError(f"plugin {origin} cannot be used: {'; '.join(problems)}")
        self._platforms[platform.slug] = platform
        self._origin[platform.slug] = origin

    def _add_payments(self, provider: Any, origin: str) -> None:
        problems = _payment_problems(provider)
        if not problems and provider.slug in self._origin:
            problems.append(f"slug {provider.slug!r} is already taken by {self._origin[provider.slug]}")
        if problems:
            raise PluginError(f"plugin {origin} cannot be used: {'; '.join(problems)}")
        self._payments[provider.slug] = provider
        self._origin[provider.slug] = origin

    def all(self) -> tuple[Platform, ...]:
        """Every installed platform, by slug."""
        return tuple(self._platforms[slug] for slug in sorted(self._platforms))

    def origin(self, slug: str) -> str:
        """Distribution, version and entry point of a platform or payment provider; raises `UnknownPlatformError`."""
        if slug not in self._payments:
            self.get(slug)
        return self._origin[slug]

    def payment_providers(self) -> tuple[PaymentProvider, ...]:
        """Every installed payment provider, by slug."""
        return tuple(self._payments[slug] for slug in sorted(self._payments))

    def payment_provider(self, slug: str) -> PaymentProvider:
        """Return a payment provider; raises `UnknownPlatformError` that lists what is installed."""
        try:
            return self._payments[slug]
        except KeyError:
            known = ", ".join(sorted(self._payments)) or "none"
            raise UnknownPlatformError(f"no payment provider {slug!r} is installed (installed: {known})") from None

    def translation_folders(self) -> list[Path]:
        """The folder `translations` beside each plugin's module, where there is one."""
        return [folder for folder in self._translations if folder.is_dir()]

    def get(self, slug: str) -> Platform:
        """Return a platform; raises `UnknownPlatformError` that lists what is installed."""
        try:
            return self._platforms[slug]
        except KeyError:
            known = ", ".join(sorted(self._platforms)) or "none"
            raise UnknownPlatformError(f"no platform {slug!r} is installed (installed: {known})") from None

    def supporting(self, capability: str) -> tuple[Platform, ...]:
        """Every platform that has a capability; raises `ValueError` for a capability that this API does not know."""
        if capability not in CAPABILITIES:
            raise ValueError(f"unknown capability {capability!r}; known: {', '.join(CAPABILITIES)}")
        return tuple(item for item in self.all() if getattr(item, capability) is not None)

    def conversions(self, slug: str) -> ConversionSender:
        """Return the conversion sender; raises `NotSupportedError` or `UnknownPlatformError`."""
        sender = self.get(slug).conversions
        if sender is None:
            raise NotSupportedError(f"{slug} cannot receive conversions from a server")
        return sender

    def pixel(self, slug: str) -> PixelProvider:
        """Return the browser side; raises `NotSupportedError` or `UnknownPlatformError`."""
        pixel = self.get(slug).pixel
        if pixel is None:
            raise NotSupportedError(f"{slug} has no browser pixel")
        return pixel

    def listens(self, hook: str) -> bool:
        """Whether any plugin implements a hook; for callers that would ask for every event."""
        return any(getattr(manager.hook, hook).get_hookimpls() for _, manager in self._plugins)

    def call(self, hook: str, /, *, read: Callable[[Any], Any] = lambda answer: answer, **arguments: Any) -> list[Any]:
        """Broadcast a hook; a plugin that raises is logged by name and does not disturb the others.

        ``read`` turns each answer into what the caller needs; an answer it cannot read is the plugin's failure too.
        """
        results: list[Any] = []
        for origin, manager in self._plugins:
            try:
                results.extend([read(answer) for answer in getattr(manager.hook, hook)(**arguments)])
            except Exception:
                log.exception("hook failed", hook=hook, plugin=origin)
        return results


def transport(platform: Platform, config: Settings | None = None) -> Transport:
    """Base URLs of a platform: the vendor's own, the configured ones, or the sandbox's."""
    config = config or settings()
    endpoints = dict(platform.endpoints)
    if config.sandbox_url:
        endpoints = {name: f"{config.sandbox_url}/{platform.slug}/{name}" for name in endpoints}
    endpoints.update(config.endpoints.get(platform.slug, {}))
    return Transport(endpoints=endpoints)


def check_endpoints(config: Settings) -> None:
    """Raise `ConfigError` when `ADRAIL_ENDPOINTS` names a platform or endpoint that no plugin declares.

    Raises `PluginError` when a plugin cannot be used.
    """
    installed = registry()
    for slug, urls in config.endpoints.items():
        try:
            known = installed.get(slug).endpoints
        except UnknownPlatformError as exc:
            raise ConfigError(f"{variable('endpoints')}: {exc}") from None
        if foreign := sorted(set(urls) - set(known)):
            names = ", ".join(sorted(known))
            raise ConfigError(f"{variable('endpoints')}[{slug}]: unknown endpoint {foreign[0]!r}; it has: {names}")


def _origin(point: EntryPoint) -> str:
    name = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    return f"{name} ({point.name})"


def _refuse_unknown_hooks(module: Any) -> None:
    marker = f"{hookspecs.PROJECT}_impl"
    known = {name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")}
    for name, value in inspect.getmembers(module, callable):
        if getattr(value, marker, None) is not None and name not in known:
            raise PluginError(f"unknown hook {name!r}; known hooks: {', '.join(sorted(known))}")


def _payment_problems(provider: Any) -> list[str]:
    if not isinstance(provider, PaymentProvider):
        return [f"register_payment_provider returned {type(provider).__name__}, not PaymentProvider"]
    if problem := _wrong_version(provider.sdk_version):
        return [problem]
    problems = list(_wrong_slug(provider.slug))
    if not callable(getattr(provider.webhooks, "read", None)):
        problems.append("its webhooks have no method read")
    try:
        re.compile(provider.pattern)
    except (re.error, TypeError) as exc:
        problems.append(f"pattern is no regular expression: {exc}")
    return problems


def _wrong_version(stated: Any) -> str:
    if str(stated).split(".")[0] == SDK_VERSION.split(".")[0]:
        return ""
    return f"written for plugin API {stated}, this server has {SDK_VERSION}"


def _wrong_slug(slug: Any) -> Iterator[str]:
    if not isinstance(slug, str) or not SLUG.fullmatch(slug):
        yield f"slug {slug!r} must match [a-z][a-z0-9_]*"


def _problems(platform: Any) -> list[str]:
    if not isinstance(platform, Platform):
        return [f"register_platform returned {type(platform).__name__}, not Platform"]
    if problem := _wrong_version(platform.sdk_version):
        return [problem]  # nothing else of another version's object can be judged
    problems = list(_wrong_slug(platform.slug))
    if not (is_dataclass(platform.settings) and fields(platform.settings)):
        problems.append("settings must be a dataclass made of adrail.setting fields")
    else:
        problems.extend(_try(lambda: public_id_field(platform.settings)))
    if not any(getattr(platform, name) is not None for name in CAPABILITIES):
        problems.append("it offers no capability at all")
    return problems


def _try(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except TypeError as exc:
        return [str(exc)]
    return []


@functools.lru_cache(maxsize=1)
def registry() -> Registry:
    """The platforms installed in this process; raises `PluginError` when one cannot be used."""
    return Registry(entry_points(group=GROUP))
