"""Who is told about a case, by which way and in which language: the applicant, who stands in for them, the window.

The phone of the case is told whatever it is. Beyond it, only accounts are told of which somebody has checked who
they are, and an agent of an online case only while the account may still act in it: what ends a mandate ends the
messages, too.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.cases.states import Mode
from tongban.directory.models import Window
from tongban.kernel import refusals, worktime
from tongban.messages.states import CHINESE, Channel
from tongban.people import applicants, mandates
from tongban.people import queries as people
from tongban.people.identity import ApplicantKind
from tongban.people.models import Applicant

_MOBILE = re.compile(r"1\d{10}")


@dataclass(frozen=True)
class Recipient:
    """One way to one person. `who` is empty for the applicant and keeps the keys of messages apart."""

    channel: Channel
    to: str
    language: str = CHINESE
    who: str = ""

    def key(self, once: str) -> str:
        """Name the message to them that is about one thing."""
        return ":".join(part for part in (once, str(self.channel), self.who) if part)


def of_applicant(case: Case, *, at: datetime.datetime) -> list[Recipient]:
    """Give who is told for the applicant's side, each address once; the first is the space of the applicant."""
    found = list(_of_applicant(case, at=at))
    firsts = {(r.channel, r.to): r for r in reversed(found)}
    return [r for r in found if firsts[r.channel, r.to] is r]


def _of_applicant(case: Case, *, at: datetime.datetime) -> Iterator[Recipient]:
    row, digest = case.applicant, bytes(case.applicant.identity_digest)
    enterprise = mandates.enterprise_of(digest) if row.kind == ApplicantKind.ORGANISATION else None
    own = applicants.of(enterprise.legal_representative_id) if enterprise else applicants.by_digest(digest)
    agent = applicants.by_digest(bytes(row.agent_identity_digest))
    may_agent = agent is not None and _may_act(case, agent, at=at)
    language = own.language if own else agent.language if agent and may_agent else CHINESE
    yield Recipient(Channel.IN_SITE, "", language)
    phone, holder = cases.phone_of(row), _holder_of(cases.phone_of(row))
    if agent and not may_agent and holder and holder.person_id == agent.person_id:
        phone, holder = applicants.phone_of(own) if own else "", own
    if phone:
        yield Recipient(Channel.SMS, phone, holder.language if holder else language)
    if own and not enterprise and row.has_agent and own.phone_masked:
        yield Recipient(Channel.SMS, applicants.phone_of(own), own.language, "own")
    if enterprise and enterprise.email_sealed:
        yield Recipient(Channel.EMAIL, mandates.email_of(enterprise), language)
    elif own and not enterprise and own.email_sealed:
        yield Recipient(Channel.EMAIL, applicants.email_of(own), own.language)
    if agent and may_agent and agent.email_sealed:
        yield Recipient(Channel.EMAIL, applicants.email_of(agent), agent.language, "agent")


def _may_act(case: Case, agent: Applicant, *, at: datetime.datetime) -> bool:
    """Tell whether an agent may still act: a letter of authority lies with the papers, or a mandate counts today."""
    if case.mode != Mode.ONLINE:
        return True
    standing = people.actor_of(agent.person, on=at.astimezone(worktime.BEIJING).date()).standing
    digest, item_id = (
        bytes(case.applicant.identity_digest),
        case.procedure.item_id if case.procedure else None,
    )
    return standing is not None and any(p.digest == digest and p.covers(item_id) for p in standing.parties)


def _holder_of(phone: str) -> Applicant | None:
    try:
        return applicants.by_phone(phone) if phone else None
    except refusals.Refusal:
        return None


def of_window(window: Window) -> list[Recipient]:
    """Give how a window is told: on its page of today, and by text message where its phone takes one."""
    digits = re.sub(r"[\s-]", "", window.phone)
    found = [Recipient(Channel.IN_SITE, "", who="window")]
    if _MOBILE.fullmatch(digits):
        found.append(Recipient(Channel.SMS, digits, who="window"))
    return found
