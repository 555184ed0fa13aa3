"""Who may use which address: the one place where that is written down. What has no line here is refused.

A new page wants one line in PAGES under its URL name, a new operation of the API one in OPERATIONS under its
operation id. The middleware below refuses by the first, `web.api` by the second, before anything is looked up:
a refusal cannot tell whether the thing named in the address exists. `tests/web/test_access.py` then tries every
line with every role, on what is theirs, another window's, another province's, and what does not exist.

A line says which roles may come. About a case (`case=`) it says besides what is asked of them there:

* SEES: they are shown what they may see (`cases.queries.visible_to`); what they may not see is not there;
* WORKS: to write, they must be one of those who handle the case now (`cases.permissions.parts_of`);
* RECEIVES: to write, they must be of its receiving window.

`place=True`: to write, they must manage the place that is named. `area=True`: the address names something that
belongs to somewhere, and the domain itself refuses what is outside the area of whoever asks; or a public page that
asks for a code of one's own.
"""

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from tongban.kernel import refusals
from tongban.people import limits, security
from tongban.people.actors import Actor
from tongban.people.models import Person
from tongban.people.roles import Role
from tongban.web.kit import reading, refusal, requests
from tongban.web.kit.requests import TongbanRequest

log = logging.getLogger(__name__)
SEES, WORKS, RECEIVES = "sees", "works", "receives"
APPLICANTS_DOOR = "enter"  # the page where applicants sign in

PUBLIC: frozenset[str] = frozenset({"public"})  # anybody, without signing in
APPLICANT: frozenset[str] = frozenset(
    {"applicant"}
)  # an applicant who signed in at the portal, which asks for it
STAFF: frozenset[str] = frozenset(Role)  # anybody who has signed in as staff, whatever their posts
WINDOW = frozenset({Role.CLERK, Role.LEAD})
OVERSEERS = frozenset({Role.MANAGER, Role.GROUP})
BUSINESS = WINDOW | OVERSEERS | {Role.APPROVER}  # everybody but the three administrators
SYSTEM = frozenset({Role.SYSTEM_ADMIN})
SECURITY = frozenset({Role.SECURITY_ADMIN})
AUDIT = frozenset({Role.AUDIT_ADMIN})
ADMINISTRATORS = SYSTEM | SECURITY | AUDIT


@dataclass(frozen=True)
class Line:
    """Who may come to an address, and what is asked of them about the case or the place that it names."""

    who: frozenset[str]
    case: str = ""
    place: bool = False
    area: bool = False


class NotYourDoor(refusals.NotAllowed):
    """这里不在您的岗位范围内。需要办理的，请联系有相应岗位的人员。"""


class OnlyStaff(NotYourDoor):
    """这里供窗口和管理机构的工作人员使用。您的办件和消息在“我的空间”里。"""


class OnlyApplicants(NotYourDoor):
    """这里是申请人的空间，工作人员账号不能使用。自己要办事的，请先退出，再用自己的手机号登录。"""


class OnlyOverseers(NotYourDoor):
    """总览供政务服务管理机构和协调小组使用，您的岗位请使用工作台。"""


class OnlyAdministrators(NotYourDoor):
    """系统管理供三类管理员使用，各管理员只能使用自己的部分。"""


