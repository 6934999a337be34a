"""Every text that people read, collected from code, templates and plugins, and the catalogues that translate them.

`python -m tests.languages.update` brings the files up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from adrail import Platform
from adrail.settings import setting_fields
from core.codes.api import settings_form
from core.delivery import reasons
from core.languages import DEFAULT, LANGUAGES
from core.registry import registry
from server.demo import content
from tracking.rejected.remedies import every_text

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "messages"
# `phrase` and `later` mark texts that are translated where they are shown.
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "lazy_gettext", "later", "phrase"), None),
    **dict.fromkeys(("ngettext", "lazy_ngettext"), (1, 2)),
    "pgettext": ((1, "c"), 2),
}
TICKETS = ("Early bird", "General admission", "VIP with backstage tour")
"""The demo's kinds of tickets."""
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"silent": "false"}}
TRANSLATIONS = tuple(code for code in LANGUAGES if code != DEFAULT)


@dataclass(frozen=True, slots=True)
class Part:
    """A folder with a catalogue of its own, beside whose code `translations/` stands."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder as people write it."""
        return self.folder.relative_to(ROOT).as_posix()

    def path(self, language: str, suffix: str = "po") -> Path:
        """Return where a language's catalogue is."""
        return self.folder / "translations" / language / "LC_MESSAGES" / f"{DOMAIN}.{suffix}"


def parts() -> list[Part]:
    """Return every part of this repository that says something to people."""
    plugins = sorted(path.parent for path in (ROOT / "plugins").glob("*/__init__.py"))
    return [Part(ROOT / "core"), Part(ROOT / "webui"), *map(Part, plugins)]


def texts(part: Part) -> Catalog:
    """Return the texts of a part as they are in its source now."""
    found = Catalog(domain=DOMAIN, project="adrail", fuzzy=False)
    for path, line, message, comments, context in extract_from_dir(
        part.folder, METHODS, OPTIONS, KEYWORDS, directory_filter=_ours
    ):
        found.add(message, None, [(f"{part.name}/{path}", line)], auto_comments=comments, context=context)
    for text in _declared(part):
        found.add(text, None, [(part.name, 0)])
    return found


def _ours(folder: str) -> bool:
    return Path(folder).name not in {"node_modules", "static", "translations", "migrations", "sandbox", "__pycache__"}


def _declared(part: Part) -> Iterator[str]:
    """What is said by declaring it, without a call that marks it."""
    if part.name == "core":
        yield from (text for pair in reasons.EXPLAIN.values() for text in pair)
        yield from (text for platform in registry().all() for text in _common_fields(platform))
    elif part.name == "webui":
        yield from every_text()
        # What the demo marketplace sells.
        yield from {genre for _, genre, *_ in content.TITLES}
        yield from (*content.DESCRIPTIONS.values(), content.DEFAULT_DESCRIPTION, *TICKETS)
    else:
        module = part.name.replace("/", ".") + "."
        for platform in registry().all():
            if platform.settings.__module__.startswith(module):
                yield from filter(None, _of_platform(platform))
        for provider in registry().payment_providers():
            if type(provider.webhooks).__module__.startswith(module):
                yield from filter(None, (provider.label, provider.help))


def _common_fields(platform: Platform) -> Iterator[str]:
    own = {item.name for item, _ in setting_fields(platform.settings)}
    for spec in settings_form(platform.slug):
        if spec.name not in own:
            yield from filter(None, (spec.label, spec.help, *(label for _, label in spec.choices)))


def _of_platform(platform: Platform) -> Iterator[str]:
    for _, info in setting_fields(platform.settings):
        yield from (info.label, info.help, info.placeholder)
    for happened, remedy in platform.explain.values():
        yield from (happened, remedy)


def updated(part: Part, language: str) -> Catalog:
    """Return the catalogue of a language with today's texts; translations of texts that are gone are dropped."""
    path = part.path(language)
    with path.open("rb") if path.exists() else BytesIO() as file:
        known = read_po(file, locale=language, domain=DOMAIN)
    fresh = Catalog(locale=language, domain=DOMAIN, project="adrail", fuzzy=False, header_comment="")
    for message in texts(part):
        if not message.id:
            continue
        before = known.get(message.id, message.context)
        translation = before.string if before is not None and not before.fuzzy else None
        places = sorted({place for place, _ in message.locations})
        fresh.add(message.id, translation, [(place, 0) for place in places], context=message.context)
    return fresh


def forms(message: Message) -> tuple[str, ...]:
    """Return the translation's plural forms, or the one it has; empty ones are still to be written."""
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(message.string or ("",))


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as its file: without dates and line numbers, so that it changes when its texts do."""
    out = BytesIO()
    write_po(out, catalogue, width=120, include_lineno=False, omit_header=True, sort_output=True)
    header = (
        f'msgid ""\nmsgstr ""\n"Language: {catalogue.locale}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    return header.encode() + out.getvalue()
