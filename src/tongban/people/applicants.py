"""Applicants' accounts: made for a phone, named by whoever has checked who they are (A6, F2).

An account that has only a phone opens nothing but itself. Once somebody has checked the identity number (the
national identity service, or in practice its simulator), it opens what concerns that number.
"""

import datetime
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import hashers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from tongban.kernel import numbers, refusals, text
from tongban.people import identity, security
from tongban.people.actors import Actor, PartyKind
from tongban.people.identity import ApplicantKind, IdentityKind
from tongban.people.models import Applicant, Enterprise, Person, PersonKind, RealName


class NotAnApplicant(refusals.NotFound):
    """没有这个申请人账号。请重新登录。"""


class IdentityTaken(refusals.Conflict):
    """这个证件号码已经实名绑定了另一个账号。请用那个账号登录；手机号换了的，请通过统一身份认证登录。"""


class NamesDiffer(refusals.Conflict):
    """本账号已经实名，证件号码不能更换。要为别人办事的，请使用“授权与代理”。"""


class NoName(refusals.Incomplete):
    """请填写姓名，与证件上的一致，最多 60 个字。"""


class BadEmail(refusals.Incomplete):
    """请填写电子邮箱地址，例如 name@example.cn。"""


class PhoneTaken(refusals.Conflict):
    """这个手机号已经有账号，请换一个，或者用它登录。"""


def about_identity(person_id: int) -> str:
    """Name the place where an applicant's identity number is kept, for sealing and opening it."""
    return f"applicant.identity:{person_id}"


def about_phone(person_id: int) -> str:
    """Name the place where an applicant's phone number is kept."""
    return f"applicant.phone:{person_id}"


def of(person_id: int) -> Applicant:
    """Give what is known of an applicant.

    Raises:
        NotAnApplicant: there is no such account, or it is one of the staff.
    """
    row = Applicant.objects.select_related("person").filter(person_id=person_id).first()
    if row is None:
        raise NotAnApplicant()
    return row


def by_phone(phone: str) -> Applicant | None:
    """Give whose a phone number is; None when nobody has an account with it.

    Raises:
        numbers.InvalidNumber: it is none.
    """
    digest = identity.digest(numbers.check_phone(phone))
    return Applicant.objects.select_related("person").filter(phone_digest=digest).first()


def by_subject(subject: str) -> Applicant | None:
    """Give whose account an outside identity service's name belongs to."""
    return Applicant.objects.select_related("person").filter(subject=subject).first() if subject else None


def by_digest(digest: bytes) -> Applicant | None:
    """Give whose identity number a digest is of, if somebody has checked that it is theirs."""
    rows = Applicant.objects.filter(level=RealName.CHECKED, person__is_active=True)
    return rows.filter(identity_digest=digest).first() if digest else None


def find_or_make(*, phone: str, at: datetime.datetime) -> Applicant:
    """Give the account of a phone whose owner has just proved to hold it, made on the first time.

    Raises:
        numbers.InvalidNumber: it is no phone number.
    """
    known = by_phone(phone)
    if known:
        return known
    try:
        return make(phone=phone, at=at)
    except IntegrityError:  # the same person, twice at the same moment
        found = by_phone(phone)
        assert found is not None
        return found


@transaction.atomic
def make(*, phone: str = "", subject: str = "", account: str = "", at: datetime.datetime) -> Applicant:
    """Make an applicant's account for a phone, or for somebody whom an identity service names.

    Raises:
        numbers.InvalidNumber: the phone is none.
        django.db.IntegrityError: the phone or the subject has an account already.
    """
    number = numbers.check_phone(phone) if phone else ""
    person = Person.objects.create(
        kind=PersonKind.APPLICANT,
        account=account or f"applicant-{secrets.token_hex(12)}",
        name=numbers.mask_phone(number) if number else "",
        password=hashers.make_password(None),
    )
    Applicant.objects.create(person=person, subject=subject)
    if number:
        hold_phone(person.pk, phone=number)
    security.record("applicant_made", at=at, about=person)
    return of(person.pk)


