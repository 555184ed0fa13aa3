"""Enterprises and mandates: who may act for whom, since when, until when, for which matters (A6, P15, F2).

A mandate is offered to a name and a phone; it counts only once the owner of that phone, whose name somebody has
checked, accepts it, and until its last day or until either side ends it. Both accounts keep it in their chains.
"""

import datetime
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q

from tongban.journal import operations as journal
from tongban.kernel import numbers, refusals, text, worktime
from tongban.people import applicants, codes, identity
from tongban.people.actors import Actor, PartyKind
from tongban.people.models import Enterprise, Mandate, Person, RealName

_ARTICLE = "A6"
LONGEST = datetime.timedelta(days=3 * 366)


class NotChecked(refusals.NotAllowed):
    """请先完成实名核验，再登记企业、授权或者接受授权。"""


class NotYoursToGive(refusals.NotAllowed):
    """代理人不能再授权别人。请由本人或者企业的法定代表人授权。"""


class EnterpriseKnown(refusals.Conflict):
    """这家企业已经登记。法定代表人变更的，请用统一身份认证的法人账号登录，或者到窗口办理。"""


class NoEnterpriseName(refusals.Incomplete):
    """请填写企业名称，与营业执照一致，最多 120 个字。"""


class NoAgent(refusals.Incomplete):
    """请填写代理人的姓名，与证件一致。"""


class OwnPhone(refusals.Incomplete):
    """这是您自己的手机号。请填写代理人的手机号。"""


class NotForAllMatters(refusals.NotAllowed):
    """企业的消息邮箱由法定代表人，或者事项范围不受限的代理人确认。您的授权只包括部分事项。"""


class BadEnd(refusals.Incomplete):
    """请填写授权截止日期，不早于今天，最长三年。"""


class UnknownMandate(refusals.NotFound):
    """没有这份授权，或者已经终止。请刷新后查看。"""


class OtherName(refusals.Conflict):
    """授权写的姓名和您实名的姓名不一致，不能接受。请授权人核对后重新授权。"""


def register_enterprise(*, code: str, name: str, how: str, by: Actor, at: datetime.datetime) -> Enterprise:
    """Register the enterprise that somebody represents by law, once a service has said that they do.

    Args:
        how: who has checked it: `oidc`, or `practice` for the simulator.

    Raises:
        NotChecked: nobody has checked who the representative is.
        numbers.InvalidNumber, NoEnterpriseName: with the field named.
        EnterpriseKnown: somebody has registered it.
    """
    person = _checked(by)
    try:
        number = numbers.check_credit_code(text.clean(code))
    except refusals.Refusal as refused:
        refused.fields.setdefault("code", refused.message)
        raise
    words = text.clean_name(name)
    if not 1 <= len(words) <= 120:
        raise NoEnterpriseName(fields={"name": NoEnterpriseName().message})
    try:
        with transaction.atomic():
            row = Enterprise.objects.create(
                code=number,
                code_digest=identity.digest(number),
                name=words,
                legal_representative=person,
                added_at=at,
                checked_how=how,
            )
            _note("enterprise.registered", [person.pk], by=by, at=at, enterprise=row.id, how=how)
            return row
    except IntegrityError:
        known = Enterprise.objects.filter(code=number).first()
        if known and known.legal_representative_id == person.pk:
            return known
        raise EnterpriseKnown(fields={"code": EnterpriseKnown().message}) from None


def represent(*, code: str, name: str, by: Actor, at: datetime.datetime) -> Enterprise:
    """Register an enterprise of which the national identity service says that somebody represents it by law.

    Where somebody else represented it before, the service knows better.

    Raises:
        As `register_enterprise`.
    """
    try:
        return register_enterprise(code=code, name=name, how="oidc", by=by, at=at)
    except EnterpriseKnown:
        person = _checked(by)
        row = Enterprise.objects.select_for_update().get(code=numbers.check_credit_code(text.clean(code)))
        before = row.legal_representative_id
        row.legal_representative, row.checked_how = person, "oidc"
        row.save(update_fields=["legal_representative", "checked_how"])
        _note("enterprise.represented", [before, person.pk], by=by, at=at, enterprise=row.id)
        return row


