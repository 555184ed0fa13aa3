"""At the home window: accept, ask for correction all at once, decline, return papers (P21(3))."""

import datetime
from collections.abc import Mapping, Sequence

from django.db import models

from tongban.cases import queries, rules
from tongban.cases.models import Case, CaseMaterial, CorrectionNotice, Decision, Verdict
from tongban.cases.operations import _step
from tongban.cases.states import CaseOutcome, Channel, Mode
from tongban.kernel import ids
from tongban.kernel import text as text_of
from tongban.people.actors import Actor


def accept(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Accept a case (受理): from now on the legal and the promised limit count (P21(3))."""
    with _step.taking(case_id, "accept", by=by, at=at, revision=revision) as step:
        step.set(accepted_at=at)
        if step.case.mode == Mode.ONLINE:
            _pass_all(step)
        step.add(Decision(id=ids.new_id(at), case=step.case, kind="accept", made_at=at, made_by_name=by.name))
        step.note(legal_limit=step.case.legal_limit, promised_limit=step.case.promised_limit)
    return step.case


def _pass_all(step: _step.Taking) -> None:
    """Find in order what was sent online: no window had reviewed it before it came."""
    handed_in = {s.material_id for s in queries.scans_of(step.case.id)}
    for material in queries.materials_of(step.case.id):
        if material.verdict == Verdict.PENDING:
            there = material.id in handed_in
            step.update(material, verdict=Verdict.PASSED if there else Verdict.NOT_NEEDED)


def ask_correction(
    case_id: int,
    *,
    items: Sequence[Mapping[str, str]],
    days: int,
    through_receiving: bool,
    beyond_reason: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> CorrectionNotice:
    """Ask for everything that is missing at once, through the receiving window or of the applicant directly.

    The time for bringing it counts from now when told directly, from the relay otherwise.

    Args:
        items: (key of the material, advice) for each; at least one, each with advice (行政许可法 Art. 32).

    Raises:
        rules.NothingToCorrect, rules.NoAdvice, rules.DueDateTooSoon.
        rules.BeyondFirstNotice, rules.OnlyTheLead: it asks for more than the first notice named (C11).
    """
    name = "ask_relayed_correction" if through_receiving else "ask_home_correction"
    return _ask(
        name, case_id, items=items, days=days, beyond_reason=beyond_reason, by=by, at=at, revision=revision
    )


def ask_online_correction(
    case_id: int,
    *,
    items: Sequence[Mapping[str, str]],
    days: int,
    beyond_reason: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> CorrectionNotice:
    """Ask an applicant who applied online for everything that is missing at once; they send it online.

    Args:
        items: as `ask_correction`; the key may be `form.<key>` of an answer too.

    Raises:
        As `ask_correction`.
    """
    name = "ask_online_correction"
    return _ask(
        name, case_id, items=items, days=days, beyond_reason=beyond_reason, by=by, at=at, revision=revision
    )


def _ask(
    name: str,
    case_id: int,
    *,
    items: Sequence[Mapping[str, str]],
    days: int,
    beyond_reason: str,
    by: Actor,
    at: datetime.datetime,
    revision: int | None,
) -> CorrectionNotice:
    rules.check_days(days)
    with _step.taking(case_id, name, by=by, at=at, revision=revision) as step:
        materials = {m.key: m for m in queries.materials_of(case_id)}
        names = {m.key: m.name for m in materials.values()} | queries.answers_to_correct(step.case)
        rows = [i for i in items if i.get("key") in names]
        if not rows:
            raise rules.NothingToCorrect()
        empty = {
            f"advice.{i['key']}": rules.NoAdvice().message for i in rows if not i.get("advice", "").strip()
        }
        if empty:
            raise rules.NoAdvice(fields=empty)
        told = [
            {"key": i["key"], "name": names[i["key"]], "advice": text_of.clean(i["advice"])[:500]}
            for i in rows
        ]
        window_id = step.case.home_window_id or 0
        beyond, reason = _step.asking_once(step, told, window_id=window_id, reason=beyond_reason)
        for item in told:
            if item["key"] in materials:
                step.update(materials[item["key"]], verdict=Verdict.TO_CORRECT, advice=item["advice"])
        notice = CorrectionNotice(
            id=ids.new_id(at),
            case=step.case,
            asked_by="home",
            items=told,
            window_id=window_id,
            standard_id=step.case.standard_id,
            beyond=beyond,
            beyond_reason=reason,
            days=days,
            due_on=queries.last_day(step.case, at=at, days=days),
            asked_at=at,
            asked_by_name=by.name,
        )
        step.add(notice)
        step.due_on = notice.due_on
        step.watched_by_id = step.case.home_window_id
        step.note(items=[i["key"] for i in told], due_on=notice.due_on.isoformat())
    return notice


def relay_correction(
    case_id: int, *, told_by: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Record that the receiving window has passed the home window's request on to the applicant."""
    rules.check_reason(told_by, field="told_by")
    with _step.taking(case_id, "relay_correction", by=by, at=at, revision=revision) as step:
        notice = _standing_notice(step.case)
        if notice:
            step.update(notice, due_on=queries.last_day(step.case, at=at, days=notice.days))
            step.due_on = notice.due_on
        step.watched_by_id = step.case.receiving_window_id
        step.note(told_by=text_of.clean(told_by)[:60])
    return step.case


def _standing_notice(case: Case) -> CorrectionNotice | None:
    return (
        CorrectionNotice.objects.filter(case=case, asked_by="home", settled_at=None).order_by("-id").first()
    )


def bring_to_receiving(
    case_id: int,
    *,
    keys: Sequence[str] = (),
    channel: str = Channel.ONLINE,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Take what the applicant brought to the receiving window; it travels to the home window as before."""
    if channel not in Channel.values:
        raise rules.NoChannel(fields={"channel": rules.NoChannel().message})
    with _step.taking(case_id, "bring_to_receiving", by=by, at=at, revision=revision) as step:
        _settle(step, keys)
        step.set(channel=channel)
        step.counts_anew = True
    return step.case


def bring_to_home(
    case_id: int, *, keys: Sequence[str] = (), by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Take what the applicant brought straight to the home window."""
    with _step.taking(case_id, "bring_to_home", by=by, at=at, revision=revision) as step:
        _settle(step, keys)
    return step.case


def _settle(step: _step.Taking, keys: Sequence[str]) -> None:
    """Mark what was brought as handed in; no keys: everything that the notice named."""
    notice = _standing_notice(step.case)
    named = {i["key"] for i in notice.items} if notice else set()
    brought = named & set(keys) if keys else named
    if not brought:
        raise rules.NothingBrought()
    if brought != named:
        missing = {f"keys.{k}": rules.NothingBrought().message for k in sorted(named - brought)}
        raise rules.NothingBrought(fields=missing)
    for material in CaseMaterial.objects.filter(case=step.case, key__in=brought):
        counts = {}
        if not material.originals + material.copies:
            counts = {"originals": material.originals_asked, "copies": material.copies_asked}
        step.update(material, verdict=Verdict.PASSED, advice="", **counts)
    if notice:
        step.update(notice, settled_at=step.at)
    step.note(brought=sorted(brought))


def lapse_at_home(case_id: int, *, by: Actor, at: datetime.datetime) -> Case:
    """Give a case up whose correction was not brought in time; the home window returns the papers.

    Raises:
        rules.TimeStillRuns: the time for bringing it is not over.
    """
    with _step.taking(case_id, "lapse_at_home", by=by, at=at) as step:
        step.check_turn_is_over()
        step.set(outcome=CaseOutcome.LAPSED)
    return step.case


def decline(
    case_id: int, *, reason: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Refuse acceptance (不予受理) with the reason; the papers go back to the applicant."""
    with _step.taking(case_id, "decline", by=by, at=at, revision=revision) as step:
        step.set(outcome=CaseOutcome.DECLINED)
        step.add(_no(step, reason))
    return step.case


def decline_online(
    case_id: int,
    *,
    reason: str,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
    document_id: int | None = None,
    also: Sequence[models.Model] = (),
) -> Case:
    """Refuse acceptance of an online case with the reason, in writing: it is delivered like any decision.

    Args:
        document_id, also: the frozen document that says so, and the rows to be written with it (E4).
    """
    with _step.taking(case_id, "decline_online", by=by, at=at, revision=revision) as step:
        step.set(outcome=CaseOutcome.DECLINED, decided_at=at)
        decision = _no(step, reason)
        decision.document_id = document_id
        step.add(decision, *also)
    return step.case


def _no(step: _step.Taking, reason: str) -> Decision:
    text = text_of.clean(reason, keep_lines=True)
    rules.check_reason(text)
    return Decision(
        id=ids.new_id(step.at),
        case=step.case,
        kind="decline",
        reason=text,
        made_at=step.at,
        made_by_name=step.by.name,
    )
