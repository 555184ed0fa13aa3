"""Answers to the application form as a case keeps them: plain, sealed, an address by division, or files."""

import datetime
from collections.abc import Callable
from typing import Any

from tongban.cases import permissions, queries
from tongban.cases.models import Case, Scan
from tongban.cases.operations import _step
from tongban.catalogue import addresses, standards
from tongban.catalogue import rules as catalogue_rules
from tongban.documents import operations as documents
from tongban.kernel import ids, keyring, refusals
from tongban.people.actors import Actor

MOST_FILES = 10  # a field


def kept(case: Case, field: standards.FormField, value: Any, *, on: datetime.date) -> str | dict[str, Any]:
    """Check an answer and give it as the case keeps it; numbers of people are sealed, their mask beside (S1).

    Raises:
        catalogue.rules.*, catalogue.addresses.*, numbers.InvalidNumber: with the field named.
    """
    if field.type == "address":
        try:
            return addresses.read(str(value), label=field.label, on=on).kept()
        except refusals.Refusal as refusal:
            refusal.fields[f"form.{field.key}"] = refusal.message
            raise
    answer = catalogue_rules.clean(field, value, on=on)
    mask = catalogue_rules.SECRET_TYPES.get(field.type)
    if mask is None or not answer:
        return answer
    sealed = keyring.current().seal_text(answer, about=queries.about_answer(case.id, field.key))
    return {"sealed": sealed.hex(), "masked": mask(answer)}


def add_file(
    case_id: int,
    *,
    key: str,
    data: bytes,
    name: str,
    by: Actor,
    at: datetime.datetime,
    require: Callable[..., None] = permissions.require_edit,
) -> Scan:
    """Check, clean, encrypt and keep a file that answers a form field; on disk before this returns.

    Args:
        require: who may add one, and when.

    Raises:
        standards.NotInForm: the form has no such field. catalogue.rules.NoFileAsked: it is not one for files.
        catalogue.rules.TooManyFiles: it has ten already.
        documents.rules.*: when the file cannot be taken, each with what to do about it.
    """
    case = queries.get(case_id, for_=by)
    require(case, by=by)
    _check_takes_files(case, key)
    stored = documents.prepare_scan(data, name=name, case_id=case_id, by_id=by.id, at=at)
    scan = Scan(
        id=ids.new_id(at),
        case=case,
        field_key=key,
        file_id=stored.id,
        name=stored.name,
        media_type=stored.media_type,
        pages=stored.pages or 1,
        digest=stored.digest,
        added_at=at,
    )
    with _step.editing(case_id, by=by, require=require) as held:
        _check_takes_files(held, key)  # another matter may have been chosen while the file was checked
        stored.save(force_insert=True)
        scan.save(force_insert=True)
        say_files(held, key)
    return scan


def _check_takes_files(case: Case, key: str) -> None:
    field = standards.of(case.standard).field(key)
    refusal: refusals.Refusal | None = None
    if field.type != "file":
        refusal = catalogue_rules.NoFileAsked(label=field.label)
    elif len(_files(case, key)) >= MOST_FILES:
        refusal = catalogue_rules.TooManyFiles(label=field.label, most=MOST_FILES)
    if refusal:
        refusal.fields[f"form.{key}"] = refusal.message
        raise refusal


def _files(case: Case, key: str) -> list[str]:
    rows = Scan.objects.filter(case=case, field_key=key, removed_at=None).order_by("id")
    return list(rows.values_list("name", flat=True))


def say_files(case: Case, key: str) -> None:
    """Make a form field say which files answer it now; for use while the case is held."""
    names = _files(case, key)
    case.form[key] = {"files": len(names), "text": "、".join(names)} if names else ""
    case.save(update_fields=["form"])
