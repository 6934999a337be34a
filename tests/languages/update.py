"""Brings every catalogue up to date with the texts in the source, and says what is still to translate."""

from __future__ import annotations

import click

from tests.languages.catalogues import TRANSLATIONS, forms, parts, texts, updated, written


def main() -> None:
    """Write the files."""
    for part in parts():
        if not any(message.id for message in texts(part)):
            continue
        for language in TRANSLATIONS:
            catalogue = updated(part, language)
            path = part.path(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(catalogue))
            missing = [message for message in catalogue if message.id and not all(forms(message))]
            click.echo(f"{path.name} of {part.name}, {language}: {len(catalogue)} texts, {len(missing)} to translate")


if __name__ == "__main__":
    main()
