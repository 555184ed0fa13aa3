"""The steps that somebody may take on a case, as forms: drawn from VERBS, read back, drawn again as typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases import queries, rules
from tongban.cases.models import Case, CaseMaterial, CorrectionNotice, Scan, Transfer, Verdict
from tongban.cases.states import STEPS, Channel, DeliveryWay, State, Step
from tongban.duties.models import Duty
from tongban.kernel import numbers, refusals
from tongban.web.kit import verbs
from tongban.web.kit.templatetags import kit
from tongban.web.kit.verbs import Ask
from tongban.web.workbench.case_history import FINDINGS

ON_RECEIVE_PAGE = frozenset({"receive", "ask_correction"})  # they end with a printed form: previewed there
# Steps that ask the same, offered as one form with two buttons: what the button says.
_TWINS = {
    "ask_relayed_correction": ("ask_home_correction", gettext_lazy("直接告知申请人")),
}
_BUTTONS: dict[str, str | Promise] = {
    "ask_relayed_correction": gettext_lazy("由收件地窗口转告"),
    "confirm_arrival": gettext_lazy("确认到达，保存核对结果"),
    "confirm_paper": gettext_lazy("保存核对结果"),
}
_LABELS: dict[str, str | Promise] = {
    "ask_relayed_correction": gettext_lazy("要求补正"),
    "ask_online_correction": gettext_lazy("要求补正"),
}
_ICONS = {
    "accept": "circle-check",
    "grant": "circle-check",
    "decline": "circle-x",
    "decline_online": "circle-x",
    "ask_online_correction": "file-alert",
    "forward_online": "arrow-forward-up",
    "offer_online": "cloud-download",
    "refuse": "circle-x",
    "ask_relayed_correction": "file-alert",
    "forward": "arrow-forward-up",
    "return_case": "arrow-back-up",
    "withdraw": "arrow-back",
    "withdraw_early": "arrow-back",
    "withdraw_at_home": "arrow-back",
    "hand_off": "building-community",
    "suspend": "player-pause",
    "resume": "player-play",
    "recall": "arrow-back",
    "demand_paper": "mail-question",
    "choose_channel": "switch-horizontal",
    "offer_pickup": "building-store",
    "send_result": "truck-delivery",
    "post_result": "mail-forward",
    "tell_result": "phone",
    "fail_delivery": "mail-off",
    "confirm_arrival": "clipboard-check",
    "confirm_paper": "clipboard-check",
    "send": "send",
    "send_with_paper": "send",
    "post_paper": "mail-forward",
    "answer_discrepancy": "tool",
    "relay_correction": "phone",
    "bring_correction": "package",
    "bring_to_receiving": "package",
    "bring_to_home": "package",
    "give_opinion": "message-2",
    "confirm_result_arrival": "clipboard-check",
    "confirm_delivery": "clipboard-check",
    "hand_over": "clipboard-check",
    "hand_over_here": "clipboard-check",
    "finish_return": "package-export",
    "finish_return_at_home": "package-export",
    "close": "archive",
    "fail_delivery_here": "mail-off",
}
_DELIVERY_STEPS = {
    DeliveryWay.POST: "post_result",
    DeliveryWay.PICK_UP_HOME: "offer_pickup",
    DeliveryWay.PICK_UP_RECEIVING: "send_result",
    DeliveryWay.ELECTRONIC: "offer_online",
}
_NO = frozenset({"decline", "decline_online", "refuse"})


class PreviewFirst(refusals.OutOfTurn):
    """收件通知书和一次性告知书须先预览再出具，请在收件页办理。"""


class BadCount(refusals.Incomplete):
    """份数请填写 0 到 999 之间的数字。"""


class WhichWindow(refusals.Incomplete):
    """没有唯一对应的窗口，请输入区划全称，或者从查找结果中选择一个。"""


@dataclass
class Sheet:
    """One sheet of the list that was sent, and what was entered about it."""

    key: str
    name: str
    sent_originals: int
    sent_copies: int
    sent_scans: int
    scans: list[Scan]
    finding: str
    originals: str
    copies: str
    note: str
    error: str = ""

    @property
    def is_electronic(self) -> bool:
        """Whether it came online only: there is no paper to count."""
        return bool(self.sent_scans) and not self.sent_originals + self.sent_copies


@dataclass
class Row:
    """One material that may be ticked, with advice where it is to be corrected."""

    key: str
    name: str
    is_ticked: bool
    text: str
    error: str = ""


@dataclass
class Field:
    """One thing that a step asks for, as it is drawn."""

    name: str
    label: str | Promise
    type: str
    help: str | Promise
    required: bool
    value: str
    error: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    extras: list[Sheet] = field(default_factory=list)
    words: str = ""  # of a division: what was searched for


@dataclass
class Form:
    """A step as a form: where it goes, what it asks, and what became of the last try."""

    step: str
    label: str | Promise
    button: str | Promise
    article: str
    icon: str
    hint: str
    fields: list[Field]
    is_no: bool = False
    is_open: bool = False
    twin: str = ""  # another step to which the same form may go
    twin_button: str | Promise = ""
    refusal: refusals.Refusal | None = None


@dataclass(frozen=True)
class Facts:
    """What forms need to know of a case; read once for the whole page."""

    materials: Sequence[CaseMaterial]
    scans: Mapping[int, list[Scan]]  # by material
    files: Mapping[str, list[Scan]]  # by field of the form
    transfers: Sequence[Transfer]
    notices: Sequence[CorrectionNotice]
    answers: Mapping[str, str]  # those of the form that may be sent back to be corrected, by key

    def under_way(self, step: str) -> Transfer | None:
        """Give what a step reconciles: the last thing sent of its kind that has not arrived."""
        kinds = ("paper",) if step == "confirm_paper" else ("papers", "forward")
        rows = [t for t in self.transfers if t.kind in kinds and t.arrived_at is None]
        return rows[-1] if rows else None

    def standing_notice(self) -> CorrectionNotice | None:
        """Give the home window's request for correction that has not been answered."""
        rows = [n for n in self.notices if n.asked_by == "home" and n.settled_at is None]
        return rows[-1] if rows else None

    def not_scanned(self) -> list[str]:
        """Name the papers in order that have not been made electronic."""
        return [m.name for m in self.materials if m.verdict == Verdict.PASSED and not self.scans.get(m.id)]

    def scans_by_key(self) -> dict[str, list[Scan]]:
        """Give the files by their key on a list of sheets."""
        of_form = {f"form.{key}": scans for key, scans in self.files.items()}
        return {m.key: self.scans.get(m.id, []) for m in self.materials} | of_form