PAGES: dict[str, Line] = {
    # The portal
    "home": Line(PUBLIC),
    "verify": Line(PUBLIC),
    "public_key": Line(PUBLIC),
    "set_language": Line(PUBLIC),
    "set_reading": Line(PUBLIC),
    "items": Line(PUBLIC),
    "item": Line(PUBLIC, area=True),
    "windows": Line(PUBLIC),
    "progress": Line(PUBLIC),
    "announcements": Line(PUBLIC),
    "announcement": Line(PUBLIC, area=True),
    "figures": Line(PUBLIC),
    "kiosk": Line(PUBLIC, area=True),
    "kiosk_end": Line(PUBLIC),
    "contacts": Line(PUBLIC),
    "contact_versions": Line(PUBLIC),
    "contacts_version": Line(PUBLIC, area=True),
    "contact_changes": Line(PUBLIC, area=True),
    "contacts_xlsx": Line(PUBLIC, area=True),
    "contacts_pdf": Line(PUBLIC, area=True),
    "practice_outbox": Line(PUBLIC),  # in practice mode only
    "health_live": Line(PUBLIC),
    "health_ready": Line(PUBLIC),
    # These two ask for this machine or for a secret instead (`metrics.is_admitted`), and are not there otherwise.
    "health_detail": Line(PUBLIC),
    "metrics": Line(PUBLIC),
    # Applicants: sign-in and their own space
    "enter": Line(PUBLIC),
    "enter_oidc": Line(PUBLIC, area=True),
    "enter_oidc_back": Line(PUBLIC, area=True),
    "my": Line(APPLICANT),
    "my_party": Line(APPLICANT),
    "my_case": Line(APPLICANT, case=SEES),
    "my_notice": Line(APPLICANT, case=SEES),
    "my_scan": Line(APPLICANT, case=SEES),
    "my_looks": Line(APPLICANT),
    "my_account": Line(APPLICANT),
    "my_session_end": Line(APPLICANT),
    "my_email": Line(APPLICANT),
    "my_identity": Line(APPLICANT),
    "my_export": Line(APPLICANT),
    "my_mandates": Line(APPLICANT),
    "my_enterprise": Line(APPLICANT),
    "my_mandate_act": Line(APPLICANT, area=True),
    "my_sign_out": Line(APPLICANT),
    "apply": Line(APPLICANT, area=True),
    "apply_case": Line(APPLICANT, case=SEES),
    "apply_question": Line(APPLICANT, case=SEES),
    "apply_check": Line(APPLICANT, case=SEES),
    "apply_send": Line(APPLICANT, case=SEES),
    "apply_take_back": Line(APPLICANT, case=SEES),
    "apply_help": Line(APPLICANT, case=SEES),
    "apply_help_end": Line(APPLICANT, case=SEES),
    "apply_download": Line(APPLICANT, case=SEES),
    "apply_document": Line(APPLICANT, case=SEES),
    "apply_file": Line(APPLICANT, case=SEES),
    # Sign-in and one's own account, of staff
    "sign_in": Line(PUBLIC),
    "sign_in_code": Line(PUBLIC),
    "account_alive": Line(PUBLIC),
    "sign_out": Line(STAFF),
    "account": Line(STAFF),
    "account_password": Line(STAFF),
    "account_factor": Line(STAFF),
    "account_factor_begin": Line(STAFF),
    "account_factor_codes": Line(STAFF),
    "account_factor_off": Line(STAFF),
    "account_session_end": Line(STAFF),
    # Ratings and complaints
    "rate": Line(PUBLIC),
    "rate_legs": Line(PUBLIC, area=True),
    "ratings": Line(PUBLIC),
    "my_ratings": Line(APPLICANT),
    "complain": Line(PUBLIC),
    "complaint_follow": Line(PUBLIC),
    "complaint": Line(PUBLIC, area=True),
    "my_complaints": Line(APPLICANT),
    # The workbench
    "today": Line(STAFF),
    "today_note": Line(WINDOW, area=True),
    "search": Line(BUSINESS),
    "window": Line(STAFF),
    "presence": Line(BUSINESS, area=True),
    "roster": Line(WINDOW, area=True),
    "calendar": Line(STAFF),
    "calendar_day": Line(BUSINESS, place=True),
    "incoming": Line(BUSINESS),
    "receive_begin": Line(WINDOW),
    "receive": Line(BUSINESS, case=SEES),
    "receive_save": Line(WINDOW, case=RECEIVES),
    "receive_items": Line(BUSINESS, case=SEES),
    "receive_preview": Line(BUSINESS, case=SEES),
    "receive_issue": Line(WINDOW, case=RECEIVES),
    "off_list": Line(BUSINESS),
    "off_list_new": Line(WINDOW, case=RECEIVES),
    "off_list_request": Line(BUSINESS, area=True),
    "help": Line(WINDOW),
    "help_case": Line(WINDOW, area=True),
    "help_question": Line(WINDOW, area=True),
    "help_file": Line(WINDOW, area=True),
    "help_end": Line(WINDOW, area=True),
    "case": Line(BUSINESS, case=SEES),
    "case_step": Line(BUSINESS, case=WORKS),
    "case_windows": Line(BUSINESS, case=SEES),
    "case_look": Line(BUSINESS, case=WORKS),
    "case_notice": Line(BUSINESS, case=SEES),
    "case_file": Line(BUSINESS, case=SEES),
    "case_scan": Line(WINDOW, case=RECEIVES),
    "case_result_file": Line(WINDOW, area=True),
    "desk_ratings": Line(WINDOW),
    "guidance": Line(WINDOW),
    "desk_complaint_new": Line(WINDOW),
    "case_ticket": Line(WINDOW, case=SEES),
    # The overview
    "overview_ratings": Line(OVERSEERS),
    "overview_rectifications": Line(OVERSEERS),
    "overview_rectification": Line(OVERSEERS, area=True),
    "overview_complaints": Line(OVERSEERS),
    "overview_complaint_new": Line(OVERSEERS),
    "overview_complaint": Line(OVERSEERS, area=True),
    "overview": Line(OVERSEERS),
    "overview_standards": Line(OVERSEERS),
    "overview_procedure": Line(OVERSEERS, area=True),
    "overview_begin": Line(OVERSEERS, area=True),
    "overview_version": Line(OVERSEERS, area=True),
    "overview_withdraw": Line(OVERSEERS, area=True),
    "overview_draft": Line(OVERSEERS, area=True),
    "overview_draft_preview": Line(OVERSEERS, area=True),
    "overview_publish": Line(OVERSEERS, area=True),
    "overview_send_back": Line(OVERSEERS, area=True),
    "overview_discard": Line(OVERSEERS, area=True),
    "overview_compare": Line(OVERSEERS, area=True),
    "overview_open_difference": Line(OVERSEERS, area=True),
    "overview_compose": Line(OVERSEERS, area=True),
    "overview_difference": Line(OVERSEERS, area=True),
    "overview_off_list": Line(OVERSEERS),
    "overview_items": Line(OVERSEERS),
    "overview_item_make": Line(OVERSEERS, area=True),
    "lists": Line(OVERSEERS),
    "list_begin": Line(OVERSEERS, area=True),
    "list": Line(OVERSEERS, area=True),
    "list_act": Line(OVERSEERS, area=True),
    "pilots": Line(OVERSEERS),
    "pilot_propose": Line(OVERSEERS, area=True),
    "pilot": Line(OVERSEERS, area=True),
    "pilot_act": Line(OVERSEERS, area=True),
    "words": Line(OVERSEERS),
    "word_add": Line(OVERSEERS, area=True),
    "word_remove": Line(OVERSEERS, area=True),
    "overview_announcements": Line(OVERSEERS),
    "announcement_publish": Line(OVERSEERS, area=True),
    "announcement_withdraw": Line(OVERSEERS, area=True),
    "places": Line(OVERSEERS),
    "place_authority": Line(OVERSEERS, area=True),
    "place_authority_act": Line(OVERSEERS, area=True),
    "place_window": Line(OVERSEERS, area=True),
    "place_window_act": Line(OVERSEERS, area=True),
    "contact_list": Line(OVERSEERS),
    "contact_list_publish": Line(OVERSEERS, area=True),
    "staff": Line(OVERSEERS),
    "staff_act": Line(OVERSEERS, area=True),
    "workbooks": Line(OVERSEERS),
    "workbook_import": Line(OVERSEERS, area=True),
    "workbook_confirm": Line(OVERSEERS, area=True),
    "workbook_hand_in": Line(OVERSEERS, area=True),
    "workbook_export": Line(OVERSEERS),
    "workbook_template": Line(OVERSEERS),
    # The three administrators
    "system": Line(ADMINISTRATORS),
    "system_accounts": Line(SYSTEM),
    "system_account": Line(SYSTEM, area=True),
    "system_account_password": Line(SYSTEM, area=True),
    "system_account_act": Line(SYSTEM, area=True),
    "system_queue": Line(SYSTEM),
    "system_replay": Line(SYSTEM, area=True),
    "system_health": Line(SYSTEM),
    "system_messages": Line(SYSTEM),
    "system_wording": Line(SYSTEM, area=True),
    "system_message_replay": Line(SYSTEM, area=True),
    "system_events": Line(SECURITY),
    "system_unlock": Line(SECURITY, area=True),
    "system_sessions": Line(SECURITY),
    "system_session_act": Line(SECURITY, area=True),
    "system_policy": Line(SECURITY),
    "system_audit": Line(AUDIT),
    "system_verify": Line(AUDIT),
    "system_journal": Line(AUDIT),
    # The API's own pages; its operations stand below
    "api:api-docs": Line(PUBLIC),
    "api:api-docs-style": Line(PUBLIC),
    "api:openapi-json": Line(PUBLIC),
}