@transaction.atomic
def offer(
    *,
    agent_name: str,
    agent_phone: str,
    until_on: datetime.date | None,
    relation: str = "",
    items: Sequence[int] = (),
    by: Actor,
    at: datetime.datetime,
) -> Mandate:
    """Offer somebody leave to act for the one for whom `by` acts now: themselves or an enterprise of theirs.

    Args:
        items: numbers of the items that it covers; none: every matter.

    Raises:
        NotChecked, NotYoursToGive: it is not theirs to give.
        NoAgent, OwnPhone, codes.MobileOnly, numbers.PhoneWrong, BadEnd: with the field named.
    """
    person = _checked(by)
    party = by.party
    if party.mandate_id is not None:
        raise NotYoursToGive()
    words = text.clean_name(agent_name)
    if not 1 <= len(words) <= 60:
        raise NoAgent(fields={"agent_name": NoAgent().message})
    phone = _phone(agent_phone)
    if identity.digest(phone) == bytes(person.applicant.phone_digest):
        raise OwnPhone(fields={"agent_phone": OwnPhone().message})
    today = at.astimezone(worktime.BEIJING).date()
    if until_on is None or not today <= until_on <= today + LONGEST:
        raise BadEnd(fields={"until_on": BadEnd().message})
    is_enterprise = party.kind == PartyKind.ENTERPRISE
    row = Mandate.objects.create(
        enterprise_id=party.id if is_enterprise else None,
        principal_id=None if is_enterprise else person.pk,
        agent_name=words,
        agent_phone_digest=identity.digest(phone),
        agent_phone_masked=numbers.mask_phone(phone),
        relation=text.clean(relation)[:30],
        items=sorted({int(i) for i in items}),
        offered_by=person,
        offered_at=at,
        valid_until_on=until_on,
    )
    _note("mandate.offered", [person.pk], by=by, at=at, mandate=row.id, until_on=until_on.isoformat())
    return row


@transaction.atomic
def accept(mandate_id: int, *, by: Actor, at: datetime.datetime) -> Mandate:
    """Take an offered mandate; from now on it counts.

    Raises:
        UnknownMandate: it was not offered to this phone, or is over.
        NotChecked, OtherName: the agent is not known by the name that it was offered to.
    """
    row = _locked(mandate_id, Q(agent_phone_digest=_phone_digest(by)), on=_day(at))
    person = _checked(by)
    if person.name != row.agent_name:
        raise OtherName()
    if row.accepted_at is None:
        row.agent, row.accepted_at = person, at
        row.save(update_fields=["agent", "accepted_at"])
        _note("mandate.accepted", [row.offered_by_id, person.pk], by=by, at=at, mandate=row.id)
    return row


@transaction.atomic
def end(mandate_id: int, *, by: Actor, at: datetime.datetime) -> Mandate:
    """End a mandate, at once: whoever gave it, or the agent, who may also decline what was only offered.

    An enterprise's is its present representative's to end, not of whoever represented it before.

    Raises:
        UnknownMandate: it is neither's, or over already.
    """
    mine = (
        Q(offered_by_id=by.id, enterprise__isnull=True)
        | Q(agent_id=by.id)
        | Q(agent__isnull=True, agent_phone_digest=_phone_digest(by))
    )
    mine |= Q(enterprise__legal_representative_id=by.id)
    row = _locked(mandate_id, mine, on=None)
    row.ended_at, row.ended_by_name = at, by.name[:60]
    row.save(update_fields=["ended_at", "ended_by_name"])
    concerned = [row.offered_by_id, *([row.agent_id] if row.agent_id else [])]
    _note("mandate.ended", concerned, by=by, at=at, mandate=row.id, accepted=row.accepted_at is not None)
    return row


def about_email(enterprise_id: int) -> str:
    """Name the place where an enterprise's e-mail address is kept."""
    return f"enterprise.email:{enterprise_id}"


def require_hold_email(by: Actor) -> None:
    """Refuse who may not say where the messages of the enterprise go for which they act.

    Raises:
        NotForAllMatters: their mandate covers some matters only, and messages tell of all.
    """
    if by.party.items is not None:
        raise NotForAllMatters()


