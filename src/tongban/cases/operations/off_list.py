"""Matters off the list (P24): explain and take nothing in, or ask the home window and handle by the same rules."""

import datetime
import unicodedata
from typing import Any

from tongban.cases import off_list
from tongban.cases.models import Case, CaseMaterial, OffListRequest, OffListState, Verdict
from tongban.cases.operations import _step
from tongban.cases.states import CaseOutcome
from tongban.catalogue.operations import off_list as catalogue
from tongban.directory import queries as directory
from tongban.directory.models import Division, Window
from tongban.kernel import ids, refusals, text, worktime
from tongban.people.actors import Actor

LONGEST = 500
MOST_DAYS = 365


class NoMatter(refusals.Incomplete):
    """请写明申请人要办什么事，至多 120 个字。"""


class NoHome(refusals.Incomplete):
    """请选择属地：申请人想在哪里办理。"""


class NothingTold(refusals.Incomplete):
    """请写明对申请人的解释说明，说明会记入办件。"""


class NoMaterials(refusals.Incomplete):
    """请列出需要的材料，一行一份；收件地窗口按这份清单收件。"""


class BadLimits(refusals.Incomplete):
    """请填写工作日数：法定时限 1 到 365，承诺期限不长于法定时限。"""


class NotAsked(refusals.OutOfTurn):
    """这件事没有等待答复的请示，可能已经答复或者撤回。请刷新后查看。"""


class AskedAlready(refusals.OutOfTurn):
    """已经就“{matter}”请示过属地窗口，请等待答复，或者先撤回请示。"""


class OwnQuestion(refusals.NotAllowed):
    """请示是您提出的，要由属地窗口的另一位人员答复。"""


class NeedsWords(refusals.Incomplete):
    """请写明不同意的理由，收件地窗口要据此向申请人解释。"""


