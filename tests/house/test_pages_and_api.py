"""What can be done on a page of the workbench can be done by a program, by the same operations (H3).

Every page under `/desk/` that a post at a window, of an authority or a department may open has a line here: the
operations of the API that do the same, or in words why a program never does it. Add a line with a new page.
"""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tongban.web.api.urls import api
from tongban.web.kit import access

OWN_ACCOUNT = "one's own password, second factor and sessions: by the person, never by a program"

BY_PROGRAM: dict[str, tuple[str, ...] | str] = {
    "today": ("today",),
    "today_note": ("noteTold",),
    "search": ("searchCases", "findCases"),
    "window": ("getWindow", "getRoster"),
    "presence": ("markPresence",),
    "roster": ("planRoster",),
    "calendar": ("getCalendar",),
    "calendar_day": ("setDay", "clearDay"),
    "incoming": ("incoming",),
    "receive_begin": ("openCase", "today"),
    "receive": ("getCase", "getStandard"),
    "receive_save": (
        *("changeCase", "chooseMatter", "markMaterial", "addMaterial", "addScan", "removeScan"),
        *("addFormFile", "prepareNotice", "takeStep"),
    ),
    "receive_items": ("findItems", "getItem"),
    "receive_preview": ("previewNotice", "getNotice"),
    "receive_issue": ("issueNotice",),
    "off_list": ("listOffList",),
    "off_list_new": ("takeStep",),
    "off_list_request": ("getOffList", "takeStep"),
    "help": ("listHelped", "beginHelp"),
    "help_case": ("getHelp",),
    "help_question": ("getHelpQuestion", "answerHelpQuestion", "addHelpFile", "removeHelpFile"),
    "help_file": ("getHelpFile",),
    "help_end": ("endHelp",),
    "case": ("getCase",),
    "case_step": ("takeStep",),
    "case_windows": ("findForwardWindows",),
    "case_look": ("revealIdentity",),
    "case_notice": ("getNotice",),
    "case_file": ("getScan",),
    "case_scan": ("addScan",),
    "case_result_file": ("addResultFile", "getResultFile", "removeResultFile"),
    "case_ticket": ("getRatingTicket",),
    "desk_ratings": ("getWindowRatings",),
    "guidance": ("listGuidance", "recordGuidance"),
    "desk_complaint_new": ("enterComplaint", "listDivisions"),
    "sign_out": "a program has no session to end",
    "account": OWN_ACCOUNT,
    "account_password": OWN_ACCOUNT,
    "account_factor": OWN_ACCOUNT,
    "account_factor_begin": OWN_ACCOUNT,
    "account_factor_codes": OWN_ACCOUNT,
    "account_factor_off": OWN_ACCOUNT,
    "account_session_end": OWN_ACCOUNT,
}


def _pages(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _pages(entry, path)
        elif isinstance(entry, URLPattern) and entry.name:
            yield entry.name, path


def _of_the_workbench() -> dict[str, access.Line]:
    """The pages under `/desk/` on whose line stands a post that handles or oversees cases."""
    return {
        name: access.PAGES[name]
        for name, path in _pages(get_resolver())
        if path.startswith("/desk/") and name in access.PAGES and access.PAGES[name].who & access.BUSINESS
    }


@pytest.mark.article("H3")
class TestPagesOfTheWorkbench:
    def test_each_have_their_operations_or_a_reason(self) -> None:
        assert _of_the_workbench().keys() == BY_PROGRAM.keys()
        assert all(line for line in BY_PROGRAM.values())

    def test_name_operations_that_exist(self) -> None:
        described = {
            operation["operationId"]
            for operations in api.get_openapi_schema()["paths"].values()
            for operation in operations.values()
        }
        named = {name for line in BY_PROGRAM.values() if not isinstance(line, str) for name in line}
        assert named - described == set()
        assert named - access.OPERATIONS.keys() == set()

    def test_let_no_post_in_whose_program_is_kept_out(self) -> None:
        shut = [
            (page, operation, sorted(kept_out))
            for page, line in _of_the_workbench().items()
            for operation in BY_PROGRAM.get(page, ())
            if not isinstance(BY_PROGRAM[page], str)
            and (kept_out := (line.who & access.WINDOW) - access.OPERATIONS[operation].who)
            and access.OPERATIONS[operation].who != access.PUBLIC
        ]
        assert shut == []