@dataclass(frozen=True)
class Typed:
    """What somebody typed for a step that was refused, and why it was."""

    step: str
    data: QueryDict
    refusal: refusals.Refusal


@dataclass
class Offer:
    """The steps open to somebody: the one to take now, those owed beside it, the rest."""

    main: Form | None = None
    owed: list[Form] = field(default_factory=list)
    others: list[Form] = field(default_factory=list)
    continues_on_receive_page: bool = False
    refused: Form | None = None  # the form that was sent and not taken, if it can still be sent

    @property
    def is_empty(self) -> bool:
        return not (self.main or self.owed or self.others or self.continues_on_receive_page)


def offer(
    case: Case,
    steps: Sequence[tuple[str, Step]],
    *,
    duties: Sequence[Duty],
    facts: Facts,
    typed: Typed | None = None,
) -> Offer:
    """Draw the forms of the steps that are open to somebody, with what was typed into the refused one."""
    names = [name for name, _step in steps if _fits(name, case)]
    result = Offer(continues_on_receive_page=bool(ON_RECEIVE_PAGE & set(names)))
    twins = {twin for twin, _label in _TWINS.values()}
    main = _main(case, names)
    kinds = {d.kind for d in duties if not d.is_turn}
    for name in names:
        if name in ON_RECEIVE_PAGE or (name in twins and _leader(name) in names):
            continue
        form = draw(name, case, facts=facts, typed=typed)
        if form.refusal:
            result.refused = form
        if name == main and not result.continues_on_receive_page:
            result.main = form
        elif STEPS[name].to is None and kinds & set(STEPS[name].discharges):
            result.owed.append(form)
        else:
            result.others.append(form)
    return result