def hold_phone(person_id: int, *, phone: str) -> None:
    """Keep a phone whose owner has proved to hold it as an applicant's own.

    Raises:
        numbers.InvalidNumber: it is none.
        django.db.IntegrityError: it is another applicant's.
    """
    number = numbers.check_phone(phone)
    Applicant.objects.filter(person_id=person_id).update(
        phone_sealed=identity.sealed(number, about=about_phone(person_id)),
        phone_digest=identity.digest(number),
        phone_masked=numbers.mask_phone(number),
    )


def about_email(person_id: int) -> str:
    """Name the place where an applicant's e-mail address is kept."""
    return f"applicant.email:{person_id}"


def check_email(written: str) -> str:
    """Give an e-mail address in its plain form.

    Raises:
        BadEmail: it is none, with the field named.
    """
    address = text.clean(written).strip()
    try:
        validate_email(address)
    except ValidationError:
        raise BadEmail(fields={"email": BadEmail().message}) from None
    if len(address) > 120:
        raise BadEmail(fields={"email": BadEmail().message})
    return address


def masked_email(address: str) -> str:
    """Give an e-mail address as it may be shown."""
    name, _at, host = address.rpartition("@")
    return f"{name[:2]}***@{host}"[:120]


def hold_email(person_id: int, *, email: str, at: datetime.datetime) -> None:
    """Keep an e-mail address that its owner has proved to read."""
    address = check_email(email)
    row = of(person_id)
    Applicant.objects.filter(person_id=person_id).update(
        email_sealed=identity.sealed(address, about=about_email(person_id)),
        email_masked=masked_email(address),
    )
    security.record("email_confirmed", at=at, by=row.person)


def email_of(row: Applicant) -> str:
    """Give an applicant's own e-mail address in full."""
    return identity.opened(bytes(row.email_sealed), about=about_email(row.person_id))


def choose_language(person_id: int, language: str) -> None:
    """Write to an applicant in a language from now on; one that there is not changes nothing."""
    if language in dict(settings.LANGUAGES):
        Applicant.objects.filter(person_id=person_id).update(language=language)


@transaction.atomic
def prove(
    person_id: int,
    *,
    name: str,
    number: str,
    kind: str = IdentityKind.RESIDENT,
    how: str,
    at: datetime.datetime,
) -> Applicant:
    """Note who an applicant is, once an identity service has checked name and number.

    Args:
        how: who has checked, e.g. `oidc`, `practice`.

    Raises:
        NotAnApplicant: there is no such account.
        NoName, numbers.InvalidNumber: with the field named.
        NamesDiffer: the account belongs to another number already.
        IdentityTaken: the number belongs to another account.
    """
    row = (
        Applicant.objects.select_for_update(of=("self",))
        .select_related("person")
        .filter(person_id=person_id)
        .first()
    )
    if row is None:
        raise NotAnApplicant()
    words = text.clean_name(name)
    if not 1 <= len(words) <= 60:
        raise NoName(fields={"name": NoName().message})
    try:
        checked = identity.check(kind, text.clean(number), on=at.date())
    except refusals.Refusal as refused:
        refused.fields.setdefault("identity", refused.message)
        raise
    digest = identity.digest(checked)
    if row.level == RealName.CHECKED and bytes(row.identity_digest) != digest:
        raise NamesDiffer(fields={"identity": NamesDiffer().message})
    if Applicant.objects.filter(identity_digest=digest).exclude(person_id=person_id).exists():
        raise IdentityTaken(fields={"identity": IdentityTaken().message})
    row.identity_kind, row.identity_digest = kind, digest
    row.identity_sealed = identity.sealed(checked, about=about_identity(person_id))
    row.identity_masked = numbers.mask_identity(checked)
    row.level, row.checked_at, row.checked_how = RealName.CHECKED, at, how
    row.save()
    Person.objects.filter(pk=person_id).update(name=words)
    row.person.name = words
    security.record("identity_checked", at=at, about=row.person, how=how)
    return row


