"""Papers on their way between windows: sent, arrived, reconciled, forwarded, returned (P21(2), P21(3))."""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tongban.cases import queries, rules
from tongban.cases.models import Case, Transfer, Verdict
from tongban.cases.operations import _step
from tongban.cases.states import Channel, State
from tongban.catalogue import standards
from tongban.directory import queries as directory
from tongban.kernel import crypto, ids, keyring, numbers, refusals, worktime
from tongban.kernel import text as text_of
from tongban.people.actors import Actor

FINDINGS = ("ok", "missing", "damaged", "extra")
DAYS_ONLINE = 1  # an online package is there at once: the home window confirms it by the next working day


class NothingUnderWay(refusals.OutOfTurn):
    """没有正在流转、等待核对的材料。请刷新后查看最新进度。"""


class BadFinding(refusals.Incomplete):
    """核对结果请选择：相符、缺少、破损或者多出。"""


def choose_channel(
    case_id: int, *, channel: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Change how received papers will travel; the time for sending them follows (P21(2))."""
    _check_channel(channel)
    with _step.taking(case_id, "choose_channel", by=by, at=at, revision=revision) as step:
        step.note(channel_before=step.case.channel, channel=channel)
        step.set(channel=channel)
    return step.case


def _check_channel(channel: str) -> None:
    if channel not in Channel.values:
        raise rules.NoChannel(fields={"channel": rules.NoChannel().message})


def send(
    case_id: int,
    *,
    waybill: str = "",
    carrier: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Transfer:
    """Send the papers of a received case to the home window, by the channel chosen at receipt (P21(2)).

    By post: within 2 working days of receipt, with a waybill number. Online: within 1, the scans as a signed
    package; where paper is to follow, that is a duty of its own, 2 working days from receipt.

    Raises:
        rules.NoWaybill, numbers.WaybillWrong: by post without a usable number.
        rules.NotScanned: online while a paper has not been scanned.
    """
    case = queries.get(case_id, for_=by)
    name = "send_with_paper" if case.channel == Channel.ONLINE_PAPER else "send"
    rules.check_waybill(case.channel, waybill)
    number = numbers.check_waybill(waybill).number if waybill.strip() and case.channel == Channel.POST else ""
    with _step.taking(case_id, name, by=by, at=at, revision=revision) as step:
        if step.case.channel != case.channel:
            raise rules.changed_meanwhile(step.case)
        if step.case.channel != Channel.POST:
            step.amounts["confirm_arrival"] = DAYS_ONLINE
        transfer = _transfer(step, kind="papers", channel=step.case.channel, waybill=number, carrier=carrier)
        if step.case.channel != Channel.POST:
            rules.check_all_scanned(transfer.sheets)
    return transfer


def _transfer(step: _step.Taking, *, kind: str, channel: str, waybill: str, carrier: str) -> Transfer:
    """Build the transfer with its signed list of sheets, and add it to the step (C13)."""
    case = step.case
    sheets = sheets_of(case, on_paper=channel == Channel.POST)
    digest = crypto.sm3(json.dumps(sheets, ensure_ascii=False, sort_keys=True).encode())
    here, there = case.receiving_window_id, case.home_window_id
    transfer = Transfer(
        id=ids.new_id(step.at),
        case=case,
        kind=kind,
        channel=channel,
        from_window_id=here,
        to_window_id=there or here,
        carrier=text_of.clean(carrier)[:60],
        waybill=waybill,
        sheets=sheets,
        digest=digest,
        signature=keyring.current().sign(digest),
        sent_at=step.at,
        sent_by_name=step.by.name,
    )
    step.add(transfer)
    step.note(transfer=ids.number_of(transfer.id), channel=channel, sheets=len(sheets), digest=digest.hex())
    return transfer


def sheets_of(case: Case, *, on_paper: bool) -> list[dict[str, Any]]:
    """List what is sent: every material found in order, with the digests of its scans and its sheets of paper.

    What goes online takes no paper along, but the files that answer the form; an original that was given back to
    the applicant travels in neither way.
    """
    scans: dict[int | None, list[str]] = {}
    files: dict[str, list[str]] = {}
    for scan in queries.scans_of(case.id):
        digest = bytes(scan.digest).hex()
        if scan.field_key:
            files.setdefault(scan.field_key, []).append(digest)
        else:
            scans.setdefault(scan.material_id, []).append(digest)
    sheets = [
        {
            "key": m.key,
            "name": m.name,
            "originals": m.originals if on_paper and not m.is_returned else 0,
            "copies": m.copies if on_paper else 0,
            "scans": scans.get(m.id, []),
        }
        for m in queries.materials_of(case.id)
        if m.verdict == Verdict.PASSED
    ]
    return sheets if on_paper else sheets + _files(case, files)


def _files(case: Case, digests: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """List the files that answer fields of the form, in the order of the form."""
    form = standards.of(case.standard)
    return [
        {"key": f"form.{f.key}", "name": f.label, "originals": 0, "copies": 0, "scans": digests[f.key]}
        for f in form.fields
        if f.key in digests
    ]


def demand_paper(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Ask the receiving window to post the paper that came online: 2 working days (P21(2))."""
    with _step.taking(case_id, "demand_paper", by=by, at=at, revision=revision) as step:
        step.counts_anew = True
    return step.case


def post_paper(
    case_id: int,
    *,
    waybill: str,
    carrier: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Transfer:
    """Post the paper of a case that went online (P21(2)).

    Raises:
        rules.NoWaybill, numbers.WaybillWrong, NothingUnderWay: no number, a wrong one, or no paper is owed.
    """
    rules.check_waybill(Channel.POST, waybill)
    number = numbers.check_waybill(waybill).number
    with _step.taking(case_id, "post_paper", by=by, at=at, revision=revision) as step:
        _must_owe(step, "send_paper")
        transfer = _transfer(step, kind="paper", channel=Channel.POST, waybill=number, carrier=carrier)
    return transfer


def _must_owe(step: _step.Taking, kind: str) -> None:
    if not any(d.kind == kind for d in step.open_duties):
        raise NothingUnderWay()


def confirm_arrival(
    case_id: int,
    *,
    found: Sequence[Mapping[str, Any]],
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Transfer:
    """Hold what arrived against what was sent, sheet by sheet (P21(3)).

    Anything missing, damaged or extra is recorded and becomes a duty of the sender; the case goes on.

    Args:
        found: one mapping a sheet with `key`, `finding` (ok, missing, damaged, extra), `originals`, `copies`,
            `note`; an extra sheet brings its own `name`.

    Raises:
        rules.SheetsMissing: when a sheet that was sent has no finding.
    """
    with _step.taking(case_id, "confirm_arrival", by=by, at=at, revision=revision) as step:
        transfer = _under_way(step.case, ("papers", "forward"))
        if not _reconcile(step, transfer, found):
            step.open_also("answer_discrepancy")
    return transfer


def confirm_paper(
    case_id: int,
    *,
    found: Sequence[Mapping[str, Any]],
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Transfer:
    """Hold the paper that followed by post against the list it was sent with (P21(3))."""
    with _step.taking(case_id, "confirm_paper", by=by, at=at, revision=revision) as step:
        _must_owe(step, "confirm_paper")
        transfer = _under_way(step.case, ("paper",))
        if not _reconcile(step, transfer, found):
            step.open_also("answer_discrepancy")
    return transfer


def _under_way(case: Case, kinds: Sequence[str]) -> Transfer:
    row = (
        Transfer.objects.filter(case=case, kind__in=kinds, arrived_at=None)
        .order_by("-sent_at", "-id")
        .first()
    )
    if row is None:
        raise NothingUnderWay()
    return row


def _reconcile(step: _step.Taking, transfer: Transfer, found: Sequence[Mapping[str, Any]]) -> bool:
    rules.check_all_found(transfer.sheets, found)
    names = {s["key"]: s["name"] for s in transfer.sheets}
    rows = []
    for one in found:
        if one["finding"] not in FINDINGS:
            raise BadFinding(fields={f"found.{one['key']}": BadFinding().message})
        rows.append(
            {
                "key": str(one["key"])[:80],  # of a form field: longer than that of a material
                "name": names.get(one["key"]) or text_of.clean(str(one.get("name", "")))[:200],
                "finding": one["finding"],
                "originals": int(one.get("originals") or 0),
                "copies": int(one.get("copies") or 0),
                "note": text_of.clean(str(one.get("note", "")))[:300],
            }
        )
    is_complete = all(r["finding"] == "ok" for r in rows)
    step.update(transfer, arrived_at=step.at, found=rows, is_complete=is_complete)
    step.note(
        transfer=ids.number_of(transfer.id),
        found={finding: sum(r["finding"] == finding for r in rows) for finding in FINDINGS},
    )
    return is_complete


def answer_discrepancy(
    case_id: int, *, answer: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Say what the sender did about missing, damaged or extra papers."""
    text = text_of.clean(answer, keep_lines=True)
    rules.check_reason(text, field="answer")
    with _step.taking(case_id, "answer_discrepancy", by=by, at=at, revision=revision) as step:
        _must_owe(step, "answer_discrepancy")
        for transfer in Transfer.objects.filter(case=step.case, is_complete=False, answered_at=None):
            step.update(transfer, answer=text[:500], answered_at=at)
    return step.case


def forward(
    case_id: int,
    *,
    home_code: str,
    reason: str,
    waybill: str = "",
    carrier: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Send a case that came to the wrong home window on to the right one, with everything in it (P7).

    Raises:
        directory.rules.NotListed: the place has no window on the contact list. rules.SameWindow: it is this one.
    """
    rules.check_reason(reason)
    case = queries.get(case_id, for_=by)
    directory.check_in_force(home_code, on=at.astimezone(worktime.BEIJING).date())
    window = directory.open_window_of(home_code)
    channel = Channel.POST if waybill.strip() else Channel.ONLINE
    if case.channel == Channel.POST:
        rules.check_waybill(Channel.POST, waybill)
        channel = Channel.POST
    number = numbers.check_waybill(waybill).number if channel == Channel.POST else ""
    with _step.taking(case_id, "forward", by=by, at=at, revision=revision) as step:
        here = step.case.home_window_id
        if window.id == here:
            raise rules.SameWindow(fields={"home_code": rules.SameWindow().message})
        if step.case.state == State.IN_TRANSFER:
            step.update(_under_way(step.case, ("papers", "forward")), arrived_at=at)
        step.set(home_window_id=window.id, home_code=home_code)
        if channel != Channel.POST:
            step.amounts["confirm_arrival"] = DAYS_ONLINE
        transfer = _transfer(step, kind="forward", channel=channel, waybill=number, carrier=carrier)
        transfer.from_window_id = here or transfer.from_window_id
        step.note(from_window=here, to_window=window.id, reason=text_of.clean(reason)[:200])
    return step.case


def forward_online(
    case_id: int,
    *,
    home_code: str,
    reason: str,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Give an online case that came to the wrong home window to the right one, which has it at once (P7).

    Raises:
        directory.rules.NotListed: the place has no window on the contact list. rules.SameWindow: it is this one.
    """
    rules.check_reason(reason)
    directory.check_in_force(home_code, on=at.astimezone(worktime.BEIJING).date())
    window = directory.open_window_of(home_code)
    with _step.taking(case_id, "forward_online", by=by, at=at, revision=revision) as step:
        here = step.case.home_window_id
        if window.id == here:
            raise rules.SameWindow(fields={"home_code": rules.SameWindow().message})
        step.set(home_window_id=window.id, receiving_window_id=window.id, home_code=home_code)
        step.note(from_window=here, to_window=window.id, reason=text_of.clean(reason)[:200])
    return step.case


def custody(step: _step.Taking, *, from_window_id: int, to_window_id: int) -> None:
    """Add to a step the signed list of the sheets that pass from a window to the one that takes its place (C13)."""
    transfer = _transfer(step, kind="custody", channel=Channel.ONLINE, waybill="", carrier="")
    transfer.from_window_id, transfer.to_window_id = from_window_id, to_window_id
    transfer.arrived_at = step.at


def return_case(
    case_id: int, *, reason: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Give a case back to the receiving window with everything that was entered, and say why."""
    rules.check_reason(reason)
    with _step.taking(case_id, "return_case", by=by, at=at, revision=revision) as step:
        for transfer in Transfer.objects.filter(case=step.case, arrived_at=None):
            step.update(transfer, arrived_at=at)
        step.note(reason=text_of.clean(reason)[:300])
    return step.case
