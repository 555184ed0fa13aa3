"""Differences between the provinces' standards as matters: opened, answered, decided (B7, P8)."""

import datetime
from typing import Any

from django.db import IntegrityError, transaction

from tongban.catalogue import comparing, permissions, queries, rules
from tongban.catalogue.models import Difference, DifferenceAnswer, Draft, Procedure
from tongban.catalogue.operations import publishing
from tongban.journal import operations as journal
from tongban.kernel import refusals, text
from tongban.people.actors import Actor

ARTICLE = "P8"
LONGEST = 500


class NoSuchLine(refusals.Incomplete):
    """各省标准在这一项上没有不同，或者标准已经更新。请刷新比对页后再提出。"""


class AlreadyOpen(refusals.Conflict):
    """这一项差异已经提出，正在等各省答复。"""


class NoQuestion(refusals.Incomplete):
    """请写明需要各省统一的问题。"""


class NoAnswer(refusals.Incomplete):
    """请写明本省的意见，或者选择同意哪个省的写法。"""


class NoDecision(refusals.Incomplete):
    """请写明决定的内容。"""


class AlreadySettled(refusals.OutOfTurn):
    """这项差异已经作出决定，不能再改。需要重新讨论的，请重新提出。"""


class NotInComparison(refusals.Incomplete):
    """请从已经发布本省标准的省份中选择。"""


def contents_of(procedure_id: int) -> dict[str, dict[str, Any]]:
    """Give what each province's own standard says, by its code; provinces without one are left out."""
    rows = queries.own_standards(procedure_id)
    return {code: publishing.content_of(row) for code, row in rows.items()}


@transaction.atomic
def open_difference(
    procedure: Procedure, *, line: str, question: str, by: Actor, at: datetime.datetime
) -> Difference:
    """Open a line on which the provinces differ as a matter for all five.

    Raises:
        permissions.NotTheGroup, NoQuestion, NoSuchLine, AlreadyOpen.
    """
    permissions.require_group(by)
    words = text.clean(question)[:LONGEST]
    if not words:
        raise NoQuestion(fields={"question": NoQuestion().message})
    found = [x for x in comparing.lines_of(contents_of(procedure.id)) if x.key == line and x.differs]
    if not found:
        raise NoSuchLine
    row = Difference(
        procedure=procedure,
        line=line,
        label=found[0].label[:300],
        question=words,
        seen={cell.province: list(cell.said) for cell in found[0].cells},
        opened_at=at,
        opened_by_id=by.id or 0,
        opened_by_name=by.name,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise AlreadyOpen from None
    _note("open_difference", row, by=by, at=at, line=line)
    return row


@transaction.atomic
def answer(
    difference_id: int, *, words: str, agrees_with: str | None, by: Actor, at: datetime.datetime
) -> DifferenceAnswer:
    """Give a province's answer to an open difference; the last one counts.

    Raises:
        permissions.NotAProvince, rules.UnknownDifference, AlreadySettled, NoAnswer, NotInComparison.
    """
    province = permissions.require_province(by)
    row = _open(difference_id)
    said = text.clean(words)[:LONGEST]
    if not said and not agrees_with:
        raise NoAnswer(fields={f"answer.{row.id}": NoAnswer().message})
    _check_among(row, agrees_with, field=f"agrees_with.{row.id}")
    given = DifferenceAnswer.objects.create(
        difference=row,
        province_id=province,
        agrees_with_id=agrees_with or None,
        text=said,
        at=at,
        by_id=by.id or 0,
        by_name=by.name,
    )
    _note("answer_difference", row, by=by, at=at, province=province, agrees_with=agrees_with or "")
    return given


@transaction.atomic
def settle(
    difference_id: int, *, decision: str, follows: str | None, by: Actor, at: datetime.datetime
) -> Difference:
    """Decide an open difference; with `follows`, the five-province standard takes that province's words.

    Raises:
        permissions.NotTheGroup, rules.UnknownDifference, AlreadySettled, NoDecision, NotInComparison.
    """
    permissions.require_group(by)
    row = _open(difference_id)
    words = text.clean(decision)[:LONGEST]
    if not words:
        raise NoDecision(fields={f"decision.{row.id}": NoDecision().message})
    _check_among(row, follows, field=f"follows.{row.id}")
    row.settled_at, row.settled_by_id, row.settled_by_name = at, by.id, by.name
    row.decision, row.follows_id = words, follows or None
    row.save(update_fields=["settled_at", "settled_by_id", "settled_by_name", "decision", "follows"])
    _note("settle_difference", row, by=by, at=at, follows=follows or "")
    return row


@transaction.atomic
def begin_common(procedure: Procedure, *, base: str, by: Actor, at: datetime.datetime) -> Draft:
    """Begin the five-province standard from one province's and what was decided on the differences.

    Raises:
        permissions.NotTheGroup, publishing.DifferencesOpen, publishing.AlreadyBegun, NotInComparison.
    """
    permissions.require_group(by)
    contents = contents_of(procedure.id)
    if base not in contents:
        raise NotInComparison(fields={"base": NotInComparison().message})
    publishing.check_settled(procedure.id)
    settled = [d for d in queries.differences_of(procedure.id) if d.settled_at and d.follows_id]
    follows = [(d.line, str(d.follows_id)) for d in reversed(settled)]
    said = comparing.composed(base, contents, follows)
    return publishing.begin_with(procedure, content=said, by=by, at=at)


def _open(difference_id: int) -> Difference:
    row = Difference.objects.select_for_update().filter(id=difference_id).first()
    if row is None:
        raise rules.UnknownDifference
    if row.settled_at:
        raise AlreadySettled
    return row


def _check_among(row: Difference, province: str | None, *, field: str) -> None:
    if province and province not in row.seen:
        raise NotInComparison(fields={field: NotInComparison().message})


def _note(what: str, row: Difference, *, by: Actor, at: datetime.datetime, **payload: Any) -> None:
    journal.append(
        "standard",
        row.procedure_id,
        code=f"standard.{what}",
        article=ARTICLE,
        at=at,
        actor_id=by.id,
        actor=by.name,
        place=by.place,
        payload={"difference": row.id, **payload},
    )
