"""Everything that is held about somebody, as files: JSON for what is written, PDF and pictures for what was drawn.

Names of staff are left out; the window answers for them. One-time codes are not in it: they live for minutes and name
nobody.
"""

import datetime
import json
import tempfile
import zipfile
from collections.abc import Sequence
from typing import IO, Any

from tongban.cases import queries
from tongban.cases.models import Case
from tongban.documents import queries as documents
from tongban.feedback import queries as feedback
from tongban.feedback.models import Complaint
from tongban.journal import operations as journal
from tongban.journal import queries as entries
from tongban.kernel import ids, refusals
from tongban.messages import queries as messages
from tongban.notices import queries as notices
from tongban.people import applicants, mandates, sessions
from tongban.people.actors import Actor, PartyKind
from tongban.people.models import Mandate
from tongban.web.portal import my_looks
from tongban.web.portal.my_case import label_of

_IN_MEMORY = 4_000_000  # bytes; what is larger goes to a file that vanishes by itself


def everything(actor: Actor, *, at: datetime.datetime) -> IO[bytes]:
    """Give the ZIP, ready to be read: the account where somebody acts for themselves, cases, looks, mandates."""
    kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    try:
        _fill(kept, actor, at=at)
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return kept


def _fill(kept: IO[bytes], actor: Actor, *, at: datetime.datetime) -> None:
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as pack:
        if actor.party.kind == PartyKind.OWN:
            _write(pack, "account.json", _account(actor, at=at))
        _write(pack, "mandates.json", _mandates(actor))
        for case in queries.visible_to(actor).order_by("opened_at", "id").iterator(chunk_size=50):
            _add_case(pack, queries.get(case.id, for_=actor))
        said = feedback.complaints_visible_to(actor).order_by("filed_at", "id")
        _write(pack, "complaints.json", [_complaint(row) for row in said.iterator(chunk_size=50)])
        looks = my_looks.accesses(actor, limit=5000)
        _write(pack, "looks.json", [vars(row) for row in looks])


def _write(pack: zipfile.ZipFile, name: str, values: Any) -> None:
    pack.writestr(name, json.dumps(values, ensure_ascii=False, indent=2, default=str))


def _account(actor: Actor, *, at: datetime.datetime) -> dict[str, Any]:
    row = applicants.of(actor.id or 0)
    events = entries.chain(journal.chain_of("account", row.person_id), limit=5000)
    return {
        "name": row.person.name,
        "phone": applicants.phone_of(row),
        "email": applicants.email_of(row),
        "language": row.language,
        "level": row.level,
        "checked_at": row.checked_at,
        "checked_how": row.checked_how,
        "identity_kind": row.identity_kind,
        "identity_number": applicants.identity_of(row),
        "outside_identity": row.subject,
        "enterprises": [
            {"code": e.code, "name": e.name, "added_at": e.added_at, "email": mandates.email_of(e)}
            for e in mandates.enterprises_of(actor)
        ],
        "sessions": [
            {"began_at": s.began_at, "seen_at": s.seen_at, "address": s.address, "device": s.device}
            for s in sessions.sessions_of(row.person, at=at)
        ],
        "events": [{"at": e.at, "code": e.code, "address": e.place, "said": e.payload} for e in events],
    }


def _mandates(actor: Actor) -> dict[str, Any]:
    held = mandates.held_by(actor) if actor.party.kind == PartyKind.OWN else []
    return {"given": _rows(mandates.given_by(actor)), "held": _rows(held)}


def _rows(rows: Sequence[Mandate]) -> list[dict[str, Any]]:
    return [
        {
            "agent": m.agent_name,
            "agent_phone": m.agent_phone_masked,
            "relation": m.relation,
            "items": m.items,
            "offered_at": m.offered_at,
            "accepted_at": m.accepted_at,
            "valid_until_on": m.valid_until_on,
            "ended_at": m.ended_at,
        }
        for m in rows
    ]


