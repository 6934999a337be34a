"""The distribution `adrail`: builds as a wheel, stands alone, and promises exactly these names."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import adrail

SOURCE = Path(__file__).resolve().parents[3] / "sdk" / "python"

# What plugins may rely on. Taking a name away breaks them: that needs a new major version of the API.
PUBLIC = {
    "Accepted", "AdrailError", "Auth", "AuthError", "ConnectionRef", "ConsentReceipt", "Conversion", "ConversionLimits",
    "ConversionSender", "Credentials", "CspSources", "HashedIdentifier", "HealthCheck", "HealthReport", "HealthRequest",
    "Ignored", "Invalid", "InvalidPayloadError", "Item", "NotSupportedError", "Outcome", "PaymentKind", "PaymentNotice",
    "PaymentProvider", "PaymentWebhooks", "PixelProvider", "Phrase",
    "Platform", "RawIdentifier", "Retry", "RetryableError", "SDK_VERSION", "SandboxProvider", "SendRequest",
    "SignatureError", "SigningSecrets", "Submitted", "Throttled", "ThrottledError", "Transport", "UnusedNotice",
    "UserData", "WebhookRequest", "hookimpl", "phrase", "setting",
}  # fmt: skip

PROBE = """
import importlib.metadata, json, sys
import adrail, adrail.hookspecs, adrail.sandbox, adrail.settings
try:
    client = str(adrail.Client)
except ImportError as exc:
    client = str(exc)
print(json.dumps({
    "names": sorted(adrail.__all__),
    "missing": [name for name in adrail.__all__ if not hasattr(adrail, name)],
    "foreign": sorted(
        name for name in sys.modules
        if "." not in name and name not in sys.stdlib_module_names and name not in sys.builtin_module_names
    ),
    "client": client,
    "file": adrail.__file__,
    "requires": importlib.metadata.requires("adrail"),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("*.egg-info", "build", "__pycache__"))
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, *build, "--wheel-dir", str(folder), str(folder / "source")], check=True, timeout=100
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh environment says that holds the wheel, pluggy and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    python = folder / "bin" / "python"
    [site] = folder.glob("lib/python3*/site-packages")
    install = ["-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, *install], check=True, timeout=60)
    pluggy = importlib.metadata.distribution("pluggy")
    for name in {Path(str(file)).parts[0] for file in pluggy.files or []}:
        shutil.copytree(str(pluggy.locate_file(name)), site / name)
    done = subprocess.run([str(python), "-I", "-c", PROBE], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_wheel_holds_the_package_with_its_types_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "adrail/py.typed" in names
    modules = {str(path.relative_to(SOURCE / "src")) for path in (SOURCE / "src" / "adrail").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"adrail"}
    assert wheel.name == f"adrail-{importlib.metadata.version('adrail')}-py3-none-any.whl"


def test_it_imports_alone_with_pluggy(alone: dict[str, Any]) -> None:
    assert set(alone["foreign"]) - {"__main__", "_distutils_hack", "sitecustomize"} == {"adrail", "pluggy"}
    assert alone["missing"] == []
    assert "site-packages/adrail" in alone["file"]
    assert [item for item in alone["requires"] if "extra ==" not in item] == ["pluggy>=1.5"]


def test_its_public_names_are_the_promised_ones(alone: dict[str, Any]) -> None:
    assert set(alone["names"]) == set(adrail.__all__) == PUBLIC


def test_public_names_come_from_modules_of_the_package() -> None:
    for name in PUBLIC - {"SDK_VERSION", "Outcome"}:
        assert getattr(adrail, name).__module__.startswith(("adrail.", "pluggy.")), name
        assert getattr(adrail, name).__doc__, name


def test_the_client_says_what_it_lacks(alone: dict[str, Any]) -> None:
    assert alone["client"] == 'adrail.Client needs httpx: pip install "adrail[client]"'
