"""The life of a standard: begin the next version, write, submit, review, publish, withdraw (B4, P23).

A draft is a row that changes; publishing makes of it a standard, which never changes again: the database
lets nobody but its owner touch the row. Every act is in the journal of the procedure.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from tongban.catalogue import elements, local_codes, permissions, queries, rules, soundness
from tongban.catalogue.models import (
    CATALOGUE,
    AcceptanceStandard,
    Draft,
    Item,
    Procedure,
    Stage,
    Withdrawal,
)
from tongban.catalogue.operations import digest_of
from tongban.directory import operations as directory
from tongban.journal import operations as journal
from tongban.kernel import refusals, text, worktime
from tongban.people.actors import Actor

ARTICLE = "P23"
LIMITS = ("legal_limit", "promised_limit")
REMARK = 500


class AlreadyBegun(refusals.Conflict):
    """这份标准已经有人在起草，请打开现有的草案继续修改。"""


class DraftChanged(refusals.Conflict):
    """{who}于{when}修改了这份草案。您填写的内容没有丢失，请核对后再保存，保存后以您的内容为准。"""


class InReview(refusals.OutOfTurn):
    """草案正在审核，不能修改。请先由审核人退回。"""


class NotInReview(refusals.OutOfTurn):
    """草案还没有送审，或者已经退回修改。请刷新后查看。"""


class NoRemark(refusals.Incomplete):
    """请写明退回的理由，起草人要知道改哪里。"""


class TooEarly(refusals.Incomplete):
    """生效日期最早是今天（{today}），也不能早于上一版的生效日期（{before}）。"""


class NoDate(refusals.Incomplete):
    """请填写生效日期，例如 2026-12-01。"""


class WrongStage(refusals.Incomplete):
    """请选择标准的阶段：本省办事指南，或者本省统一标准；五省统一标准由协调小组制定。"""


class OfOneProvince(refusals.NotAllowed):
    """这是{province}自己的办理项，只由{province}制定标准；要在五省通办的，请由协调小组新建办理项。"""


class AlreadyWithdrawn(refusals.OutOfTurn):
    """这一版标准已经撤销，请刷新后查看。"""


class NoReasonGiven(refusals.Incomplete):
    """请写明撤销的理由，收件窗口要据此向申请人解释。"""


class DifferencesOpen(refusals.OutOfTurn):
    """还有 {n} 项差异没有定下来，五省统一标准不能发布。请先逐项作出决定。"""


@transaction.atomic
def begin(
    procedure: Procedure, *, province: str | None, stage: int, by: Actor, at: datetime.datetime
) -> Draft:
    """Begin the next version of a standard from what holds now, and give the draft.

    Args:
        province: code of the province whose standard it is; None: the five-province standard.

    Raises:
        permissions.NotYourStandard, WrongStage, OfOneProvince, AlreadyBegun.
    """
    if stage == Stage.ELEMENTS:
        return _begin_elements(procedure, by=by, at=at)
    permissions.require_edit(province, by=by)
    if (province is None) != (stage == Stage.FIVE_PROVINCES) or stage not in Stage.values:
        raise WrongStage
    _check_province(procedure, province)
    before = _last(procedure.id, province, stage) or _model_for(procedure, province, at=at)
    return _new_draft(
        procedure, content=content_of(before), before=before, province=province, stage=stage, by=by, at=at
    )


def _begin_elements(procedure: Procedure, *, by: Actor, at: datetime.datetime) -> Draft:
    """Begin the next version of what a procedure is wherever it is applied for (B2).

    A procedure that a province made for itself has that province's elements, whoever asks.
    """
    province = procedure.province_id
    permissions.require_edit(province, by=by)
    before = _last(procedure.id, province, Stage.ELEMENTS)
    content = content_of(before) if before else elements.of(procedure)
    if before is None and (model := _model_for(procedure, province, at=at)) is not None:
        content["legal_basis"] = model.content.get("legal_basis", [])
    return _new_draft(
        procedure, content=content, before=before, province=province, stage=Stage.ELEMENTS, by=by, at=at
    )


def _check_province(procedure: Procedure, province: str | None) -> None:
    """Ask that a procedure that a province made for itself has no other province's standard.

    Raises:
        OfOneProvince.
    """
    if procedure.province is not None and province != procedure.province_id:
        raise OfOneProvince(province=procedure.province.name)


def begin_with(
    procedure: Procedure, *, content: Mapping[str, Any], by: Actor, at: datetime.datetime
) -> Draft:
    """Begin the five-province standard from a content that was put together from the provinces' ones.

    Raises:
        permissions.NotYourStandard, OfOneProvince, AlreadyBegun.
    """
    permissions.require_edit(None, by=by)
    _check_province(procedure, None)
    before = _last(procedure.id, None, Stage.FIVE_PROVINCES)
    return _new_draft(
        procedure,
        content=dict(content),
        before=before,
        province=None,
        stage=Stage.FIVE_PROVINCES,
        by=by,
        at=at,
    )


def _new_draft(
    procedure: Procedure,
    *,
    content: dict[str, Any],
    before: AcceptanceStandard | None,
    province: str | None,
    stage: int,
    by: Actor,
    at: datetime.datetime,
) -> Draft:
    same = Draft.objects.filter(procedure=procedure, province_id=province, stage=stage)
    if same.exists():
        raise AlreadyBegun
    draft = Draft(
        procedure=procedure,
        province_id=province,
        stage=stage,
        content=content,
        based_on=before,
        writers=[by.id],
        begun_at=at,
        changed_at=at,
        changed_by_id=by.id or 0,
        changed_by_name=by.name,
    )
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError:  # somebody began it at this very moment
        raise AlreadyBegun from None
    note("begin", draft, by=by, at=at)
    return draft


def content_of(row: AcceptanceStandard | None) -> dict[str, Any]:
    """Give what a published version says, the way a draft keeps it."""
    if row is None:
        return {"legal_limit": 0, "promised_limit": 0}
    said = {name: part for name, part in row.content.items() if name != "reviewed"}
    return {**said, "legal_limit": row.legal_limit, "promised_limit": row.promised_limit}


def _last(procedure_id: int, province: str | None, stage: int) -> AcceptanceStandard | None:
    rows = AcceptanceStandard.objects.filter(procedure_id=procedure_id, province_id=province, stage=stage)
    return rows.order_by("-version").first()


def _model_for(
    procedure: Procedure, province: str | None, *, at: datetime.datetime
) -> AcceptanceStandard | None:
    """Give what a first version starts from: what holds in the province now, or the sample."""
    on = at.astimezone(worktime.BEIJING).date()
    rows = queries.lines_in_force([procedure.id], on=on, province=province or "")
    return rows[0] if rows else None


@transaction.atomic
def save(
    draft_id: int, content: Mapping[str, Any], *, revision: int, by: Actor, at: datetime.datetime
) -> Draft:
    """Keep what was written on a draft, sound or not, and give it.

    Args:
        revision: the draft's revision as the writer saw it.

    Raises:
        rules.UnknownDraft, permissions.NotYourStandard, InReview, DraftChanged.
    """
    draft = _locked(draft_id)
    permissions.require_edit(draft.province_id, by=by)
    if draft.state != "draft":
        raise InReview
    content = local_codes.tidied(content)
    if draft.content == content:
        return draft
    if revision != draft.revision:
        when = f"{draft.changed_at.astimezone(worktime.BEIJING):%-m月%-d日 %H:%M}"
        raise DraftChanged(who=draft.changed_by_name, when=when)
    draft.content = content
    draft.revision += 1
    draft.changed_at, draft.changed_by_id, draft.changed_by_name = at, by.id or 0, by.name
    draft.writers = sorted({*draft.writers, by.id or 0})
    draft.save()
    return draft


@transaction.atomic
def submit(draft_id: int, *, by: Actor, at: datetime.datetime) -> Draft:
    """Hand a sound draft over for review by another person.

    Raises:
        rules.UnknownDraft, permissions.NotYourStandard, InReview, soundness.Unsound.
    """
    draft = _locked(draft_id)
    permissions.require_edit(draft.province_id, by=by)
    if draft.state != "draft":
        raise InReview
    soundness.refuse(local_codes.faults(draft.content, draft=draft, on=rules.day_of(at)))
    draft.state, draft.submitted_at, draft.remark = "review", at, ""
    draft.save(update_fields=["state", "submitted_at", "remark"])
    note("submit", draft, by=by, at=at)
    return draft


@transaction.atomic
def send_back(draft_id: int, *, remark: str, by: Actor, at: datetime.datetime) -> Draft:
    """Give a draft back to its writers with what is to be changed.

    Anybody whose standard it is may take it back; only publishing asks for another person.

    Raises:
        rules.UnknownDraft, permissions.NotYourStandard, NotInReview, NoRemark.
    """
    draft = _locked(draft_id)
    permissions.require_edit(draft.province_id, by=by)
    if draft.state != "review":
        raise NotInReview
    words = text.clean(remark)[:REMARK]
    if not words:
        raise NoRemark(fields={"remark": NoRemark().message})
    draft.state, draft.submitted_at, draft.remark = "draft", None, words
    draft.save(update_fields=["state", "submitted_at", "remark"])
    note("send_back", draft, by=by, at=at, remark=words)
    return draft


@transaction.atomic
def discard(draft_id: int, *, by: Actor, at: datetime.datetime) -> None:
    """Throw a draft away; what is published stays as it is.

    Raises:
        rules.UnknownDraft, permissions.NotYourStandard, InReview.
    """
    draft = _locked(draft_id)
    permissions.require_edit(draft.province_id, by=by)
    if draft.state != "draft":
        raise InReview
    note("discard", draft, by=by, at=at)
    draft.delete()


@transaction.atomic
def publish(
    draft_id: int, *, effective_from_on: datetime.date | None, by: Actor, at: datetime.datetime
) -> AcceptanceStandard:
    """Publish a reviewed draft as the next version; it holds from its day, midnight in Beijing.

    Raises:
        rules.UnknownDraft, permissions.NotYourStandard, permissions.OwnWork, NotInReview, soundness.Unsound.
        NoDate, TooEarly: the day is missing, past, or before that of the version before.
        DifferencesOpen: a difference between the provinces is still to be settled.
    """
    draft = _locked(draft_id)
    permissions.require_review(draft, by=by)
    if draft.state != "review":
        raise NotInReview
    if local_codes.of(draft.content):
        local_codes.alone()
    soundness.refuse(local_codes.faults(draft.content, draft=draft, on=rules.day_of(at)))
    before = _last(draft.procedure_id, draft.province_id, draft.stage)
    on = _checked_day(effective_from_on, before=before, at=at)
    if draft.stage == Stage.FIVE_PROVINCES:
        check_settled(draft.procedure_id)
    content = {name: part for name, part in draft.content.items() if name not in LIMITS}
    limits = (draft.content["legal_limit"], draft.content["promised_limit"])
    row = AcceptanceStandard.objects.create(
        procedure=draft.procedure,
        province_id=draft.province_id,
        stage=draft.stage,
        version=before.version + 1 if before else 1,
        effective_from_on=on,
        legal_limit=limits[0],
        promised_limit=limits[1],
        content=content,
        digest=digest_of(content, limits=limits),
        drafted_by_id=draft.changed_by_id,
        drafted_by_name=draft.changed_by_name,
        drafted_at=draft.changed_at,
        published_by_id=by.id,
        published_by_name=by.name,
        published_at=at,
    )
    said = {"standard": row.id, "version": row.version, "effective_from_on": on.isoformat()}
    note("publish", draft, by=by, at=at, digest=bytes(row.digest).hex(), **said)
    if draft.stage == Stage.ELEMENTS:
        _open(draft.procedure, on=on)
    draft.delete()
    return row


def _open(procedure: Procedure, *, on: datetime.date) -> None:
    """Let a procedure that was made here be applied for from the day of its first elements on."""
    if not procedure.is_open and procedure.item_id != Item.OFF_LIST:
        procedure.is_open, procedure.opens_on = True, on
        procedure.save(update_fields=["is_open", "opens_on"])
    directory.mark_changed(CATALOGUE)


def _checked_day(
    on: datetime.date | None, *, before: AcceptanceStandard | None, at: datetime.datetime
) -> datetime.date:
    if on is None:
        raise NoDate(fields={"effective_from_on": NoDate().message})
    today = at.astimezone(worktime.BEIJING).date()
    earliest = max(today, before.effective_from_on) if before else today
    if on < earliest:
        refusal = TooEarly(today=today.isoformat(), before=earliest.isoformat())
        raise TooEarly(
            today=today.isoformat(),
            before=earliest.isoformat(),
            fields={"effective_from_on": refusal.message},
        )
    return on


def check_settled(procedure_id: int) -> None:
    """Refuse a five-province standard while differences between the provinces are open.

    Raises:
        DifferencesOpen.
    """
    n = queries.open_differences(procedure_id).count()
    if n:
        raise DifferencesOpen(n=n)


@transaction.atomic
def withdraw(standard_id: int, *, reason: str, by: Actor, at: datetime.datetime) -> AcceptanceStandard:
    """Take a published version back from today on; cases received under it keep it.

    Raises:
        rules.UnknownStandard, permissions.NotYourStandard, NoReasonGiven, AlreadyWithdrawn.
    """
    row = AcceptanceStandard.objects.select_related("withdrawal").filter(id=standard_id).first()
    if row is None:
        raise rules.UnknownStandard
    permissions.require_edit(row.province_id, by=by)
    words = text.clean(reason)[:300]
    if not words:
        raise NoReasonGiven(fields={"reason": NoReasonGiven().message})
    if hasattr(row, "withdrawal"):
        raise AlreadyWithdrawn
    from_on = at.astimezone(worktime.BEIJING).date()
    Withdrawal.objects.create(
        standard=row, from_on=from_on, reason=words, at=at, by_id=by.id or 0, by_name=by.name
    )
    if row.stage == Stage.ELEMENTS:
        directory.mark_changed(CATALOGUE)
    journal.append(
        "standard",
        row.procedure_id,
        code="standard.withdraw",
        article=ARTICLE,
        at=at,
        actor_id=by.id,
        actor=by.name,
        place=by.place,
        payload={
            "province": row.province_id or "",
            "standard": row.id,
            "stage": row.stage,
            "version": row.version,
            "reason": words,
        },
    )
    return row


def _locked(draft_id: int) -> Draft:
    draft = (
        Draft.objects.select_for_update(of=("self",)).select_related("procedure").filter(id=draft_id).first()
    )
    if draft is None:
        raise rules.UnknownDraft
    return draft


def note(what: str, draft: Draft, *, by: Actor, at: datetime.datetime, **payload: Any) -> None:
    """Write into the journal of a draft's procedure what somebody did."""
    journal.append(
        "standard",
        draft.procedure_id,
        code=f"standard.{what}",
        article=ARTICLE,
        at=at,
        actor_id=by.id,
        actor=by.name,
        place=by.place,
        payload={"stage": draft.stage, "province": draft.province_id or "", **payload},
    )