def _fits(name: str, case: Case) -> bool:
    """Say whether an allowed step makes sense for how this case's papers travel."""
    if name in ("send", "send_with_paper"):
        return (name == "send_with_paper") == (case.channel == Channel.ONLINE_PAPER)
    if name == "demand_paper":
        return case.channel != Channel.POST
    return name in verbs.VERBS


def _leader(twin: str) -> str:
    return next((leader for leader, (name, _label) in _TWINS.items() if name == twin), "")


def _main(case: Case, names: Sequence[str]) -> str:
    """Give the step that the case waits for; for a result, the way of delivery that the applicant chose."""
    if case.state in (State.DECIDED, State.DELIVERY_FAILED):
        chosen = _DELIVERY_STEPS.get(DeliveryWay(case.delivery_way)) if case.delivery_way else None
        if chosen in names:
            return str(chosen)
    return next((name for name in names if STEPS[name].is_main), "")


def draw(name: str, case: Case, *, facts: Facts, typed: Typed | None = None) -> Form:
    """Draw the form of one step; `typed` fills it in again when it was for this step."""
    step = STEPS[name]
    twin, twin_button = _TWINS.get(name, ("", ""))
    mine = typed if typed and typed.step in (name, twin) else None
    return Form(
        step=name,
        label=_LABELS.get(name, step.label),
        button=_BUTTONS.get(name, step.label),
        article=kit.article_in_words(step.article),
        icon=_ICONS.get(name, "chevron-right"),
        hint=_hint(name, case, facts),
        fields=[_field(ask, name, case, facts, mine) for ask in asks_of(name, case)],
        is_no=name in _NO,
        is_open=mine is not None,
        twin=twin,
        twin_button=twin_button,
        refusal=mine.refusal if mine else None,
    )


def asks_of(name: str, case: Case) -> list[Ask]:
    """Give what a step asks for on this case: no waybill where nothing is posted."""
    asks = [a for a in verbs.verb(name).asks if a.applies is None or a.applies(case)]
    if name == "send" and case.channel != Channel.POST:
        return [a for a in asks if a.name not in ("waybill", "carrier")]
    return asks


def _hint(name: str, case: Case, facts: Facts) -> str:
    if name == "answer_discrepancy":
        return _differences(facts)
    if name in ("send", "send_with_paper") and case.channel != Channel.POST and facts.not_scanned():
        return _(
            "还没有扫描的材料：{names}。请先在下面“申请材料”里上传，再发出；也可以改为邮政速递。"
        ).format(names="、".join(facts.not_scanned()))
    if name == "accept" and case.legal_limit is not None:
        return _("自受理之日起计算法定时限 {legal} 个工作日、承诺期限 {promised} 个工作日。").format(
            legal=case.legal_limit, promised=case.promised_limit
        )
    hints = {
        "send": _("发出的清单将签名留存，属地窗口按清单逐份核对。"),
        "send_with_paper": _("先发出电子材料；纸质材料须在收件后 2 个工作日内寄出。"),
        "confirm_arrival": _(
            "请对照发出的清单，逐份核对实际收到的材料。有缺少、破损、多出的，照实记录，不影响继续办理。"
        ),
        "confirm_paper": _("请按清单逐份核对后寄的纸质材料。"),
        "ask_relayed_correction": _("一次告知需要补正的全部内容。勾选材料并写明怎么补。"),
        "ask_online_correction": _(
            "一次告知需要补正的全部内容，可以是材料，也可以是填写的内容。申请人在线收到，并在线补正。"
        ),
        "decline_online": _("决定书经数字签名生成，理由一并写入，在线送达申请人。"),
        "forward_online": _("申请和材料随件转出，申请人同步知悉。"),
        "offer_online": _("申请人登录后下载即为送达，系统自动生成送达回证。"),
        "decline": _("不予受理后，材料退还申请人。理由会告知申请人。"),
        "forward": _("材料和已录内容随件转出，收件地窗口和申请人同步知悉。"),
        "return_case": _("退回收件地窗口处理，已录内容全部保留。"),
        "suspend": _("只有法定情形可以暂停。暂停期间不计入法定时限和承诺期限。"),
        "resume": _("恢复后，法定时限和承诺期限按暂停的工作日顺延。"),
        "hand_off": _("转部门办理期间，法定时限和承诺期限继续计算。"),
        "bring_correction": _("申请人送来补正材料后，回到收件页继续审查。"),
        "close": _("归档前须已告知申请人和收件地窗口结果。"),
        "demand_paper": _("收件地窗口须在 2 个工作日内补寄。"),
        "withdraw_at_home": _("由属地窗口向申请人退还材料。"),
        "withdraw": _("由收件地窗口向申请人退还材料。"),
    }
    return hints.get(name, "")


