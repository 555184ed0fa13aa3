"""A window clerk helps an applicant to write online, by a code that the applicant shows (P22, C8).

The clerk writes, never sends: only the applicant takes the steps. Who helped, where and what for stands in the
journal and is shown to the applicant.
"""

import datetime
import secrets

from tongban.cases import permissions, rules
from tongban.cases.models import Case, Help
from tongban.cases.operations import _step
from tongban.cases.states import Part
from tongban.kernel import ids, keyring
from tongban.kernel import text as text_of
from tongban.people.actors import Actor

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is read or heard as another one
CODE_LENGTH = 8
CODE_LASTS = datetime.timedelta(minutes=30)


def make_code(case_id: int, *, by: Actor, at: datetime.datetime) -> str:
    """Give the applicant a new code to show at a window; the ones made before count no more.

    Raises:
        permissions.NotYourPart: by anybody else, a helper too. permissions.NotThisState: it was sent.
        rules.HelpedAlready: somebody helps now.
    """
    code = "".join(secrets.choice(ALPHABET) for _n in range(CODE_LENGTH))
    with _step.editing(case_id, by=by, require=_require_own) as case:
        if case.helper_id is not None:
            raise rules.HelpedAlready()
        Help.objects.filter(case=case, begun_at=None, ended_at=None).update(ended_at=at)
        Help.objects.create(
            id=ids.new_id(at), case=case, code_digest=_digest(code), made_at=at, until_at=at + CODE_LASTS
        )
    return code


def _require_own(case: Case, *, by: Actor) -> None:
    if Part.APPLICANT not in permissions.parts_of(by, case):
        raise permissions.NotYourPart(step="协助码", parts="申请人")
    permissions.require_writing(case, by=by)


def _digest(code: str) -> bytes:
    return keyring.current().lookup_digest(f"help:{code}")


def begin(code: str, *, purpose: str, window_id: int | None = None, by: Actor, at: datetime.datetime) -> Case:
    """Let a clerk into the draft of the applicant who shows a code; the code is used up with that.

    Args:
        code: as typed; small letters and blanks do not matter.
        purpose: what the applicant needs help with, for the record.

    Raises:
        permissions.NoWindow: not a clerk of that window. rules.NoReason: no purpose.
        rules.WrongHelpCode: no such code, or one that has expired or was used.
        rules.HelpedAlready: somebody else helps now.
    """
    words = text_of.clean(purpose)[:200]
    rules.check_reason(words, field="purpose")
    window = permissions.require_window(by, window_id)
    asked = Help.objects.filter(code_digest=_digest(_plain(code)), ended_at=None, begun_at=None)
    row = asked.filter(until_at__gt=at).order_by("-id").first()
    if row is None:
        raise rules.WrongHelpCode(fields={"code": rules.WrongHelpCode().message})
    with _step.taking(row.case_id, "begin_help", by=by, at=at, require=permissions.require_help) as step:
        if step.case.helper_id is not None:
            raise rules.HelpedAlready()
        if not asked.filter(id=row.id).exists():  # used or replaced while this waited for the case
            raise rules.WrongHelpCode(fields={"code": rules.WrongHelpCode().message})
        step.set(helper_id=by.id)
        step.update(row, begun_at=at, person_id=by.id, person_name=by.name, window_id=window, purpose=words)
        step.note(window=window, purpose=words)
    return step.case


def _plain(code: str) -> str:
    return "".join(code.upper().split()).replace("-", "")


def end(case_id: int, *, by: Actor, at: datetime.datetime) -> Case:
    """End a clerk's help; from now on they neither see nor write the draft.

    Raises:
        rules.NotHelped: nobody helps now.
    """
    with _step.taking(case_id, "end_help", by=by, at=at) as step:
        if step.case.helper_id is None:
            raise rules.NotHelped()
        step.set(helper_id=None)
        for row in Help.objects.filter(case=step.case, begun_at__isnull=False, ended_at=None):
            step.update(row, ended_at=at, ended_by_name=by.name)
            step.note(window=row.window_id)
    return step.case