def identity_of(row: Applicant) -> str:
    """Give an applicant's own identity number in full, to be entered into their own application."""
    return identity.opened(bytes(row.identity_sealed), about=about_identity(row.person_id))


def phone_of(row: Applicant) -> str:
    """Give an applicant's own phone number in full, to be entered into their own application."""
    return identity.opened(bytes(row.phone_sealed), about=about_phone(row.person_id))


@dataclass(frozen=True)
class Details:
    """What an application says of the one who applies, and of the one who stands in for them: never asked twice."""

    kind: str
    name: str
    identity_kind: str
    number: str
    phone: str
    contact_name: str
    legal_representative: str = ""
    agent_name: str = ""  # empty: they apply themselves, or as the legal representative
    agent_number: str = ""


def details_of(by: Actor) -> Details:
    """Give what is known of the one for whom an applicant acts now, with their numbers in full.

    Raises:
        NotAnApplicant: there is no such account.
    """
    own = of(by.id or 0)
    phone, party = phone_of(own), by.party
    stands_in = {"agent_name": own.person.name, "agent_number": identity_of(own)}
    if own.identity_kind != IdentityKind.RESIDENT:
        stands_in["agent_number"] = ""
    if party.kind == PartyKind.ENTERPRISE:
        enterprise = Enterprise.objects.select_related("legal_representative").get(id=party.id)
        head = enterprise.legal_representative
        return Details(
            kind=ApplicantKind.ORGANISATION,
            name=enterprise.name,
            identity_kind=IdentityKind.CREDIT_CODE,
            number=enterprise.code,
            phone=phone,
            contact_name=own.person.name,
            legal_representative=head.name,
            **(stands_in if head.pk != by.id else {}),
        )
    whose = own if party.kind == PartyKind.OWN else of(party.id)
    return Details(
        kind=ApplicantKind.PERSON,
        name=whose.person.name,
        identity_kind=whose.identity_kind,
        number=identity_of(whose),
        phone=phone,
        contact_name=own.person.name,
        **(stands_in if party.kind != PartyKind.OWN else {}),
    )


@dataclass(frozen=True)
class Sample:
    """A practice applicant."""

    account: str
    name: str
    phone: str
    number: str


SAMPLES = (
    Sample("applicant.1", "示例申请人甲", "13900000001", "520103199003071232"),
    Sample("applicant.2", "示例申请人乙", "13900000002", "510107198505162344"),
    Sample("applicant.3", "示例申请人丙", "13900000003", "530102197808123454"),
    Sample("applicant.4", "示例申请人丁", "13900000004", "500103200101024562"),
)
SAMPLE_ENTERPRISE = ("91520103MA6DEM001Y", "示例黔川商贸有限公司")


def samples() -> tuple[Sample, ...]:
    """Give the practice applicants whose phones may be shown; none outside practice mode."""
    return SAMPLES if settings.TONGBAN_PRACTICE else ()


@transaction.atomic
def load_practice_applicants(*, at: datetime.datetime) -> int:
    """Load four applicants with checked sample identities, the first one representing a sample enterprise.

    Returns:
        How many accounts were new; loading again changes nothing.
    """
    there = set(Person.objects.filter(account__startswith="applicant.").values_list("account", flat=True))
    new = [sample for sample in SAMPLES if sample.account not in there]
    for sample in new:
        row = make(phone=sample.phone, account=sample.account, at=at)
        Person.objects.filter(pk=row.person_id).update(is_practice=True)
        prove(row.person_id, name=sample.name, number=sample.number, how="practice", at=at)
    code, name = SAMPLE_ENTERPRISE
    if not Enterprise.objects.filter(code=code).exists():
        owner = Person.objects.get(account=SAMPLES[0].account)
        Enterprise.objects.create(
            code=code,
            code_digest=identity.digest(code),
            name=name,
            legal_representative=owner,
            added_at=at,
            checked_how="practice",
        )
    return len(new)