def _complaint(row: Complaint) -> dict[str, Any]:
    name, phone = feedback.complainant_of(row)
    plain = ("number", "words", "filed_at", "answer", "answered_by", "answered_at", "is_settled", "verdict")
    return {
        **{field: getattr(row, field) for field in plain},
        "kind": row.get_kind_display(),
        "road": row.get_road_display(),
        "state": row.get_state_display(),
        "case": ids.number_of(row.about_case_id) if row.about_case_id else "",
        "name": name,
        "phone": phone,
        "owners": [owner.authority.name for owner in feedback.owners_of(row.id)],
    }


def _ratings(case: Case) -> list[dict[str, Any]]:
    given = [leg.rating for leg in feedback.legs_of(case) if leg.rating]
    return [
        {
            **{field: getattr(row, field) for field in ("level", "words", "may_publish", "rated_at")},
            "leg": row.get_leg_display(),
            "road": row.get_road_display(),
            "reply": row.rectification.reply if hasattr(row, "rectification") else "",
        }
        for row in given
    ]


def _messages(case: Case) -> list[dict[str, Any]]:
    plain = ("title", "language", "written_at", "sent_at", "delivered_at")
    return [
        {
            **{field: getattr(row, field) for field in plain},
            "way": row.get_channel_display(),
            "to": row.recipient_masked,  # some went to the agent, who may be another than the one who reads
            "text": messages.text_of(row),
        }
        for row in messages.of_case(case.id)
    ]


def _add_case(pack: zipfile.ZipFile, case: Case) -> None:
    folder = f"cases/{case.number}"
    applicant = case.applicant
    values = {
        "number": case.number,
        "matter": case.procedure.name if case.procedure else "",
        "state": case.get_state_display(),
        "progress": queries.progress_of(case),
        "receiving_window": case.receiving_window.name,
        "home_window": case.home_window.name if case.home_window else "",
        "opened_at": case.opened_at,
        "received_at": case.received_at,
        "closed_at": case.closed_at,
        "applicant": {
            "name": applicant.name,
            "identity_number": queries.identity_of(applicant),
            "contact": applicant.contact_name,
            "phone": queries.phone_of(applicant),
            "legal_representative": applicant.legal_representative,
            "agent": applicant.agent_name,
        },
        "form": {key: queries.answer_of(case, key) for key in case.form},
        "materials": [
            {
                "name": m.name,
                "originals": m.originals,
                "copies": m.copies,
                "verdict": m.verdict,
                "advice": m.advice,
            }
            for m in queries.materials_of(case.id)
        ],
        "corrections": [{"due_on": c.due_on, "items": c.items} for c in queries.notices_of(case.id)],
        "decisions": [
            {
                "kind": d.kind,
                "reason": d.reason,
                "remedies": d.remedies,
                "result": d.result_name,
                "at": d.made_at,
            }
            for d in queries.decisions_of(case.id)
        ],
        "deliveries": [
            {"way": d.way, "address": d.address, "waybill": d.waybill, "delivered_at": d.delivered_at}
            for d in queries.deliveries_of(case.id)
        ],
        "messages": _messages(case),
        "ratings": _ratings(case),
        "timeline": [
            {"at": e.at, "what": label_of(e), "place": e.place} for e in queries.history_of(case.id)
        ],
    }
    _write(pack, f"{folder}/case.json", values)
    for form in notices.issued_of(case.id):
        _add_file(pack, f"{folder}/notice-{form.serial}.pdf", lambda form=form: notices.content(form))
    stored = {f.id: f for f in documents.of_case(case.id)}
    for scan in queries.scans_of(case.id):
        if scan.file_id in stored:
            file = stored[scan.file_id]
            suffix = {"image/jpeg": "jpg", "image/png": "png"}.get(scan.media_type, "pdf")
            name = f"{folder}/scan-{scan.id}.{suffix}"
            _add_file(pack, name, lambda file=file: documents.content_of(file))


def _add_file(pack: zipfile.ZipFile, name: str, content: Any) -> None:
    """Add a file; where it cannot be read, what is said about it, so that nothing is left out in silence."""
    try:
        pack.writestr(name, content())
    except refusals.Refusal as refused:
        pack.writestr(f"{name}.txt", refused.message)