def ask(
    case_id: int,
    *,
    matter: str,
    home_code: str,
    why: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> OffListRequest:
    """Ask the window of a place whether it will handle a matter off the list; it owes an answer (P24).

    Raises:
        NoMatter, NoHome, AskedAlready.
        directory.rules.NotListed: the place has no window on the contact list (P13).
    """
    home = _home(home_code, at=at)
    window = directory.open_window_of(home.code)
    with _step.taking(case_id, "ask_off_list", by=by, at=at, revision=revision) as step:
        if step.case.off_list_asked_at:
            raise AskedAlready(matter=off_list.latest(step.case.id).matter)
        request = _request(step.case, matter=matter, home=home, why=why, by=by, at=at)
        request.outcome = OffListState.ASKED
        step.set(
            off_list_asked_at=at,
            home_window_id=window.id,
            home_code=home.code,
            level_chosen="",
            procedure_id=None,
            standard_id=None,
            elements_id=None,
            pilot_id=None,
            circumstance="",
            legal_limit=None,
            promised_limit=None,
        )
        step.add(request)
        step.note(request=ids.number_of(request.id), home=home.code, reported_to=request.reported_to_id)
    return request


def consent(
    case_id: int,
    *,
    materials: str,
    legal_limit: int,
    promised_limit: int,
    words: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Say yes: the case goes on like any other, with the home window's list of materials and its limits (P24).

    Args:
        materials: one a line, see `catalogue.operations.off_list.materials_of`.

    Raises:
        NoMaterials, BadLimits, NotAsked, OwnQuestion.
    """
    rows = catalogue.materials_of(materials)
    if not rows:
        raise NoMaterials(fields={"materials": NoMaterials().message})
    if not (1 <= legal_limit <= MOST_DAYS and 0 <= promised_limit <= legal_limit):
        raise BadLimits(fields={"legal_limit": BadLimits().message})
    with _step.taking(case_id, "consent_off_list", by=by, at=at, revision=revision) as step:
        request = _open_request(step.case)
        if by.id == request.asked_by_id:
            raise OwnQuestion
        stem = ids.number_of(request.id)[5:9].lower()  # a case may be asked about more than once
        rows = [{**row, "key": f"{row['key']}-{stem}"} for row in rows]
        standard = catalogue.begin(
            ids.number_of(request.id),
            matter=request.matter,
            home=request.home,
            materials=rows,
            limits=(legal_limit, promised_limit),
            asked_by=(request.asked_by_id, request.asked_by_name),
            asked_at=request.asked_at,
            by=by,
            at=at,
        )
        step.set(
            off_list_asked_at=None,
            procedure_id=standard.procedure_id,
            standard_id=standard.id,
            legal_limit=legal_limit,
            promised_limit=promised_limit,
        )
        _list_materials(step, rows, at=at)
        _answer(step, request, OffListState.CONSENTED, words, by=by, at=at)
    return step.case


def decline(
    case_id: int, *, words: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Say no, with words that the receiving window can pass on.

    Raises:
        NeedsWords, NotAsked.
    """
    if not text.clean(words):
        raise NeedsWords(fields={"words": NeedsWords().message})
    with _step.taking(case_id, "decline_off_list", by=by, at=at, revision=revision) as step:
        request = _open_request(step.case)
        step.set(off_list_asked_at=None)
        _answer(step, request, OffListState.DECLINED, words, by=by, at=at)
    return step.case


def drop(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Take a question back before it is answered, for a matter that is on the list after all.

    Raises:
        NotAsked.
    """
    with _step.taking(case_id, "drop_off_list", by=by, at=at, revision=revision) as step:
        request = _open_request(step.case)
        step.set(off_list_asked_at=None)
        step.update(request, outcome=OffListState.DROPPED)
        step.note(request=ids.number_of(request.id))
    return step.case


def explain(
    case_id: int,
    *,
    matter: str,
    home_code: str,
    told: str,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> OffListRequest:
    """End a case whose matter is off the list; what the applicant was told is on record and reported (P24).

    After the home window has said no, this belongs to the same request and counts once.

    Raises:
        NoMatter, NoHome, NothingTold.
    """
    home, said = _home(home_code, at=at), text.clean(told)[:LONGEST]
    if not said:
        raise NothingTold(fields={"told": NothingTold().message})
    with _step.taking(case_id, "explain_off_list", by=by, at=at, revision=revision) as step:
        request = off_list.latest_or_none(step.case.id)
        is_same = request is not None and request.matter_key == key_of(matter)
        if request is not None and step.case.off_list_asked_at and not is_same:
            raise AskedAlready(matter=request.matter)
        if request is not None and is_same:
            outcome = OffListState.DECLINED if request.answered_at else OffListState.EXPLAINED
            step.update(request, told=said, told_at=at, outcome=outcome)
        else:
            request = _request(step.case, matter=matter, home=home, why="", by=by, at=at)
            request.outcome, request.told, request.told_at = OffListState.EXPLAINED, said, at
            step.add(request)
        step.set(off_list_asked_at=None, outcome=CaseOutcome.OFF_LIST, closed_at=at)
        step.note(request=ids.number_of(request.id), home=home.code, reported_to=request.reported_to_id)
    return request


def key_of(matter: str) -> str:
    """Give the words by which requests for the same matter are counted together."""
    composed = unicodedata.normalize("NFKC", text.clean(matter)).casefold()
    return "".join(c for c in composed if c.isalnum())[:120]


def _home(code: str, *, at: datetime.datetime) -> Division:
    home = Division.objects.filter(code=code).first()
    if home is None:
        raise NoHome(fields={"home_code": NoHome().message})
    directory.check_in_force(code, on=at.astimezone(worktime.BEIJING).date())
    return home


def _request(
    case: Case, *, matter: str, home: Division, why: str, by: Actor, at: datetime.datetime
) -> OffListRequest:
    said, key = text.clean(matter), key_of(matter)
    if not key or len(said) > 120:
        raise NoMatter(fields={"matter": NoMatter().message})
    return OffListRequest(
        id=ids.new_id(at),
        case=case,
        matter=said,
        matter_key=key,
        why=text.clean(why)[:LONGEST],
        receiving_window_id=case.receiving_window_id,
        home=home,
        reported_to_id=off_list.above(Window.objects.get(id=case.receiving_window_id)),
        asked_at=at,
        asked_by_id=by.id or 0,
        asked_by_name=by.name,
    )


def _open_request(case: Case) -> OffListRequest:
    request = off_list.latest_or_none(case.id)
    if request is None or request.outcome != OffListState.ASKED or not case.off_list_asked_at:
        raise NotAsked
    return request


def _answer(
    step: _step.Taking,
    request: OffListRequest,
    outcome: OffListState,
    words: str,
    *,
    by: Actor,
    at: datetime.datetime,
) -> None:
    said = text.clean(words)[:LONGEST]
    step.update(request, outcome=outcome, answer=said, answered_at=at, answered_by_name=by.name)
    step.note(request=ids.number_of(request.id), standard=step.case.standard_id)


def _list_materials(step: _step.Taking, rows: list[dict[str, Any]], *, at: datetime.datetime) -> None:
    """List what the home window asks for; what was entered for another matter before stays, not asked for."""
    for old in CaseMaterial.objects.filter(case=step.case).exclude(key__startswith="added-"):
        step.update(old, verdict=Verdict.NOT_NEEDED, is_required=False)
    for position, row in enumerate(rows):
        new = CaseMaterial(id=ids.new_id(at), case=step.case, key=row["key"], name=row["name"])
        new.position, new.originals_asked, new.copies_asked = position, row["originals"], row["copies"]
        step.add(new)
