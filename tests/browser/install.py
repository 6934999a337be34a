"""Makes sure that a Chromium is there: the system's, installed by its package manager when missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
RECIPES = (
    (
        "apt-get",
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ),
    ("dnf", ["true"], ["dnf", "install", "-y", "-q", "chromium"]),
    ("apk", ["true"], ["apk", "add", "-q", "chromium"]),
    ("brew", ["true"], ["brew", "install", "--cask", "chromium"]),
)


def find_chromium() -> str | None:
    """The path of a Chromium: CHROMIUM_PATH, or one the system has."""
    given = os.environ.get("CHROMIUM_PATH")
    candidates = [given] if given else [shutil.which(name) for name in NAMES] + [MAC]
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def main() -> None:
    """Install one when there is none; exits with a message that says what to do."""
    if find_chromium():
        return
    for tool, prepare, install in RECIPES:
        if shutil.which(tool):
            prefix = ["sudo", "-n"] if tool != "brew" and os.geteuid() != 0 else []
            subprocess.run([*prefix, *prepare], check=True)
            subprocess.run([*prefix, *install], check=True)
            break
    if not find_chromium():
        sys.exit("no Chromium found: install one, or set CHROMIUM_PATH to its executable")


if __name__ == "__main__":
    main()
