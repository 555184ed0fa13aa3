"""Every step as a verb that a person or a program can use: its operation, and what it wants to know.

Pages draw their forms from this table and the API takes its bodies by it, so that both do the same thing.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.cases import off_list as off_list_queries
from tongban.cases import queries, rules
from tongban.cases.models import Case, Delivery, Suspension
from tongban.cases.operations import acceptance, approval, holding, intake, off_list, result, transfer
from tongban.cases.states import STEPS, Channel
from tongban.directory import queries as directory
from tongban.kernel import numbers, refusals
from tongban.notices import online as notices
from tongban.people.actors import Actor

Choices = Callable[[Case], list[tuple[str, str]]]


class UnknownVerb(refusals.NotFound):
    """没有“{name}”这个操作。请从页面上的按钮或者接口文档列出的操作中选择。"""


class BadDate(refusals.Incomplete):
    """请填写日期，例如 2026-11-23。"""


class BadDays(refusals.Incomplete):
    """请填写天数，例如 10。"""


class BadShape(refusals.Incomplete):
    """“{name}”的格式不对，请按接口文档填写。"""


@dataclass(frozen=True)
class Ask:
    """One thing that a verb wants to know.

    `type` is one of text, long, date, days, choice, flag, division, found (findings sheet by sheet),
    advice (materials with what to correct), keys (materials that were brought).
    """

    name: str
    label: str | Promise
    type: str = "text"
    required: bool = True
    choices: Choices | None = None
    help: str | Promise = ""
    default: str = ""
    applies: Callable[[Case], bool] | None = None  # whether it is worth asking on this case; None: always


@dataclass(frozen=True)
class Verb:
    """An operation behind one or several steps, with fixed arguments and what to ask for."""

    run: Callable[..., Any]
    asks: tuple[Ask, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    shows_notice: bool = False  # ends with a printed form: previewed first, see `notices.operations`
    sees: Callable[..., Case] = queries.get  # gives the case to those for whom it is there
    draws: bool = False  # makes a document first, which nobody waits for

    @property
    def is_held(self) -> bool:
        """Say whether the case is locked from the look whether it is there for somebody until the step is taken."""
        return self.sees is queries.get and not self.draws


def _departments(case: Case) -> list[tuple[str, str]]:
    code = directory.division_of_window(case.home_window_id or 0)
    rows = list(directory.departments_of(code))
    sector = case.procedure.item.lead_department if case.procedure else ""
    rows.sort(key=lambda d: d.sector != sector)  # the one that leads this matter first
    return [(str(d.id), d.name) for d in rows]


def _fixed_choices(pairs: Any) -> Choices:
    return lambda case: [(str(value), str(label)) for value, label in pairs]


_REASON = Ask("reason", _("理由"), "long")
_WAYBILL = Ask("waybill", _("运单号"), help=_("13 位数字，或者两位字母开头的国际邮件号码"))
_CARRIER = Ask("carrier", _("承运单位"), required=False, default="邮政速递")
_FOUND = Ask("found", _("逐份核对"), "found")
_SIGNED_BY = Ask("received_by", _("签收人姓名"))
_PROOF = Ask("proof", _("送达凭证"), "choice", choices=_fixed_choices(Delivery.PROOFS[:2]))
_CHANNEL = Ask("channel", _("流转方式"), "choice", choices=_fixed_choices(Channel.choices))
_DAYS = Ask("days", _("补正期限（日）"), "days", default="10")
_BEYOND = Ask(
    "beyond_reason",
    _("超出首次告知的理由"),
    "long",
    required=False,
    help=_("只能要求首次告知提到的材料；确需要求其他材料的，由窗口负责人写明理由，并会按窗口统计公布"),
    applies=lambda case: queries.first_notice(case) is not None,
)
_BROUGHT = Ask("keys", _("已送来的材料"), "keys")

_MATTER = Ask("matter", _("申请人要办的事"))
_HOME = Ask("home_code", _("属地"), "division")

VERBS: dict[str, Verb] = {
    "ask_correction": Verb(intake.ask_correction, (_DAYS, _BEYOND), shows_notice=True),
    "bring_correction": Verb(intake.bring_correction),
    "receive": Verb(intake.receive, shows_notice=True),
    "withdraw_early": Verb(intake.withdraw_early, (_REASON,)),
    "ask_off_list": Verb(
        off_list.ask, (_MATTER, _HOME, Ask("why", _("申请人的情况和需求"), "long", required=False))
    ),
    "consent_off_list": Verb(
        off_list.consent,
        (
            Ask("materials", _("需要的材料"), "long", help=_("一行一份，例如：身份证，原件1份，复印件1份")),
            Ask("legal_limit", _("法定时限（工作日）"), "days"),
            Ask("promised_limit", _("承诺期限（工作日）"), "days"),
            Ask("words", _("给收件地窗口的说明"), "long", required=False),
        ),
        sees=off_list_queries.asked_case,
    ),
    "decline_off_list": Verb(
        off_list.decline,
        (Ask("words", _("不同意的理由"), "long"),),
        sees=off_list_queries.asked_case,
    ),
    "drop_off_list": Verb(off_list.drop),
    "explain_off_list": Verb(
        off_list.explain, (_MATTER, _HOME, Ask("told", _("对申请人的解释说明"), "long"))
    ),
    "choose_channel": Verb(transfer.choose_channel, (_CHANNEL,)),
    "send": Verb(transfer.send, (Ask("waybill", _("运单号"), required=False), _CARRIER)),
    "send_with_paper": Verb(transfer.send),
    "demand_paper": Verb(transfer.demand_paper),
    "post_paper": Verb(transfer.post_paper, (_WAYBILL, _CARRIER)),
    "confirm_paper": Verb(transfer.confirm_paper, (_FOUND,)),
    "confirm_arrival": Verb(transfer.confirm_arrival, (_FOUND,)),
    "answer_discrepancy": Verb(transfer.answer_discrepancy, (Ask("answer", _("处理情况"), "long"),)),
    "forward": Verb(
        transfer.forward,
        (
            Ask("home_code", _("转往属地"), "division"),
            _REASON,
            Ask("waybill", _("运单号"), required=False, help=_("随件有纸质材料的，请填写")),
            Ask("carrier", _("承运单位"), required=False),
        ),
    ),
    "return_case": Verb(transfer.return_case, (_REASON,)),
    "accept": Verb(acceptance.accept),
    "ask_home_correction": Verb(
        acceptance.ask_correction,
        (Ask("items", _("需补正的材料"), "advice"), _DAYS, _BEYOND),
        fixed={"through_receiving": False},
    ),
    "ask_relayed_correction": Verb(
        acceptance.ask_correction,
        (Ask("items", _("需补正的材料"), "advice"), _DAYS, _BEYOND),
        fixed={"through_receiving": True},
    ),
    "relay_correction": Verb(
        acceptance.relay_correction,
        (Ask("told_by", _("告知方式"), help=_("例如：电话告知本人")),),
    ),
    "bring_to_receiving": Verb(acceptance.bring_to_receiving, (_BROUGHT, _CHANNEL)),
    "bring_to_home": Verb(acceptance.bring_to_home, (_BROUGHT,)),
    "decline": Verb(acceptance.decline, (_REASON,)),
    "ask_online_correction": Verb(
        acceptance.ask_online_correction,
        (Ask("items", _("需补正的材料和内容"), "advice"), _DAYS, _BEYOND),
    ),
    "decline_online": Verb(notices.decline, (_REASON,), draws=True),
    "forward_online": Verb(transfer.forward_online, (Ask("home_code", _("转往属地"), "division"), _REASON)),
    "offer_online": Verb(result.offer_online),
    "hand_off": Verb(
        approval.hand_off,
        (
            Ask("department_id", _("承办部门"), "choice", choices=_departments),
            Ask("until_on", _("请于此日前反馈"), "date"),
            Ask("request", _("办理要求"), "long", required=False),
        ),
    ),
    "give_opinion": Verb(approval.give_opinion, (Ask("opinion", _("办理意见"), "long"),)),
    "recall": Verb(approval.recall, (_REASON,)),
    "suspend": Verb(
        approval.suspend,
        (
            Ask("reason", _("特别程序"), "choice", choices=_fixed_choices(Suspension.REASONS)),
            Ask("note", _("说明"), "long"),
            Ask("expected_on", _("预计结束日期"), "date"),
        ),
    ),
    "resume": Verb(approval.resume),
    "grant": Verb(
        notices.grant,
        (
            Ask("result_name", _("结果名称"), help=_("例如：机动车驾驶证")),
            Ask("result_number", _("结果编号"), required=False),
        ),
        draws=True,
    ),
    "refuse": Verb(
        notices.refuse,
        (
            _REASON,
            Ask("remedies", _("救济途径"), "long", help=_("写明申请行政复议或者提起行政诉讼的机关和期限")),
        ),
        draws=True,
    ),
    "tell_result": Verb(
        result.tell,
        (
            Ask(
                "told_by",
                _("告知方式"),
                "choice",
                choices=_fixed_choices([("phone", _("电话")), ("sms", _("短信"))]),
            ),
            Ask("note", _("备注"), required=False),
        ),
    ),
    "post_result": Verb(
        result.post,
        (_WAYBILL, _CARRIER, Ask("address", _("寄送地址"), required=False, help=_("不填则用登记的地址"))),
    ),
    "offer_pickup": Verb(result.offer_pickup),
    "send_result": Verb(result.send_to_receiving, (_WAYBILL, _CARRIER)),
    "confirm_result_arrival": Verb(result.confirm_arrival),
    "hand_over": Verb(result.hand_over, (_SIGNED_BY, _PROOF)),
    "hand_over_here": Verb(result.hand_over, (_SIGNED_BY, _PROOF), fixed={"here": True}),
    "confirm_delivery": Verb(result.confirm_delivery, (_SIGNED_BY,)),
    "fail_delivery": Verb(result.fail, (_REASON,)),
    "fail_delivery_here": Verb(result.fail, (_REASON,), fixed={"here": True}),
    "close": Verb(result.close),
    "withdraw": Verb(result.withdraw, (_REASON,)),
    "withdraw_at_home": Verb(result.withdraw, (_REASON,)),
    "finish_return": Verb(
        result.finish_return, (Ask("how", _("退还方式"), help=_("例如：当面退还、邮寄并填运单号")),)
    ),
    "finish_return_at_home": Verb(
        result.finish_return,
        (Ask("how", _("退还方式"), help=_("例如：当面退还、邮寄并填运单号")),),
        fixed={"at_home": True},
    ),
}


def verb(name: str) -> Verb:
    """Give the verb of a step.

    Raises:
        UnknownVerb: there is no such step, or people cannot take it (a lapse is the system's own).
    """
    if name not in VERBS:
        raise UnknownVerb(name=name)
    return VERBS[name]


def run(
    name: str,
    case_id: int,
    *,
    values: Mapping[str, Any],
    by: Actor,
    at: datetime.datetime,
    revision: int | None,
) -> Case:
    """Take a step with what was filled in, and give the case as it is now.

    Args:
        values: what the verb asks for, by name; dates and numbers may be text.

    Raises:
        refusals.Refusal: of any kind, with sentences for the fields that are wrong.
    """
    found = verb(name)

    def take() -> None:
        arguments = {ask.name: read(ask, values.get(ask.name)) for ask in found.asks}
        found.run(case_id, **found.fixed, **arguments, by=by, at=at, revision=revision)

    if found.is_held:
        with holding.holding(case_id, by=by) as held:
            take()
        return held.case
    found.sees(case_id, for_=by)  # what a person may not see is not there for them
    take()
    try:
        return queries.get(case_id, for_=by)
    except rules.UnknownCase:
        return _gone(case_id)


def _gone(case_id: int) -> Case:
    """Give a case that a step has taken out of the person's sight (forwarded, handed back)."""
    return Case.objects.select_related("receiving_window", "home_window").get(id=case_id)


def read(ask: Ask, value: Any) -> Any:
    """Turn what was filled in for one thing into what the operation takes.

    Raises:
        refusals.Incomplete: with the field named.
    """
    if ask.type in ("found", "advice", "keys"):
        return _rows(ask, value)
    text = str(value if value is not None else "").strip()
    if ask.required and not text:
        sentence = str(_("请填写{label}")).format(label=ask.label)
        raise refusals.Incomplete(fields={ask.name: sentence})
    if ask.type == "date":
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise BadDate(fields={ask.name: BadDate().message}) from None
    if ask.type == "days" or ask.name.endswith("_id"):
        number = numbers.whole(text)
        if number is None:
            raise BadDays(fields={ask.name: BadDays().message})
        return number
    return text


def _rows(ask: Ask, value: Any) -> Any:
    if not isinstance(value, list):
        raise BadShape(name=ask.name, fields={ask.name: BadShape(name=ask.name).message})
    if ask.type == "keys":
        return [str(v) for v in value]
    if not all(isinstance(row, Mapping) and row.get("key") for row in value):
        raise BadShape(name=ask.name, fields={ask.name: BadShape(name=ask.name).message})
    return value


assert set(VERBS) <= set(STEPS)
