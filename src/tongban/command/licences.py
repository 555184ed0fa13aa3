"""What the product is built of, as its two locks name it, and under which licence each part comes.

`docs/licences.md` is made of this by `python -m tongban.command.documents`. A licence that is not on the
list below fails the check: somebody must read it first, and then put it on the list or take the part out.
"""

import base64
import importlib.metadata
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parents[3]
PAGE = CHECKOUT / "docs/licences.md"
PYTHON_LOCK = CHECKOUT / "requirements.lock"
NPM_LOCK = CHECKOUT / "package-lock.json"

# What may be used by a product that is handed to authorities: permissive licences, and weak copyleft (LGPL,
# MPL) of parts that are used as they come. Nothing here asks for the product's own source.
# fmt: off
ALLOWED = frozenset([
    "0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LGPL-2.1-or-later",
    "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "OFL-1.1", "PSF-2.0",
    "Python-2.0", "Unlicense", "Zlib",
])
# fmt: on
# Where a part names its licence in words of its own: the SPDX name.
_WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.1-or-later",
    "isc license (iscl)": "ISC",
    "mit and ofl-1.1": "MIT AND OFL-1.1",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "psfl": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
_LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<rest>.*)$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_ROW = re.compile(r"^\| (?P<name>[^|]+?) \| [^|]+ \| (?P<licence>[^|]+?) \|", re.MULTILINE)
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Part:
    """A part from outside: where it comes from (`pypi`, `npm`), its name, version, digests and licence.

    Digests are hexadecimal: SHA-256 of each file on PyPI, SHA-512 of the archive on npm.
    """

    source: str
    name: str
    version: str
    digests: tuple[str, ...]
    licence: str
    is_for_development: bool = False


def python_parts() -> list[Part]:
    """Give what requirements.lock names, by name."""
    known, needed = _licences_on_the_page(), needed_by(project()["dependencies"])
    return [
        Part(
            "pypi",
            name,
            version,
            digests,
            _python_licence(name) or known.get(name, UNKNOWN),
            name not in needed,
        )
        for name, version, digests in locked()
    ]


def project() -> dict[str, list[str]]:
    """Give what pyproject.toml asks for: `dependencies` to run, `dev` to build and test."""
    said = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    return {"dependencies": said["project"]["dependencies"], "dev": said["dependency-groups"]["dev"]}


def needed_by(wanted: Iterable[str]) -> set[str]:
    """Give the names of all packages that these requirements bring in, on whatever machine."""
    found: set[str] = set()
    open_ends = [Requirement(words) for words in wanted]
    seen: set[tuple[str, str]] = set()
    while open_ends:
        requirement = open_ends.pop()
        name = canonicalize_name(requirement.name)
        found.add(name)
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                inner = importlib.metadata.requires(name) or []
            except importlib.metadata.PackageNotFoundError:  # not for this machine
                continue
            open_ends += held(inner, extra=extra)
    return found


def held(wanted: Iterable[str], *, extra: str = "") -> list[Requirement]:
    """Read requirements, leaving out those of extras that nobody asked for."""
    return [requirement for requirement in map(Requirement, wanted) if _is_asked_for(requirement, extra)]


def _is_asked_for(requirement: Requirement, extra: str) -> bool:
    """Tell whether a requirement holds without extras, or by this one; other conditions count as met."""
    conditions = str(requirement.marker or "")
    extras = re.findall(r"extra == ['\"]([^'\"]+)['\"]", conditions)
    return extra in extras if extras else not extra


def locked(text: str | None = None) -> list[tuple[str, str, tuple[str, ...]]]:
    """Give name, version and SHA-256 digests of every package in a requirements lock."""
    found = []
    for entry in re.split(r"\n(?=\S)", text if text is not None else PYTHON_LOCK.read_text()):
        match = _LOCKED.match(entry.split("\\")[0].strip())
        if match:
            found.append((match["name"].lower(), match["version"], tuple(_HASH.findall(entry))))
    return sorted(found)


