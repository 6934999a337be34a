"""Rules of the house that no linter knows: doors between features, no platform's name, small rooms."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from adrail import hookspecs
from core.registry import registry

ROOT = Path(__file__).resolve().parent.parent
APPLICATION = ("core", "tracking", "featurestore", "webui", "server")
SOURCES = (*APPLICATION, "plugins", "sdk/python/src", "tests")

# Packages of core that every feature stands on; the other packages are features.
FOUNDATION = {"db", "security", "observability", "embedded"}
# These look into features on purpose: at every model for migrations, at who is asking for every endpoint.
MAY_SEE_FEATURES = {
    "core.tables": r"core\.\w+\.(\w+_)?models",
    "core.asking": r"core\.accounts\.api",
    "core.web": r"core\.accounts\.api",
}

# A migration is a list of statements, written once and never edited.
MIGRATIONS = ROOT / "core/db/migrations/versions"
MAX_MODULE, MAX_FUNCTION = 400, 60

VENDORS = {
    "facebook", "instagram", "capi", "google", "google_ads", "gads", "adwords", "ga4", "gtm", "gtag", "doubleclick",
    "tiktok", "bytedance", "snap", "snapchat", "pinterest", "linkedin", "twitter", "reddit", "bing", "microsoft_ads",
}  # fmt: skip
PAYMENT_VENDORS = {"stripe", "paypal", "adyen", "mollie", "braintree", "netopia", "euplatesc"}
# A field of tracking-config: pages pass visitors' choices on to a container that others fill.
KNOWN_FIELDS = {"google_consent_mode"}
ELEMENT = re.compile(r"</?meta\b[^>]*>|\bmeta\[")
WORD = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


@cache
def features() -> frozenset[str]:
    """Names of core's features."""
    return frozenset(path.parent.name for path in (ROOT / "core").glob("*/__init__.py")) - FOUNDATION


@cache
def imports() -> frozenset[tuple[str, str]]:
    """Every import of one of our modules by another, those inside functions included."""
    graph = grimp.build_graph(*APPLICATION, "plugins", "adrail", cache_dir=None)
    return frozenset(
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    )


def feature_of(module: str) -> str | None:
    """The feature of core that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "core" and parts[1] in features() else None


def python_files(*places: str) -> Iterator[Path]:
    """Our Python modules in some folders."""
    for place in places:
        yield from (path for path in sorted((ROOT / place).rglob("*.py")) if "node_modules" not in path.parts)


def test_every_feature_has_a_door() -> None:
    assert {name for name in features() if not (ROOT / "core" / name / "api.py").exists()} == set()
    assert {"accounts", "catalog", "delivery"} <= features()


def test_features_are_entered_through_their_doors() -> None:
    broken = set()
    for importer, imported in imports():
        feature = feature_of(imported)
        if feature is None or feature_of(importer) == feature or imported == f"core.{feature}.api":
            continue
        mounts = importer.startswith("server.") and re.fullmatch(rf"core\.{feature}\.(\w+_)?http", imported)
        if not mounts and not re.fullmatch(MAY_SEE_FEATURES.get(importer, "-"), imported):
            broken.add(f"{importer} -> {imported}")
    assert broken == set()


def test_the_foundation_knows_no_feature() -> None:
    broken = {
        f"{importer} -> {imported}"
        for importer, imported in imports()
        if importer.startswith("core.")
        and feature_of(importer) is None
        and feature_of(imported) is not None
        and importer not in MAY_SEE_FEATURES
    }
    assert broken == set()


def forbidden_words() -> frozenset[str]:
    """Slugs and vendors that only a plugin may speak of."""
    platforms = {item.slug for item in registry().all()}
    return frozenset(VENDORS | PAYMENT_VENDORS | platforms | {item.slug for item in registry().payment_providers()})


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string literal that is no docstring, and every name, of a Python module."""
    tree = ast.parse(path.read_text("utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def names_platform(text: str) -> set[str]:
    """Forbidden words in a text."""
    return set(WORD.findall(ELEMENT.sub(" ", text.lower()))) & forbidden_words()


def test_no_platform_is_named_in_python_outside_plugins() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}: {', '.join(sorted(words))}"
        for path in python_files(*APPLICATION)
        for line, text in strings(path)
        if (words := names_platform(text))
    }
    assert found == set()


@pytest.mark.parametrize("pattern", ["webui/templates/**/*.html", "webui/static/**/*.js", "webui/static/**/*.css"])
def test_no_platform_is_named_in_pages_scripts_and_styles(pattern: str) -> None:
    files = [path for path in ROOT.glob(pattern) if "vendor" not in path.parts]
    assert files
    found = {
        f"{path.relative_to(ROOT)}:{number}: {', '.join(sorted(words))}"
        for path in files
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if (words := names_platform(line))
    }
    assert found == set()


def test_no_platform_is_named_in_identifiers_outside_plugins() -> None:
    words = forbidden_words() - {"meta"}  # marshmallow's own word
    found = {
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {name}"
        for path in python_files(*APPLICATION)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (name := getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None))
        and isinstance(name, str)
        and name not in KNOWN_FIELDS
        and words & set(name.lower().split("_"))
    }
    assert found == set()


def test_the_search_for_names_is_not_blind() -> None:
    slugs = {platform.slug for platform in registry().all()}
    assert len(slugs) > 1
    assert all(names_platform(f"provider == '{slug}'") == {slug} for slug in slugs)
    assert names_platform('<meta charset="utf-8">') == set()
    assert names_platform("the metadata of a tiktoker") == set()
    assert names_platform("connect.Facebook.net") == {"facebook"}


def test_rooms_are_small() -> None:
    too_long = {
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in [*python_files(*SOURCES), *ROOT.glob("sdk/browser/src/**/*.ts"), *ROOT.glob("webui/static/js/*.js")]
        if MIGRATIONS not in path.parents and (lines := len(path.read_text("utf-8").splitlines())) > MAX_MODULE
    }
    assert too_long == set()


def test_functions_are_short() -> None:
    too_long = {
        f"{path.relative_to(ROOT)}: {node.name}, {node.end_lineno - node.lineno + 1} lines"
        for path in python_files(*SOURCES)
        if MIGRATIONS not in path.parents
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION
    }
    assert too_long == set()


def test_every_module_says_what_it_owns() -> None:
    silent = {
        str(path.relative_to(ROOT))
        for path in python_files(*SOURCES)
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    }
    assert silent == set()


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in python_files("tests")}
    assert {str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()} == set()


def test_the_reference_of_hooks_names_every_hook_with_its_arguments() -> None:
    page = (ROOT / "docs/reference/hooks.md").read_text("utf-8")
    described = dict(re.findall(r"^## (\w+)\(([^)]*)\)$", page, re.MULTILINE))
    specified = {
        name: ", ".join(inspect.signature(function).parameters)
        for name, function in vars(hookspecs).items()
        if hasattr(function, f"{hookspecs.PROJECT}_spec")
    }
    assert described == specified
    assert "enrich_event" in specified
