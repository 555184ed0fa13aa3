"""What must be true before a step: each check returns nothing or raises a refusal. No writes, no clock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from tongban.cases.models import (
    Case,
    CaseApplicant,
    CaseMaterial,
    CorrectionNotice,
    Verdict,
)
from tongban.cases.states import STEPS
from tongban.catalogue import standards
from tongban.catalogue.models import Item
from tongban.catalogue.standards import FormField, MaterialRequirement
from tongban.journal.models import Entry
from tongban.kernel import refusals
from tongban.people.identity import ApplicantKind


class UnknownCase(refusals.NotFound):
    """没有找到这个办件。请核对业务编号，或者从列表中重新进入。"""


class ChangedMeanwhile(refusals.Conflict):
    """在您操作期间，{who}于{when}办理了“{what}”。您填写的内容没有丢失，请核对最新情况后再提交。"""


class BeyondFirstNotice(refusals.Incomplete):
    """一次性告知只能告知一次：首次告知没有提到“{materials}”，不能再要求。确需要求的，由窗口负责人写明理由后出具。"""


class OnlyTheLead(refusals.NotAllowed):
    """要求首次告知以外的材料，只能由窗口负责人写明理由后出具。"""


class AwaitingConsent(refusals.OutOfTurn):
    """正在等属地窗口答复清单外事项的请示。要改办其他事项，请先撤回请示。"""


class OnlyWhereConsented(refusals.Incomplete):
    """清单外事项只能在已经同意的属地办理。要换属地，请重新请示。"""


class NothingToCorrect(refusals.Incomplete):
    """没有标为“需补正”的材料，不必出具一次性告知书。材料齐全的，请直接收件。"""


class NotReady(refusals.Incomplete):
    """还不能完成：{what}。"""


class NoAdvice(refusals.Incomplete):
    """请逐项写明补正意见，一次告知申请人需要补正的全部内容。"""


class DueDateTooSoon(refusals.Incomplete):
    """补正期限至少为 1 日，最长 60 日。请填写 1 到 60 之间的天数。"""


class SheetsMissing(refusals.Incomplete):
    """请对清单上的每一份材料都填写核对结果。"""


class NoReason(refusals.Incomplete):
    """请写明理由，申请人有权知道原因和救济途径。"""


class SameWindow(refusals.Incomplete):
    """转往的窗口就是现在的属地窗口，请选择另一个窗口。"""


class NoWaybill(refusals.Incomplete):
    """邮寄的，请填写运单号。"""


class NotScanned(refusals.Incomplete):
    """线上流转的，每份材料都要先转为电子材料。还没有扫描或者拍照的有：{names}。也可以改为邮政速递。"""


class NoChannel(refusals.Incomplete):
    """请选择材料流转方式：线上流转、邮政速递，或者线上流转后寄纸质。"""


class PastDay(refusals.Incomplete):
    """日期应当晚于今天，请重新选择。"""


class TimeStillRuns(refusals.OutOfTurn):
    """补正期限还没有到，不能按逾期处理。"""


class NotTold(refusals.Incomplete):
    """还没有记录告知申请人和收件地窗口结果，请先办理“已告知结果”。"""


class AlreadyTold(refusals.OutOfTurn):
    """结果已经告知过，或者现在不需要告知。请刷新后查看最新进度。"""


class NoWayOfTelling(refusals.Incomplete):
    """请选择告知方式：电话或者短信。"""


class NoAddress(refusals.Incomplete):
    """请填写结果的寄送地址。"""


class NobodySigned(refusals.Incomplete):
    """请填写签收人姓名和送达凭证，送达要有凭据。"""


class NothingBrought(refusals.Incomplete):
    """请逐项确认申请人已送来告知补正的全部材料。"""


class NotThere(refusals.Incomplete):
    """请从属地的审批部门中选择。"""


class HoldsCases(refusals.OutOfTurn):
    """{window}还有 {count} 件没有办结的办件，撤销之前要先移交给另一个窗口。请选择承接窗口，系统会把它们全部移交过去。"""


class UnfitSuccessor(refusals.Incomplete):
    """承接窗口应当是本省联络清单内、没有撤销的另一个大厅窗口，请重新选择。"""


class SupervisesOutlets(refusals.OutOfTurn):
    """{window}还指导监督着 {count} 个网点，请先撤销这些网点，或者改由其他窗口监督。"""


class NoLawfulReason(refusals.Incomplete):
    """只有听证、检验检测检疫、招标拍卖、鉴定、专家评审、公示公告可以依法不计时，请选择其中一种。"""


class NotOnline(refusals.NotAllowed):
    """“{procedure}”在所选属地还不能全程网办。请到就近的“跨省通办”窗口办理。"""


class NoHome(refusals.Incomplete):
    """请选择在哪里办：由哪个地方的部门审批。"""


class NotNamed(refusals.OutOfTurn):
    """补正只能修改告知要求补正的内容，“{what}”不在其中。"""


class TooManyFiles(refusals.Incomplete):
    """一份材料最多上传 {most} 个文件。请合并成一个 PDF 文件后再上传。"""


class NoElectronicResult(refusals.OutOfTurn):
    """本件没有生成电子文书，不能发布电子结果。请改用邮寄或者到窗口领取。"""


class WrongHelpCode(refusals.Incomplete):
    """没有找到这个协助码，或者已经失效。请核对，或者请申请人在申请页面重新生成一个。"""


class HelpedAlready(refusals.OutOfTurn):
    """已有窗口人员正在协助填写这份申请。申请人或该人员结束后，才能由其他人协助。"""


class NotHelped(refusals.OutOfTurn):
    """这份申请现在没有窗口人员协助填写。"""


def changed_meanwhile(case: Case) -> ChangedMeanwhile:
    """Give the refusal that tells who did what to a case since somebody looked at it."""
    last = Entry.objects.filter(chain_id=case.id, seq=case.journal_seq).first()
    step = STEPS.get(last.code.removeprefix("case.")) if last else None
    return ChangedMeanwhile(
        who=f"{last.place} {last.actor}".strip() if last else "",
        when=last.at.astimezone().strftime("%H:%M") if last else "",
        what=step.label if step else "",
    )


def missing_before_either_form(
    case: Case, applicant: CaseApplicant, fields: Sequence[FormField]
) -> dict[str, str]:
    """Name, by field, what both forms need and do not have: applicant, contact, matter, place, form fields."""
    missing: dict[str, str] = {}
    if not applicant.name:
        missing["name"] = _("请填写申请人名称")
    if not applicant.identity_digest:
        missing["identity"] = _("请填写证件号码")
    if not applicant.phone_masked:
        missing["phone"] = _("请填写联系电话")
    if applicant.kind == ApplicantKind.ORGANISATION and not applicant.legal_representative:
        missing["legal_representative"] = _("请填写法定代表人")
    if applicant.has_agent:
        if not applicant.agent_name:
            missing["agent_name"] = _("请填写代理人姓名")
        if not applicant.agent_identity_digest:
            missing["agent_identity"] = _("请填写代理人证件号码")
    if not case.procedure_id:
        missing["procedure"] = _("请选择要办的事项")
    elif not case.home_window_id:
        missing["home"] = _("请选择属地")
    return missing


def missing_before_receipt(
    case: Case, applicant: CaseApplicant, fields: Sequence[FormField], materials: Iterable[CaseMaterial]
) -> dict[str, str]:
    """Name, by field, everything that keeps a case from being received (P21(1))."""
    missing = missing_before_either_form(case, applicant, fields)
    if not applicant.is_identity_checked:
        missing["is_identity_checked"] = _("请核验申请人身份后勾选“已核验”")
    if applicant.has_agent and not applicant.has_agent_letter:
        missing["has_agent_letter"] = _("代理人办理的，请核验授权委托书")
    for field in fields:
        if field.required and field.applies(case.circumstance) and not _filled(case.form, field.key):
            missing[f"form.{field.key}"] = _missing_answer(case.form, field)
    for material in materials:
        if material.verdict == Verdict.TO_CORRECT:
            missing[f"material.{material.key}"] = _("“{name}”需补正").format(name=material.name)
        elif material.is_required and material.verdict == Verdict.PENDING:
            missing[f"material.{material.key}"] = _("“{name}”还没有审查").format(name=material.name)
        elif (
            material.is_required
            and material.verdict == Verdict.PASSED
            and not material.originals + material.copies
        ):
            missing[f"material.{material.key}"] = _("请填写“{name}”的份数").format(name=material.name)
    if not case.channel:
        missing["channel"] = _("请选择材料流转方式")
    if not case.delivery_way:
        missing["delivery_way"] = _("请选择结果送达方式")
    elif case.delivery_way == "post" and not case.delivery_address:
        missing["delivery_address"] = _("请填写寄送地址")
    return missing


def check_ready_to_receive(
    case: Case, applicant: CaseApplicant, fields: Sequence[FormField], materials: Iterable[CaseMaterial]
) -> None:
    """Refuse a receipt while anything is missing, naming every missing thing beside its field."""
    missing = missing_before_receipt(case, applicant, fields, materials)
    if missing:
        raise NotReady(fields=missing, what="；".join(missing.values()))


def missing_before_submission(
    case: Case,
    applicant: CaseApplicant,
    fields: Sequence[FormField],
    materials: Iterable[CaseMaterial],
    *,
    handed_in: Collection[int],
) -> dict[str, str]:
    """Name, by field, everything that keeps an online application from being sent (P22).

    Args:
        handed_in: the ids of the materials of which at least one file was uploaded.
    """
    missing = missing_before_either_form(case, applicant, fields)
    if case.standard and standards.of(case.standard).circumstances and not case.circumstance:
        missing["circumstance"] = _("请选择您的情形")
    for field in fields:
        if field.required and field.applies(case.circumstance) and not _filled(case.form, field.key):
            missing[f"form.{field.key}"] = _missing_answer(case.form, field)
    for material in materials:
        if material.is_required and material.id not in handed_in:
            missing[f"material.{material.key}"] = _("请上传“{name}”").format(name=material.name)
    if not case.delivery_way:
        missing["delivery_way"] = _("请选择结果送达方式")
    elif case.delivery_way == "post" and not case.delivery_address:
        missing["delivery_address"] = _("请填写寄送地址")
    return missing


def check_ready_to_ask(
    case: Case,
    applicant: CaseApplicant,
    fields: Sequence[FormField],
    materials: Sequence[CaseMaterial],
    days: int,
) -> None:
    """Refuse a one-time notification that is not whole: nothing named, advice empty, a paper not looked at."""
    missing = missing_before_either_form(case, applicant, fields)
    for material in materials:
        if material.is_required and material.verdict == Verdict.PENDING:
            missing[f"material.{material.key}"] = _("“{name}”还没有审查，一次性告知应当包括全部材料").format(
                name=material.name
            )
    if missing:
        raise NotReady(fields=missing, what="；".join(missing.values()))
    to_correct = [m for m in materials if m.verdict == Verdict.TO_CORRECT]
    if not to_correct:
        raise NothingToCorrect()
    without = {f"material.{m.key}": _("请填写补正意见") for m in to_correct if not m.advice.strip()}
    if without:
        raise NoAdvice(fields=without)
    check_days(days)


def check_told_once(
    first: CorrectionNotice | None,
    asked: Sequence[Mapping[str, str]],
    *,
    reason: str,
    is_lead: bool,
) -> list[str]:
    """Give the keys of what is asked for beyond the first notice; only a lead with a reason may ask so (C11).

    Args:
        first: the first notice of the case under its standard, by whichever window; None: this is the first.
        asked: what the new notice would name, [{"key", "name", …}].
        is_lead: whether a lead of the asking window asks.

    Raises:
        BeyondFirstNotice: no reason was given. OnlyTheLead: by somebody else.
    """
    named = {item["key"] for item in first.items} if first else {item["key"] for item in asked}
    beyond = [item for item in asked if item["key"] not in named]
    if not beyond:
        return []
    names = "”“".join(item["name"] for item in beyond)
    if not reason:
        sentence = BeyondFirstNotice(materials=names).message
        raise BeyondFirstNotice(materials=names, fields={"beyond_reason": sentence})
    if not is_lead:
        raise OnlyTheLead(fields={"beyond_reason": OnlyTheLead().message})
    return [item["key"] for item in beyond]


def followed_standard(asked: Sequence[MaterialRequirement], materials: Iterable[CaseMaterial]) -> bool | None:
    """Say whether every review point of what was handed in was ticked; None where there is none to tick (C11)."""
    rows = {m.key: m for m in materials}
    with_points = [r for r in asked if r.review_points]
    if not with_points:
        return None
    for requirement in with_points:
        row = rows.get(requirement.key)
        if row is None or row.verdict != Verdict.PASSED:
            if requirement.required:
                return False
            continue
        if set(range(len(requirement.review_points))) - set(row.points):
            return False
    return True


def check_days(days: int) -> None:
    """Refuse a time for correction outside 1 to 60 days."""
    if not 1 <= days <= 60:
        raise DueDateTooSoon(fields={"days": _("请填写 1 到 60 之间的天数")})


def check_may_choose(case: Case, *, procedure_id: int | None, home_code: str | None) -> None:
    """Refuse another matter or place while the home window is being asked, and another place than the one asked (P24)."""
    if case.off_list_asked_at:
        raise AwaitingConsent
    stays = procedure_id is None or procedure_id == case.procedure_id
    moves = home_code is not None and home_code != case.home_code
    if case.procedure and stays and moves and case.procedure.item_id == Item.OFF_LIST:
        raise OnlyWhereConsented(fields={"home": OnlyWhereConsented().message})


def check_reason(reason: str, *, field: str = "reason") -> None:
    """Refuse a no without its reason."""
    if not reason.strip():
        raise NoReason(fields={field: _("请写明理由")})


def check_waybill(channel: str, waybill: str) -> None:
    """Refuse papers sent by post without a waybill number."""
    if channel == "post" and not waybill.strip():
        raise NoWaybill(fields={"waybill": _("请填写运单号")})


def check_all_scanned(sheets: Sequence[Mapping[str, Any]]) -> None:
    """Refuse an online transfer of papers that were not made electronic: nothing would arrive (P21(2))."""
    missing = [s for s in sheets if not s["scans"]]
    if missing:
        fields = {f"scans.{s['key']}": _("请扫描或者拍照") for s in missing}
        raise NotScanned(fields=fields, names="、".join(s["name"] for s in missing))


def check_all_found(sent: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a reconciliation that leaves out a sheet that was sent (P21(3))."""
    missing = {s["key"] for s in sent} - {f["key"] for f in found if f.get("finding")}
    if missing:
        raise SheetsMissing(fields={f"found.{key}": _("请填写核对结果") for key in sorted(missing)})


def _filled(form: Mapping[str, Any], key: str) -> bool:
    """Say whether an answer is there, an address down to its county and street line."""
    kept = form.get(key) or ""
    if isinstance(kept, dict) and "is_whole" in kept:
        return bool(kept["is_whole"])
    return str(kept).strip() != ""


def _missing_answer(form: Mapping[str, Any], field: FormField) -> str:
    if field.type == "file":
        return _("请上传{label}").format(label=field.label)
    if field.type == "address" and form.get(field.key):
        return _("{label}请选到县（市、区），并填写门牌号").format(label=field.label)
    return _("请填写{label}").format(label=field.label)
