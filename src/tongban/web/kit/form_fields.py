"""Fields of an application form, the same wherever a form is filled in: how each is shown, and what was posted.

A field is shown by `kit/form_field.html` from what `of` gives. Its inputs are named after it: `form.<key>`; an
address has `form.<key>.province`, `.city`, `.county` and `.street`; files come as `files.form.<key>`, and the
button that takes one off posts `do=unscan:<id>`. `posted` reads one field back as the line that
`cases.operations` takes. What is not posted was not changed. All of it works without script: selects of an
address appear one after the other, each with the save before it.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tongban.cases.models import Scan
from tongban.catalogue import addresses
from tongban.catalogue import rules as catalogue_rules
from tongban.catalogue.standards import FormField
from tongban.directory import queries as directory
from tongban.directory.models import Division, Level

PLACE = ("province", "city", "county")
SECRET_TYPES = frozenset(catalogue_rules.SECRET_TYPES)  # never written back into a page
REDRAWN = frozenset({"secret", "address", "file"})  # look different once they are saved
Files = MultiValueDict[str, "UploadedFile[bytes]"]


@dataclass(frozen=True)
class Choice:
    """One option of a list of radio buttons or of a select."""

    value: str
    label: str | Promise
    is_chosen: bool = False
    note: str | Promise = ""


@dataclass(frozen=True)
class Select:
    """One step of the way down to a place."""

    name: str
    label: str | Promise
    choices: Sequence[Choice]


@dataclass(frozen=True)
class Attached:
    """A file that answers a field: where it can be seen, and how the button is called that takes it off."""

    id: int
    name: str
    url: str
    media_type: str
    pages: int


@dataclass(frozen=True)
class Field:
    """One input of a page: how it is called, what is in it, and what is wrong with it.

    `type` is one of text, number, date, choice, address, file, secret (never written back; `value` is the masked
    number).
    """

    name: str
    label: str | Promise
    type: str = "text"
    value: str = ""  # of an address: its street line
    is_required: bool = False
    choices: Sequence[str] = ()
    help: str | Promise = ""
    error: str = ""
    is_open: bool = False  # of a secret: asks for the number instead of showing the masked one
    limit: int = 500
    autocomplete: str = "off"
    selects: Sequence[Select] = ()
    files: Sequence[Attached] = ()

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")

    @property
    def is_outside(self) -> bool:
        """Whether an address is at a place whose divisions we do not hold."""
        return any(c.is_chosen and c.value == addresses.OUTSIDE for s in self.selects for c in s.choices)


def of(
    field: FormField,
    *,
    kept: Any,
    shown: str,
    on: datetime.date,
    typed: Mapping[str, str] | None = None,
    error: str = "",
    change: str = "",
    files: Sequence[Attached] = (),
) -> Field:
    """Give the input for a field of the application form.

    Args:
        kept: the answer as the case keeps it (`case.form.get(key)`).
        shown: the answer as it may be shown (`cases.queries.shown_answers`).
        on: the day whose divisions an address may name.
        typed: what was posted and refused, by the names of the inputs, to be shown again.
        change: the name of the secret field that is to be opened although it is filled.
        files: what answers a field for files.
    """
    typed, name = typed or {}, f"form.{field.key}"
    value, type_, is_open = typed.get(name, shown), "text", True
    selects: Sequence[Select] = ()
    if field.type in SECRET_TYPES:
        type_, value = "secret", shown
        is_open = not shown or change == name or bool(error)
    elif field.type == "address":
        type_, address = "address", addresses.of_kept(kept)
        value = typed.get(f"{name}.street", address.street)
        picked = _picked(typed, prefix=f"{name}.")
        selects = address_selects(address.code if picked is None else picked, name=name, on=on)
    elif field.type in ("number", "date", "choice", "file"):
        type_ = field.type
    return Field(
        name,
        field.label,
        type_,
        value,
        field.required,
        field.choices,
        field.help,
        error,
        is_open,
        limit=addresses.LONGEST if type_ == "address" else 500,
        selects=selects,
        files=files,
    )


def attached(scans: Iterable[Scan], key: str, *, url: Callable[[Scan], str]) -> list[Attached]:
    """Give the files among a case's scans that answer a field; `url` says where one is seen."""
    return [Attached(s.id, s.name, url(s), s.media_type, s.pages) for s in scans if s.field_key == key]