OPERATIONS: dict[str, Line] = {
    "reportMessage": Line(PUBLIC, area=True),  # asks for the gateway's signature instead
    "practiceOutbox": Line(PUBLIC),  # in practice mode only
    "me": Line(STAFF),
    "listDivisions": Line(STAFF),
    "findItems": Line(PUBLIC),
    "getItem": Line(PUBLIC),
    "getStandard": Line(STAFF),
    "listSteps": Line(STAFF),
    "listStandardVersions": Line(OVERSEERS, area=True),
    "beginStandard": Line(OVERSEERS, area=True),
    "getStandardDraft": Line(OVERSEERS, area=True),
    "writeStandardDraft": Line(OVERSEERS, area=True),
    "submitStandard": Line(OVERSEERS, area=True),
    "sendBackStandard": Line(OVERSEERS, area=True),
    "publishStandard": Line(OVERSEERS, area=True),
    "discardStandardDraft": Line(OVERSEERS, area=True),
    "withdrawStandard": Line(OVERSEERS, area=True),
    "compareStandards": Line(OVERSEERS, area=True),
    "openDifference": Line(OVERSEERS, area=True),
    "answerDifference": Line(OVERSEERS, area=True),
    "settleDifference": Line(OVERSEERS, area=True),
    "composeStandard": Line(OVERSEERS, area=True),
    "askedForMore": Line(OVERSEERS),
    "today": Line(BUSINESS),
    "incoming": Line(BUSINESS),
    "openCase": Line(WINDOW),
    "searchCases": Line(BUSINESS),
    "findCases": Line(BUSINESS),
    "getCase": Line(BUSINESS, case=SEES),
    "changeCase": Line(WINDOW, case=RECEIVES),
    "chooseMatter": Line(WINDOW, case=RECEIVES),
    "revealIdentity": Line(BUSINESS, case=WORKS),
    "addMaterial": Line(WINDOW, case=RECEIVES),
    "markMaterial": Line(WINDOW, case=RECEIVES),
    "addScan": Line(WINDOW, case=RECEIVES),
    "addFormFile": Line(WINDOW, case=RECEIVES),
    "addResultFile": Line(WINDOW, area=True),
    "getResultFile": Line(WINDOW, area=True),
    "removeResultFile": Line(WINDOW, area=True),
    "noteTold": Line(WINDOW, area=True),
    "getScan": Line(BUSINESS, case=SEES),
    "removeScan": Line(WINDOW, case=RECEIVES),
    "prepareNotice": Line(WINDOW, case=RECEIVES),
    "issueNotice": Line(WINDOW, case=RECEIVES),
    "getNotice": Line(BUSINESS, case=SEES),
    "previewNotice": Line(BUSINESS, case=SEES),
    "takeStep": Line(BUSINESS, case=WORKS),
    "findForwardWindows": Line(BUSINESS, case=SEES),
    "listHelped": Line(WINDOW),
    "beginHelp": Line(WINDOW),
    "getHelp": Line(WINDOW, area=True),
    "getHelpQuestion": Line(WINDOW, area=True),
    "answerHelpQuestion": Line(WINDOW, area=True),
    "addHelpFile": Line(WINDOW, area=True),
    "getHelpFile": Line(WINDOW, area=True),
    "removeHelpFile": Line(WINDOW, area=True),
    "endHelp": Line(WINDOW, area=True),
    "getRoster": Line(BUSINESS, area=True),
    "planRoster": Line(BUSINESS, area=True),
    "getWindowRatings": Line(WINDOW),
    "listGuidance": Line(WINDOW),
    "recordGuidance": Line(WINDOW),
    "enterComplaint": Line(WINDOW),
    "getRatingTicket": Line(WINDOW, case=SEES),
    "listOffList": Line(BUSINESS),
    "getOffList": Line(BUSINESS, area=True),
    "listDemand": Line(OVERSEERS),
    "listLifeEvents": Line(PUBLIC),
    "listAnnouncements": Line(PUBLIC),
    "getFigures": Line(PUBLIC),
    "getProgress": Line(PUBLIC),
    "rateCase": Line(PUBLIC),
    "fileComplaint": Line(PUBLIC),
    "followComplaint": Line(PUBLIC),
    "judgeComplaint": Line(PUBLIC),
    "importRatings": Line(OVERSEERS, area=True),
    "importComplaints": Line(OVERSEERS, area=True),
    "listComplaints": Line(OVERSEERS),
    "answerComplaint": Line(OVERSEERS, area=True),
    "agreeToComplaintAnswer": Line(OVERSEERS, area=True),
    "objectToComplaintAnswer": Line(OVERSEERS, area=True),
    "involveInComplaint": Line(OVERSEERS, area=True),
    "listRectifications": Line(OVERSEERS),
    "contactRater": Line(OVERSEERS, area=True),
    "extendRectification": Line(OVERSEERS, area=True),
    "rectifyRating": Line(OVERSEERS, area=True),
    "callBackRater": Line(OVERSEERS, area=True),
    "appealRating": Line(OVERSEERS, area=True),
    "decideRatingAppeal": Line(OVERSEERS, area=True),
    "makeProcedure": Line(OVERSEERS, area=True),
    "beginElements": Line(OVERSEERS, area=True),
    "writeElements": Line(OVERSEERS, area=True),
    "listItemLists": Line(OVERSEERS),
    "getItemList": Line(OVERSEERS, area=True),
    "beginItemList": Line(OVERSEERS, area=True),
    "putItemListLine": Line(OVERSEERS, area=True),
    "removeItemListLine": Line(OVERSEERS, area=True),
    "publishItemList": Line(OVERSEERS, area=True),
    "discardItemList": Line(OVERSEERS, area=True),
    "listPilots": Line(OVERSEERS),
    "getPilot": Line(OVERSEERS, area=True),
    "proposePilot": Line(OVERSEERS, area=True),
    "answerPilot": Line(OVERSEERS, area=True),
    "endPilot": Line(OVERSEERS, area=True),
    "recommendPilot": Line(OVERSEERS, area=True),
    "takeUpPilot": Line(OVERSEERS, area=True),
    "contactList": Line(PUBLIC),
    "contactListVersions": Line(PUBLIC),
    "contactListChanges": Line(PUBLIC, area=True),
    "publishContactList": Line(BUSINESS, area=True),
    "saveAuthority": Line(BUSINESS, area=True),
    "openHall": Line(BUSINESS, area=True),
    "saveHall": Line(BUSINESS, area=True),
    "openWindow": Line(BUSINESS, area=True),
    "getWindow": Line(BUSINESS, area=True),
    "saveWindow": Line(BUSINESS, area=True),
    "checkEquipment": Line(BUSINESS, area=True),
    "setWindowDay": Line(BUSINESS, area=True),
    "clearWindowDay": Line(BUSINESS, area=True),
    "closeWindow": Line(BUSINESS, area=True),
    "givePost": Line(BUSINESS, area=True),
    "endPost": Line(BUSINESS, area=True),
    "addTraining": Line(BUSINESS, area=True),
    "listStaff": Line(BUSINESS),
    "getWorkbook": Line(OVERSEERS),
    "importWorkbook": Line(OVERSEERS, area=True),
    "getImport": Line(OVERSEERS, area=True),
    "confirmImport": Line(OVERSEERS, area=True),
    "markPresence": Line(BUSINESS, area=True),
    "listWords": Line(BUSINESS, area=True),
    "addWord": Line(BUSINESS, area=True),
    "removeWord": Line(BUSINESS, area=True),
    "getCalendar": Line(STAFF),
    "setDay": Line(BUSINESS, place=True),
    "clearDay": Line(BUSINESS, place=True),
}