def _differences(facts: Facts) -> str:
    """Name the papers that did not arrive as they were sent and that nobody has answered for."""
    rows = [r for t in facts.transfers if t.is_complete is False and not t.answered_at for r in t.found or []]
    words = [
        f"{r['name']}（{FINDINGS[r['finding']]}{'，' + r['note'] if r['note'] else ''}）"
        for r in rows
        if r["finding"] != "ok"
    ]
    return _("属地窗口核对的差异：{names}。请补寄、更换或者说明。").format(names="、".join(words))


def _field(ask: Ask, step: str, case: Case, facts: Facts, typed: Typed | None) -> Field:
    data = typed.data if typed else None
    errors = typed.refusal.fields if typed else {}
    drawn = Field(
        name=ask.name,
        label=ask.label,
        type=ask.type,
        help=ask.help,
        required=ask.required
        or (ask.name == "waybill" and step in ("send", "forward") and case.channel == Channel.POST),
        value=data.get(ask.name, "") if data is not None else ask.default,
        error=errors.get(ask.name, ""),
    )
    if ask.choices:
        drawn.choices = ask.choices(case)
        if step == "bring_to_receiving" and data is None:
            drawn.value = case.channel
    elif ask.type == "found":
        drawn.sheets, drawn.extras = _sheets(step, facts, data, errors)
    elif ask.type == "advice":
        drawn.rows = _advice(facts, data, errors)
    elif ask.type == "keys":
        drawn.rows = _brought(facts, data, errors)
    elif ask.type == "division":
        drawn.words = data.get(f"{ask.name}_words", "") if data is not None else ""
        if drawn.words:
            windows = queries.windows_to_forward_to(case, words=drawn.words)
            drawn.choices = [(w.division_id, f"{w.division.full_name} · {w.name}") for w in windows]
    if ask.name == "address" and case.delivery_address:
        drawn.help = _("不填则寄往：{address}").format(address=case.delivery_address)
    return drawn


def _sheets(
    step: str, facts: Facts, data: QueryDict | None, errors: Mapping[str, str]
) -> tuple[list[Sheet], list[Sheet]]:
    transfer = facts.under_way(step)
    if transfer is None:
        return [], []
    scans = facts.scans_by_key()
    sheets = []
    for sent in transfer.sheets:
        key = sent["key"]
        typed = (
            {n: data.get(f"{n}.{key}") for n in ("finding", "originals", "copies", "note")} if data else {}
        )
        sheets.append(
            Sheet(
                key=key,
                name=sent["name"],
                sent_originals=sent["originals"],
                sent_copies=sent["copies"],
                sent_scans=len(sent["scans"]),
                scans=scans.get(key, []),
                finding=typed.get("finding") or "",
                originals=_first(typed.get("originals"), sent["originals"]),
                copies=_first(typed.get("copies"), sent["copies"]),
                note=typed.get("note") or "",
                error=errors.get(f"found.{key}", ""),
            )
        )
    extras = [_extra(n, row, errors) for n, row in enumerate(_extra_rows(data))] if data else []
    return sheets, extras


def _first(typed: str | None, sent: int) -> str:
    return str(sent) if typed is None else typed


def _extra(n: int, row: Sequence[str], errors: Mapping[str, str]) -> Sheet:
    name, originals, copies, note = row
    return Sheet(
        f"extra-{n}", name, 0, 0, 0, [], "extra", originals, copies, note, errors.get(f"found.extra-{n}", "")
    )


def _extra_rows(data: QueryDict) -> list[tuple[str, str, str, str]]:
    lists = [data.getlist(f"extra_{n}") for n in ("name", "originals", "copies", "note")]
    rows = [(a.strip(), b.strip(), c.strip(), d.strip()) for a, b, c, d in zip(*lists, strict=False)]
    return [row for row in rows if row[0]]


