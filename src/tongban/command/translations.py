"""The English catalogue: find every text marked for translation, keep the catalogue complete.

`python -m tongban.command.translations` adds new texts (untranslated) and drops old ones; with `--check`
it fails when a text has no English, or the catalogue no longer fits the code.
"""

import argparse
import ast
import inspect
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages import pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from django.conf import settings
from django.utils import translation

HERE = Path(__file__).resolve().parents[1]
CATALOGUE = HERE / "locale/en/LC_MESSAGES/django.po"
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


def texts() -> dict[str, list[str]]:
    """Give every text marked for translation, with the files where it stands."""
    found: dict[str, set[str]] = {}
    for path in sorted([*HERE.rglob("*.py"), *HERE.rglob("*.html")]):
        if "migrations" in path.parts:
            continue
        where = path.relative_to(HERE).as_posix()
        words = _of_template(path) if path.suffix == ".html" else [*_of_module(path), *_of_refusals(path)]
        for word in words:
            found.setdefault(word, set()).add(where)
    for word in _of_api():
        found.setdefault(word, set()).add("web/api")
    return {word: sorted(places) for word, places in sorted(found.items())}


def _of_module(path: Path) -> Iterator[str]:
    yield from _extracted(path.read_bytes())


def _of_template(path: Path) -> Iterator[str]:
    from django.utils.translation.template import templatize

    on_one_line = _TAG.sub(lambda tag: " ".join(tag.group().split()), path.read_text())
    source = templatize(on_one_line, origin=str(path))
    # What stands around the texts is made of Xs with the template's indentation, which Python would mind.
    yield from _extracted("\n".join(line.lstrip() for line in source.split("\n")).encode())


def _of_api() -> Iterator[str]:
    """The API is described where its operations are; what its page shows of that is text for people."""
    from tongban.web.api import documentation
    from tongban.web.api.urls import api

    with translation.override(settings.LANGUAGE_CODE):
        yield from documentation.texts(api.get_openapi_schema())


def _extracted(source: bytes) -> Iterator[str]:
    for _line, _keyword, messages, _comments in extract_python(io.BytesIO(source), KEYWORDS, [], {}):
        first = messages[0] if isinstance(messages, list | tuple) else messages
        if first:
            yield str(first)


def _of_refusals(path: Path) -> Iterator[str]:
    """A refusal's docstring is its message."""
    text = path.read_text()
    if "refusals" not in text and "Refusal" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.bases:
            doc = ast.get_docstring(node, clean=False)
            if doc and any("\u4e00" <= c <= "\u9fff" for c in doc):
                yield inspect.cleandoc(doc)


def read() -> Catalog:
    """Give the catalogue as it is kept."""
    if not CATALOGUE.exists():
        return Catalog(locale="en", project="tongban")
    with CATALOGUE.open("rb") as file:
        return pofile.read_po(file, locale="en")


def updated() -> Catalog:
    """Give the catalogue with exactly the texts that the code has, translations kept."""
    old = read()
    new = Catalog(locale="en", project="tongban", charset="utf-8")
    for word, places in texts().items():
        known = old.get(word)
        new.add(word, known.string if known else "", locations=[(p, None) for p in places])  # type: ignore[misc]
    return new


def main() -> int:
    """Bring the catalogue up to date, or with `--check` say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is missing")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
    import django

    django.setup()
    catalogue = updated()
    missing = [str(m.id) for m in catalogue if m.id and not m.string]
    if not options.check:
        CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
        with CATALOGUE.open("wb") as file:
            pofile.write_po(file, catalogue, width=110, omit_header=False, sort_output=True)
        print(f"{len(missing)} texts without English")
        return 0
    gone = {str(m.id) for m in read() if m.id} - {str(m.id) for m in catalogue if m.id}
    for word in missing[:20]:
        print(f"no English: {word}", file=sys.stderr)
    for word in sorted(gone)[:20]:
        print(f"no longer used: {word}", file=sys.stderr)
    return 1 if missing or gone else 0


if __name__ == "__main__":
    sys.exit(main())
