"""The result on its way to the applicant: told, posted or handed over, proven, closed (P21(4))."""

import datetime

from tongban.cases import queries, rules
from tongban.cases.models import Case, Delivery
from tongban.cases.operations import _step
from tongban.cases.states import CaseOutcome, DeliveryWay
from tongban.kernel import ids, numbers
from tongban.kernel import text as text_of
from tongban.people.actors import Actor


def tell(
    case_id: int,
    *,
    told_by: str,
    note: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Record that the applicant and the receiving window were told of the result, and how (P21(4)).

    Args:
        told_by: `phone` or `sms`.
    """
    if told_by not in ("phone", "sms"):
        raise rules.NoWayOfTelling(fields={"told_by": rules.NoWayOfTelling().message})
    with _step.taking(case_id, "tell_result", by=by, at=at, revision=revision) as step:
        if not any(d.kind == "tell_result" for d in step.open_duties):
            raise rules.AlreadyTold()
        step.note(told_by=told_by, note=text_of.clean(note)[:200])
    return step.case


def post(
    case_id: int,
    *,
    waybill: str,
    carrier: str = "",
    address: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Delivery:
    """Post the result to the applicant.

    Raises:
        rules.NoWaybill, numbers.WaybillWrong, rules.NoAddress.
    """
    rules.check_waybill("post", waybill)
    number = numbers.check_waybill(waybill).number
    with _step.taking(case_id, "post_result", by=by, at=at, revision=revision) as step:
        where = text_of.clean(address)[:300] or step.case.delivery_address
        if not where:
            raise rules.NoAddress(fields={"address": rules.NoAddress().message})
        return _begin(step, way=DeliveryWay.POST, address=where, waybill=number, carrier=carrier)


def offer_pickup(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Delivery:
    """Keep the result at the home window for the applicant to collect."""
    with _step.taking(case_id, "offer_pickup", by=by, at=at, revision=revision) as step:
        return _begin(step, way=DeliveryWay.PICK_UP_HOME)


def offer_online(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Delivery:
    """Put the electronic result where the applicant downloads it, against an online receipt (E4, P22).

    Raises:
        rules.NoElectronicResult: none was made when the case was decided.
    """
    if queries.result_document(case_id) is None:
        raise rules.NoElectronicResult()
    with _step.taking(case_id, "offer_online", by=by, at=at, revision=revision) as step:
        step.watched_by_id = step.case.home_window_id
        return _begin(step, way=DeliveryWay.ELECTRONIC)


def send_to_receiving(
    case_id: int,
    *,
    waybill: str,
    carrier: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Delivery:
    """Post the result to the receiving window, where the applicant collects it."""
    rules.check_waybill("post", waybill)
    number = numbers.check_waybill(waybill).number
    with _step.taking(case_id, "send_result", by=by, at=at, revision=revision) as step:
        return _begin(step, way=DeliveryWay.PICK_UP_RECEIVING, waybill=number, carrier=carrier)


def _begin(
    step: _step.Taking, *, way: DeliveryWay, address: str = "", waybill: str = "", carrier: str = ""
) -> Delivery:
    attempt = Delivery.objects.filter(case=step.case).count() + 1
    row = Delivery(
        id=ids.new_id(step.at),
        case=step.case,
        attempt=attempt,
        way=way,
        address=address,
        carrier=text_of.clean(carrier)[:60],
        waybill=waybill,
        begun_at=step.at,
        at_window_since_at=step.at if way == DeliveryWay.PICK_UP_HOME else None,
    )
    step.add(row)
    step.set(delivery_way=way)
    step.note(attempt=attempt, way=str(way))
    return row


def _standing(case: Case) -> Delivery:
    return Delivery.objects.filter(case=case).latest("attempt")


def confirm_arrival(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Confirm that the result has come to the receiving window."""
    with _step.taking(case_id, "confirm_result_arrival", by=by, at=at, revision=revision) as step:
        step.update(_standing(step.case), at_window_since_at=at)
    return step.case


def hand_over(
    case_id: int,
    *,
    received_by: str,
    proof: str = "signature",
    here: bool = False,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Hand the result to the applicant or their agent against signature (送达回证).

    Args:
        here: at the receiving window; otherwise at the home window.
    """
    name = "hand_over_here" if here else "hand_over"
    return _prove(case_id, name, proof=proof, received_by=received_by, by=by, at=at, revision=revision)


def confirm_delivery(
    case_id: int, *, received_by: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Record that the posted result was delivered, and who signed for it (送达回证)."""
    return _prove(
        case_id, "confirm_delivery", proof="waybill", received_by=received_by, by=by, at=at, revision=revision
    )


def _prove(
    case_id: int,
    name: str,
    *,
    proof: str,
    received_by: str,
    by: Actor,
    at: datetime.datetime,
    revision: int | None,
) -> Case:
    who = text_of.clean_name(received_by)[:60]
    if not who:
        raise rules.NobodySigned(fields={"received_by": rules.NobodySigned().message})
    if proof not in dict(Delivery.PROOFS):
        raise rules.NobodySigned(fields={"proof": rules.NobodySigned().message})
    with _step.taking(case_id, name, by=by, at=at, revision=revision) as step:
        step.update(_standing(step.case), delivered_at=at, proof=proof, received_by=who)
        step.note(proof=proof)
    return step.case


def fail(
    case_id: int,
    *,
    reason: str,
    here: bool = False,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Record that a delivery failed and why; the home window tries again."""
    text = text_of.clean(reason)
    rules.check_reason(text)
    with _step.taking(
        case_id, "fail_delivery_here" if here else "fail_delivery", by=by, at=at, revision=revision
    ) as step:
        step.update(_standing(step.case), failed_at=at, failure=text[:300])
        step.note(reason=text[:200])
    return step.case


def close(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """File a delivered case (办结).

    Raises:
        rules.NotTold: the result was never told to the applicant and the receiving window.
    """
    with _step.taking(case_id, "close", by=by, at=at, revision=revision) as step:
        if any(d.kind == "tell_result" for d in step.open_duties):
            raise rules.NotTold()
        step.set(closed_at=at)
    return step.case


def withdraw(
    case_id: int, *, reason: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Take a case back at the applicant's wish after receipt; whoever holds the papers returns them."""
    rules.check_reason(reason)
    state = Case.objects.values_list("state", flat=True).filter(id=case_id).first()
    name = "withdraw" if state == "received" else "withdraw_at_home"
    with _step.taking(case_id, name, by=by, at=at, revision=revision) as step:
        step.set(outcome=CaseOutcome.WITHDRAWN, department_id=None)
        step.note(reason=text_of.clean(reason)[:200])
    return step.case


def finish_return(
    case_id: int,
    *,
    how: str,
    at_home: bool = False,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Record that the papers are back with the applicant, and close the case."""
    rules.check_reason(how, field="how")
    name = "finish_return_at_home" if at_home else "finish_return"
    with _step.taking(case_id, name, by=by, at=at, revision=revision) as step:
        step.set(closed_at=at)
        step.note(how=text_of.clean(how)[:200])
    return step.case