def npm_parts() -> list[Part]:
    """Give what package-lock.json names, by name."""
    known, found = _licences_on_the_page(), []
    for place, entry in json.loads(NPM_LOCK.read_text())["packages"].items():
        if not place:
            continue
        name = place.rsplit("node_modules/", 1)[1]
        licence = spdx_of(entry.get("license") or _npm_licence(place)) or known.get(name, UNKNOWN)
        digest = _hexadecimal(entry.get("integrity", ""))
        found.append(Part("npm", name, entry["version"], digest, licence, bool(entry.get("dev"))))
    return sorted(found, key=lambda part: (part.name, part.version))


def _hexadecimal(integrity: str) -> tuple[str, ...]:
    kind, _, digest = integrity.partition("-")
    return (base64.b64decode(digest).hex(),) if kind == "sha512" else ()


def _python_licence(name: str) -> str:
    """Read the licence of an installed package; empty when it is not installed here or says nothing."""
    try:
        said = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    classifiers = [
        words.split(" :: ")[-1] for words in said.get_all("Classifier") or [] if "License" in words
    ]
    declared = [*(said.get_all("License-Expression") or []), *(said.get_all("License") or [])]
    for words in (*(text.split("\n")[0] for text in declared), *classifiers):
        if words and (licence := spdx_of(words)):
            return licence
    return ""


def _npm_licence(place: str) -> str:
    try:
        said = json.loads((CHECKOUT / place / "package.json").read_text()).get("license", "")
    except OSError:
        return ""
    return str(said.get("type", "")) if isinstance(said, dict) else str(said)


def spdx_of(words: str) -> str:
    """Give the SPDX expression for what a package says of its licence; empty when that says nothing."""
    words = " ".join(words.split())
    if found := _WORDS.get(words.lower()):
        return found
    names = re.findall(r"[A-Za-z0-9.+-]+", words)
    is_expression = all(n in ALLOWED or n in ("AND", "OR", "WITH") or re.search(r"\d", n) for n in names)
    return words if names and is_expression else ""


def is_allowed(expression: str) -> bool:
    """Tell whether an SPDX expression can be met with licences on the list."""
    while "(" in expression:
        inner = re.sub(r"\(([^()]*)\)", lambda found: "MIT" if is_allowed(found[1]) else UNKNOWN, expression)
        if inner == expression:  # a bracket that never closes
            return False
        expression = inner
    return any(
        all(name.strip() in ALLOWED for name in choice.split(" AND ")) for choice in expression.split(" OR ")
    )


def unfit(parts: Iterable[Part]) -> list[str]:
    """Say which parts come under a licence that nobody has put on the list."""
    return [f"{part.name} {part.version}: {part.licence}" for part in parts if not is_allowed(part.licence)]


def page() -> str:
    """Give docs/licences.md."""
    lines = [
        "# What Tongban is built of",
        "",
        "Generated from the locks and from what each package says of itself. Do not edit; `make documents`.",
        "Licences are SPDX expressions; `make check` refuses one that is not on the list in",
        "`tongban.command.licences`. `make sbom` writes the same as a CycloneDX bill of materials.",
    ]
    for title, parts in (("Python", python_parts()), ("Browser files, fonts, test tools (npm)", npm_parts())):
        lines += ["", f"## {title}", "", "| Package | Version | Licence |", "|---|---|---|"]
        lines += [f"| {part.name} | {part.version} | {part.licence} |" for part in parts]
    return "\n".join(lines) + "\n"


def _licences_on_the_page() -> dict[str, str]:
    """Give what the page says now: for packages that this machine does not install (Windows, PyPy)."""
    if not PAGE.exists():
        return {}
    return {
        row["name"]: row["licence"] for row in _ROW.finditer(PAGE.read_text()) if row["licence"] != UNKNOWN
    }