@transaction.atomic
def hold_email(*, email: str, by: Actor, at: datetime.datetime) -> None:
    """Keep an address, which somebody has proved to read, as that of the enterprise for which they act.

    Raises:
        NotForAllMatters; applicants.BadEmail.
    """
    require_hold_email(by)
    address = applicants.check_email(email)
    row = Enterprise.objects.select_for_update().get(id=by.party.id)
    row.email_sealed = identity.sealed(address, about=about_email(row.id))
    row.email_masked = applicants.masked_email(address)
    row.save(update_fields=["email_sealed", "email_masked"])
    concerned = [row.legal_representative_id, by.id or 0]
    _note("enterprise.email_confirmed", concerned, by=by, at=at, enterprise=row.id)


def email_of(row: Enterprise) -> str:
    """Give an enterprise's e-mail address in full."""
    return identity.opened(bytes(row.email_sealed), about=about_email(row.id))


def enterprise_of(digest: bytes) -> Enterprise | None:
    """Give the registered enterprise whose credit code a digest is of, if its representative is known and active."""
    rows = Enterprise.objects.filter(
        legal_representative__is_active=True, legal_representative__applicant__level=RealName.CHECKED
    )
    return rows.filter(code_digest=digest).first() if digest else None


def given_by(by: Actor) -> list[Mandate]:
    """Give the mandates that the one for whom somebody acts has given, the newest first, at most 200."""
    party = by.party
    if party.mandate_id is not None:
        return []
    rows = (
        Mandate.objects.filter(enterprise_id=party.id)
        if party.kind == PartyKind.ENTERPRISE
        else (Mandate.objects.filter(principal_id=party.id))
    )
    return list(rows.select_related("agent").order_by("-id")[:200])


def offered_to(by: Actor, *, at: datetime.datetime) -> list[Mandate]:
    """Give the mandates that wait for somebody's answer, the newest first, at most 50."""
    digest = _phone_digest(by)
    rows = Mandate.objects.filter(agent_phone_digest=digest, accepted_at=None, ended_at=None)
    rows = rows.filter(valid_until_on__gte=_day(at)).select_related("enterprise", "principal", "offered_by")
    return list(rows.order_by("-id")[:50])


def held_by(by: Actor) -> list[Mandate]:
    """Give the mandates that somebody has taken, the newest first, at most 200."""
    rows = Mandate.objects.filter(agent_id=by.id, accepted_at__isnull=False)
    return list(rows.select_related("enterprise", "principal", "offered_by").order_by("-id")[:200])


def enterprises_of(by: Actor) -> list[Enterprise]:
    """Give the enterprises that somebody represents by law."""
    return list(Enterprise.objects.filter(legal_representative_id=by.id).order_by("id"))


def _checked(by: Actor) -> Person:
    row = applicants.of(by.id or 0)
    if row.level != RealName.CHECKED:
        raise NotChecked()
    return row.person


def _phone(written: str) -> str:
    try:
        return codes.check_mobile(written)
    except refusals.Refusal as refused:
        refused.fields["agent_phone"] = refused.fields.pop("phone", refused.message)
        raise


def _phone_digest(by: Actor) -> bytes:
    """Give the digest of an applicant's phone; one that nobody has, for an account without a phone."""
    return bytes(applicants.of(by.id or 0).phone_digest) or b"-" * 32


def _locked(mandate_id: int, mine: Q, *, on: datetime.date | None) -> Mandate:
    rows = Mandate.objects.select_for_update(of=("self",)).filter(id=mandate_id, ended_at=None).filter(mine)
    if on is not None:
        rows = rows.filter(valid_until_on__gte=on)
    row = rows.first()
    if row is None:
        raise UnknownMandate()
    return row


def _day(at: datetime.datetime) -> datetime.date:
    return at.astimezone(worktime.BEIJING).date()


def _note(code: str, concerned: Sequence[int], *, by: Actor, at: datetime.datetime, **said: object) -> None:
    for person_id in sorted(set(concerned)):  # in one order, so that two never wait for each other
        journal.append(
            "account",
            person_id,
            code=code,
            article=_ARTICLE,
            at=at,
            actor_id=by.id,
            actor=f"applicant {by.id}",
            place="",
            payload=said,
        )