def _advice(facts: Facts, data: QueryDict | None, errors: Mapping[str, str]) -> list[Row]:
    ticked = set(data.getlist("advice_keys")) if data is not None else set()
    rows = {m.key: m.name for m in facts.materials if m.verdict != "not_needed"} | dict(facts.answers)
    return [
        Row(
            key=key,
            name=name,
            is_ticked=key in ticked,
            text=data.get(f"advice.{key}", "") if data is not None else "",
            error=errors.get(f"advice.{key}", ""),
        )
        for key, name in rows.items()
    ]


def _brought(facts: Facts, data: QueryDict | None, errors: Mapping[str, str]) -> list[Row]:
    notice = facts.standing_notice()
    ticked = set(data.getlist("keys")) if data is not None else set()
    return [
        Row(i["key"], i["name"], i["key"] in ticked, i["advice"], errors.get(f"keys.{i['key']}", ""))
        for i in (notice.items if notice else [])
    ]


def read(step: str, case: Case, data: QueryDict) -> dict[str, Any]:
    """Read what was filled in for a step, in the shape that `verbs.run` takes.

    Raises:
        verbs.UnknownVerb, PreviewFirst, BadCount, WhichWindow, rules.NothingBrought: with the field named.
    """
    verb = verbs.verb(step)
    if verb.shows_notice:
        raise PreviewFirst()
    return {ask.name: _read(ask, case, data) for ask in verb.asks}


def _read(ask: Ask, case: Case, data: QueryDict) -> Any:
    if ask.type == "found":
        return _read_found(data)
    if ask.type == "advice":
        return [{"key": k, "advice": data.get(f"advice.{k}", "")} for k in data.getlist("advice_keys")]
    if ask.type == "keys":
        if not data.getlist("keys"):  # none ticked does not mean all
            raise rules.NothingBrought(fields={"keys": rules.NothingBrought().message})
        return data.getlist("keys")
    if ask.type == "division":
        return data.get(ask.name) or _only_window(ask, case, data.get(f"{ask.name}_words", ""))
    return data.get(ask.name, "")


def _read_found(data: QueryDict) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for key in data.getlist("sheet"):
        row = {n: data.get(f"{n}.{key}", "") for n in ("finding", "originals", "copies", "note")}
        if row["finding"]:
            rows.append({"key": key, **row})
    for n, (name, originals, copies, note) in enumerate(_extra_rows(data)):
        extra = {"key": f"extra-{n}", "name": name, "finding": "extra", "note": note}
        rows.append({**extra, "originals": originals, "copies": copies})
    wrong = {
        f"found.{row['key']}": BadCount().message
        for row in rows
        for count in (row["originals"], row["copies"])
        if count and numbers.whole(count, most=999) is None
    }
    if wrong:
        raise BadCount(fields=wrong)
    return [
        {**row, **{part: numbers.whole(row[part] or "0") or 0 for part in ("originals", "copies")}}
        for row in rows
    ]


def _only_window(ask: Ask, case: Case, words: str) -> str:
    """Give the place whose window is the only one meant by what was typed."""
    if not words.strip():
        return ""
    found = list(queries.windows_to_forward_to(case, words=words))
    exact = [w for w in found if words.strip() in (w.division.full_name, w.division.name)] or found
    if len(exact) != 1:
        raise WhichWindow(fields={ask.name: WhichWindow().message})
    return exact[0].division_id


def said(typed: Typed, case: Case) -> list[tuple[str | Promise, str]]:
    """Give in words what was typed for a step that can't be taken any more, so that nothing typed is lost."""
    if typed.step not in verbs.VERBS:
        return []
    lines: list[tuple[str | Promise, str]] = []
    for ask in verbs.verb(typed.step).asks:
        if ask.type == "advice":
            lines += [
                (ask.label, typed.data.get(f"advice.{k}", "")) for k in typed.data.getlist("advice_keys")
            ]
        elif ask.type == "found":
            found = typed.data.getlist("sheet")
            lines += [(ask.label, note) for note in (typed.data.get(f"note.{k}", "") for k in found)]
        elif ask.choices:
            lines.append((ask.label, dict(ask.choices(case)).get(typed.data.get(ask.name, ""), "")))
        else:
            lines.append((ask.label, typed.data.get(ask.name, "")))
    return [(label, text) for label, text in lines if text.strip()]