def names_of(field: FormField) -> tuple[str, ...]:
    """Give the names of the inputs that a field posts, files apart."""
    name = f"form.{field.key}"
    if field.type == "address":
        return (*(f"{name}.{part}" for part in PLACE), f"{name}.street")
    return (name,)


def posted(field: FormField, data: QueryDict) -> str | None:
    """Give what was posted for a field as the one line that `intake.save` takes; None when it was not posted.

    An address is posted as a whole; `form.<key>` itself, from a program, counts as it stands.
    """
    name = f"form.{field.key}"
    if field.type == "address" and name not in data:
        if not any(one in data for one in names_of(field)):
            return None
        code = picked_place(data, prefix=f"{name}.") or ""
        return addresses.Address(code, "", data.get(f"{name}.street", "").strip()).posted
    return data.getlist(name)[-1].strip() if name in data else None


def is_changed(field: FormField, value: str, *, kept: Any, shown: str) -> bool:
    """Tell whether a posted line says anything new; an empty secret means that nobody touched it."""
    if field.type in SECRET_TYPES:
        return bool(value)
    if field.type == "address":
        return value != addresses.of_kept(kept).posted
    return field.type != "file" and value != shown


def files_of(field: FormField, files: Files) -> "Sequence[UploadedFile[bytes]]":
    """Give the files that were posted for a field."""
    return files.getlist(f"files.form.{field.key}") if field.type == "file" else ()


def typed_of(field: FormField, data: QueryDict) -> dict[str, str]:
    """Give what was typed into a field's inputs, to be shown again; of a secret nothing."""
    if field.type in SECRET_TYPES:
        return {}
    return {name: str(data.getlist(name)[-1]) for name in names_of(field) if name in data}


def picked_place(data: Mapping[str, Any], *, prefix: str = "") -> str | None:
    """Give the code of the most local division that was picked, None when the form did not ask.

    A city or county that does not lie in what was picked above it is a leftover and does not count.
    """
    if f"{prefix}province" not in data:
        return None
    return _picked({name: str(data.get(f"{prefix}{name}", "")) for name in PLACE}) or ""


def _picked(values: Mapping[str, str], *, prefix: str = "") -> str | None:
    if f"{prefix}province" not in values:
        return None
    code = ""
    for name, digits in zip(PLACE, (0, 2, 4), strict=True):
        value = values.get(f"{prefix}{name}", "")
        if not value or (code and value[:digits] != code[:digits]):
            break
        code = value
    return code


def address_selects(code: str, *, name: str, on: datetime.date) -> list[Select]:
    """Give the selects of an address; besides the provinces stands one place for everywhere else."""
    is_outside = code == addresses.OUTSIDE
    steps = selects_of("" if is_outside else code, on=on)
    first = steps[0] if steps else Select(PLACE[0], "", ())
    outside = Choice(addresses.OUTSIDE, _("其他地方（在下面写全地址）"), is_outside)
    steps = [Select(first.name, first.label, [*first.choices, outside]), *steps[1:]]
    return [Select(f"{name}.{step.name}", step.label, step.choices) for step in steps]


def selects_of(place: str, *, on: datetime.date) -> list[Select]:
    """Give the selects from the province down to what has been picked, and the next one below."""
    chosen = (
        [c for c in (place[:digits].ljust(12, "0") for digits in (2, 4, 6)) if c <= place] if place else []
    )
    chosen = list(dict.fromkeys(chosen))
    steps: list[Select] = []
    parent: str | None = None
    for name in PLACE:
        rows = [
            d
            for d in directory.divisions_of(parent, on=on)
            if d.level in (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)
        ]
        if not rows:
            break
        picked = next((d.code for d in rows if d.code in chosen), "")
        choices = [Choice(d.code, d.name, d.code == picked) for d in rows]
        # Whoever names a place that is no more is led to what came after it.
        choices += [
            Choice(after.code, _("{old}（现由{new}承接）").format(old=old.name, new=after.name))
            for old, after in directory.ended_of(parent, on=on)
        ]
        steps.append(Select(name, _label_of(rows), choices))
        if not picked:
            break
        parent = picked
    return steps


def _label_of(rows: Sequence[Division]) -> str:
    words = {
        Level.PROVINCE: _("省（市、自治区）"),
        Level.PREFECTURE: _("市（州）"),
        Level.COUNTY: _("县（市、区）"),
    }
    return words[Level(rows[0].level)]