def may(line: Line, actor: Actor) -> bool:
    """Say whether somebody who is signed in may come, by the posts held now."""
    if actor.is_applicant:
        return line.who in (PUBLIC, APPLICANT)
    return line.who in (PUBLIC, STAFF) or any(post.role in line.who for post in actor.posts)


def require(line: Line, actor: Actor) -> None:
    """Refuse somebody whose posts are not on a line.

    Raises:
        NotYourDoor: they are not; whether what they wanted exists is not looked up.
    """
    if not may(line, actor):
        if actor.is_applicant:
            raise OnlyStaff()
        if line.who == APPLICANT:
            raise OnlyApplicants()
        if line.who <= OVERSEERS:
            raise OnlyOverseers()
        raise OnlyAdministrators() if line.who <= ADMINISTRATORS else NotYourDoor()


class SignInMiddleware(LoginRequiredMiddleware):
    """Leads whoever is not signed in to the door that the address belongs to: staff's or applicants'."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        """Redirect to the sign-in of applicants where the line names them, to that of staff elsewhere."""
        line = PAGES.get(request.resolver_match.view_name if request.resolver_match else "")
        if line is not None and line.who == APPLICANT:
            return redirect_to_login(request.get_full_path(), resolve_url(APPLICANTS_DOOR))
        return super().handle_no_permission(request, view_func)


class AccessMiddleware:
    """Refuses an address that has no line, or whose line does not name a post of the person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        name = match.view_name if match else ""
        line = PAGES.get(name)
        if line is None:
            if name.startswith("api:") or request.path.startswith("/api/"):
                return None  # tokens are looked at inside, and OPERATIONS with them
            log.error("The address %s (%s) has no line in web.kit.access", request.path, name)
            raise Http404
        if line.who == PUBLIC:
            return None
        try:
            require(line, cast(TongbanRequest, request).actor)
        except NotYourDoor as refused:
            _record(request, name)
            return refusal.answer(request, refused)
        return None


def _record(request: HttpRequest, name: str) -> None:
    """Put the first refusal in ten minutes of one page to one person on record."""
    person, at = cast(Person, request.user), requests.machine_time()
    with reading.recording_an_event():
        if limits.count("refused", f"{person.pk}|{name}", at=at, within=datetime.timedelta(minutes=10)) == 1:
            security.record("refused", at=at, by=person, address=requests.address_of(request), page=name)
