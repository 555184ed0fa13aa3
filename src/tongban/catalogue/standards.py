"""What an acceptance standard says, as typed values read from its content."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tongban.catalogue.models import AcceptanceStandard
from tongban.kernel import refusals


class NotInForm(refusals.Incomplete):
    """表单里没有“{key}”这一项。"""


@dataclass(frozen=True)
class Circumstance:
    """A branch of a procedure that changes its materials (办理情形)."""

    key: str
    name: str


@dataclass(frozen=True)
class MaterialRequirement:
    """A material that must be handed in (申请材料要求), with what the clerk looks at."""

    key: str
    name: str
    originals: int
    copies: int
    required: bool
    only_for: tuple[str, ...]
    source: str
    returned: bool
    note: str
    review_points: tuple[str, ...]

    def applies(self, circumstance: str) -> bool:
        """Say whether the material is asked for in a circumstance; none chosen: only what all have in common."""
        return not self.only_for or circumstance in self.only_for


@dataclass(frozen=True)
class FormField:
    """A field of the application form."""

    key: str
    label: str
    type: str
    required: bool
    choices: tuple[str, ...]
    only_for: tuple[str, ...]
    help: str

    def applies(self, circumstance: str) -> bool:
        return not self.only_for or circumstance in self.only_for


@dataclass(frozen=True)
class LegalBasis:
    """A law or rule that a procedure stands on."""

    title: str
    article: str
    document_number: str


@dataclass(frozen=True)
class Standard:
    """The content of an acceptance standard."""

    circumstances: tuple[Circumstance, ...]
    materials: tuple[MaterialRequirement, ...]
    fields: tuple[FormField, ...]
    legal_basis: tuple[LegalBasis, ...]
    reviewed: str

    def materials_for(self, circumstance: str) -> tuple[MaterialRequirement, ...]:
        return tuple(m for m in self.materials if m.applies(circumstance))

    def fields_for(self, circumstance: str) -> tuple[FormField, ...]:
        return tuple(f for f in self.fields if f.applies(circumstance))

    def field(self, key: str) -> FormField:
        """Give a form field by its key.

        Raises:
            NotInForm: when the form has none of that key.
        """
        for field in self.fields:
            if field.key == key:
                return field
        raise NotInForm(key=key)


EMPTY = Standard((), (), (), (), "")


@functools.lru_cache(maxsize=4096)
def _parsed(id_: int, digest: bytes) -> list[Standard]:
    return []


def of(row: AcceptanceStandard | None) -> Standard:
    """Give what a standard says; a published one never changes, so each is read once a process."""
    if row is None:
        return EMPTY
    known = _parsed(row.id, bytes(row.digest))
    if not known:
        known.append(parse(row.content))
    return known[0]


def parse(content: Mapping[str, Any]) -> Standard:
    """Turn a standard's stored content into typed values."""
    return Standard(
        circumstances=tuple(Circumstance(c["key"], c["name"]) for c in content.get("circumstance", ())),
        materials=tuple(_material(m) for m in content.get("material", ())),
        fields=tuple(_field(f) for f in content.get("field", ())),
        legal_basis=tuple(
            LegalBasis(b["title"], b.get("article", ""), b.get("document_number", ""))
            for b in content.get("legal_basis", ())
        ),
        reviewed=content.get("reviewed", ""),
    )


def _material(row: Mapping[str, Any]) -> MaterialRequirement:
    return MaterialRequirement(
        key=row["key"],
        name=row["name"],
        originals=row.get("originals", 0),
        copies=row.get("copies", 0),
        required=row.get("required", True),
        only_for=_words(row.get("only_for")),
        source=row.get("source", ""),
        returned=row.get("returned", False),
        note=row.get("note", ""),
        review_points=_words(row.get("review_points")),
    )


def _field(row: Mapping[str, Any]) -> FormField:
    return FormField(
        key=row["key"],
        label=row["label"],
        type=row.get("type", "text"),
        required=row.get("required", True),
        choices=_words(row.get("choices")),
        only_for=_words(row.get("only_for")),
        help=row.get("help", ""),
    )


def _words(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(values or ())
