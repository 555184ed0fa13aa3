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
class Answer:
    """An answer to a question: it leads to a circumstance, or to the next question."""

    text: str
    circumstance: str = ""
    question: "Question | None" = None


@dataclass(frozen=True)
class Question:
    """A question of the short list by which people find their circumstance."""

    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Guide:
    """Where a province's own guide for the matter is to be read (P23, first stage)."""

    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Codes:
    """The national codes of a procedure at a place (GB/T 39554.1), and the place's own."""

    base: str = ""
    implementing: str = ""
    procedure: str = ""
    local: str = ""


@dataclass(frozen=True)
class When:
    """A condition on a form field: another field must have one of these answers."""

    field: str
    values: tuple[str, ...]


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
    when: When | None = None

    def applies(self, circumstance: str) -> bool:
        return not self.only_for or circumstance in self.only_for

    def is_asked(self, answers: Mapping[str, Any]) -> bool:
        """Say whether the field is asked for, given what the other fields say."""
        return self.when is None or str(answers.get(self.when.field, "")) in self.when.values


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
    question: Question | None = None  # the first of the decision list; none: circumstances are simply listed
    guide: Guide = Guide()
    codes: Codes = Codes()
    # What a place has of its own; empty: as the item list says.
    fee: str = ""
    results: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    delivery: tuple[str, ...] = ()

    def materials_for(self, circumstance: str) -> tuple[MaterialRequirement, ...]:
        return tuple(m for m in self.materials if m.applies(circumstance))

    def fields_for(
        self, circumstance: str, answers: Mapping[str, Any] | None = None
    ) -> tuple[FormField, ...]:
        """Give the form fields of a circumstance; with answers, only those whose conditions hold."""
        fields = (f for f in self.fields if f.applies(circumstance))
        return tuple(f for f in fields if answers is None or f.is_asked(answers))

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
        question=_first_question(content),
        guide=Guide(**content.get("guide", {})),
        codes=Codes(**content.get("codes", {})),
        fee=content.get("fee", ""),
        results=_words(content.get("results")),
        modes=_words(content.get("modes")),
        delivery=_words(content.get("delivery")),
    )


def _first_question(content: Mapping[str, Any]) -> Question | None:
    """Give the decision list as a tree; what leads round in a circle or nowhere is left out."""
    rows = {q["key"]: q for q in content.get("question", ())}

    def tree(key: str, above: frozenset[str]) -> Question | None:
        if key not in rows or key in above:
            return None
        answers = []
        for row in rows[key].get("answers", ()):
            kind, _sep, about = row.get("to", "").partition(":")
            if kind == "circumstance":
                answers.append(Answer(row["text"], circumstance=about))
            elif kind == "question" and (below := tree(about, above | {key})):
                answers.append(Answer(row["text"], question=below))
        return Question(rows[key]["text"], tuple(answers)) if answers else None

    return tree(next(iter(rows)), frozenset()) if rows else None


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
        when=When(row["when"]["field"], _words(row["when"].get("values"))) if row.get("when") else None,
    )


def _words(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(values or ())
