"""Who runs the product sees how it does, and nobody who reads its logs sees a person."""

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection
from django.test import Client

from tests.web.api.program import Api
from tongban.cases.models import CaseApplicant
from tongban.kernel import logs, refusals
from tongban.web.kit import metrics

pytestmark = pytest.mark.article("S1", "S4")

PLANTED = {
    "identity": "11010519491231002X",
    "phone": "13912345678",
    "name": "欧阳留痕",
    "address": "贵阳市云岩区不留痕路77号",
    "landline": "0851-86543210",
    "code": "91350100M000100Y43",
}
OPERATIONS = Path(__file__).resolve().parents[3] / "docs/operations.md"


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """Everything that is logged, as the product writes it."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logs.Formatter())
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def said(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def assert_nothing_personal(text: str, *more: str) -> None:
    found = [name for name, value in PLANTED.items() if value in text]
    assert found == [] and not [value for value in more if value in text]


class TestLogs:
    def test_of_the_main_flows_name_no_person_and_no_secret(self, db: None, written: io.StringIO) -> None:
        api = Api("clerk.520103")
        number = api.send("POST", "/cases", {}).json()["number"]
        entered = {"name": PLANTED["name"], "identity": PLANTED["identity"], "phone": PLANTED["phone"]}
        assert api.send("PATCH", f"/cases/{number}", entered).status_code == 200
        api.send("PATCH", f"/cases/{number}", {"delivery_address": PLANTED["address"]})
        api.send("PATCH", f"/cases/{number}", {"identity": PLANTED["identity"][:-1] + "1"})
        api.send("PATCH", f"/cases/{number}", {PLANTED["identity"]: PLANTED["name"]})
        api.get("/cases", q=PLANTED["identity"])
        api.get(f"/cases/{PLANTED['identity']}")
        api.get("/cases", **{PLANTED["name"]: PLANTED["phone"]})
        client = Client()
        client.post("/desk/sign-in/", {"username": PLANTED["name"], "password": PLANTED["identity"]})
        client.get(f"/{PLANTED['name']}/{PLANTED['identity']}?q={PLANTED['phone']}")
        client.get("/", HTTP_HOST=f"{PLANTED['phone']}.example")
        client.get("/verify/", {"s": PLANTED["identity"]}, HTTP_X_REQUEST_ID=PLANTED["identity"])
        text = written.getvalue()
        assert len(said(written)) >= 10
        assert_nothing_personal(text, api.token, number)

    def test_of_a_failure_tell_kind_and_place_and_not_the_words(
        self, db: None, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tongban.web.api import showing

        def fail(case: Any, now: Any) -> Any:
            raise ValueError(f"{PLANTED['name']} {PLANTED['address']}")

        monkeypatch.setattr(showing, "after_step", fail)
        assert Api("clerk.520103").send("POST", "/cases", {}).status_code == 500
        failure = next(line for line in said(written) if "error" in line)
        assert failure["error"] == "builtins.ValueError"
        assert failure["trace"][-1] == "builtins.ValueError" and failure["trace"][-2].endswith(" fail")
        assert any("api/cases.py" in frame for frame in failure["trace"])
        assert_nothing_personal(written.getvalue())

    def test_of_a_broken_constraint_name_it_without_the_row(self, story: Any, written: io.StringIO) -> None:
        story.open().fill(name=PLANTED["name"])
        from django.db import transaction

        try:
            with transaction.atomic():
                applicant = CaseApplicant.objects.get(case_id=story.id)
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE cases_caseapplicant SET case_id = 1, name = %s WHERE case_id = %s",
                        [PLANTED["name"], applicant.case_id],
                    )
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except IntegrityError as error:
            logging.getLogger("tongban.test").exception("not kept: %s", error)
            logging.getLogger("django.db").error("query %s", error, exc_info=error)
        assert len(said(written)) >= 2
        assert "23503" in written.getvalue()
        assert_nothing_personal(written.getvalue())

    def test_mask_what_slips_through(self, written: io.StringIO) -> None:
        log = logging.getLogger("tongban.test")
        for name in ("identity", "phone", "landline", "code"):
            log.warning("seen: %s", PLANTED[name])
        log.warning("Authorization: Bearer abcdef and token=%s", "x" * 43)
        assert_nothing_personal(written.getvalue(), "abcdef", "x" * 43)
        log.warning("case %s of window %d", "2EPR-W3M0-DWPF", 12)
        assert said(written)[-1]["message"] == "case 2EPR-W3M0-DWPF of window 12"

    def test_keep_of_other_packages_only_what_stands_in_their_code(self, written: io.StringIO) -> None:
        logging.getLogger("procrastinate.worker").error(
            f"Job send[7](to={PLANTED['name']}) ended", extra={"action": "job_error", "job": PLANTED}
        )
        logging.getLogger("asyncio").error("future failed: %r", ValueError(PLANTED["name"]))
        first, second = said(written)
        assert (first["message"], second["message"]) == ("job_error", "future failed: %r")
        assert_nothing_personal(written.getvalue())

    def test_carry_the_request_the_route_and_the_account(self, db: None, written: io.StringIO) -> None:
        api = Api("clerk.520103")
        answer = api.get("/items/15")
        line = said(written)[-1]
        assert line["request_id"] == answer["X-Request-Id"]
        assert line["route"] == "api/v1/items/<int:seq>" or "seq" in line["route"]
        assert isinstance(line["account_id"], int) and line["status"] == 200

    def test_never_fail_themselves(self) -> None:
        for message, arguments in (
            ("%s and %s", ("one",)),
            ("%d", ("no number",)),
            ({"a": PLANTED["identity"]}, ()),
            ("a refusal: %s", (refusals.NotAllowed(),)),
            ("%(who)s", ({"who": 1},)),
        ):
            record = logging.LogRecord("tongban.test", logging.ERROR, __file__, 1, message, arguments, None)
            line = json.loads(logs.Formatter().format(record))
            assert line["level"] == "ERROR"
            assert_nothing_personal(str(line))

    def test_of_the_database_hold_no_statement_and_no_value(self, db: None) -> None:
        with connection.cursor() as cursor:
            found = {}
            for name in (
                *("log_statement", "log_min_duration_statement", "log_min_error_statement"),
                *("log_parameter_max_length", "log_parameter_max_length_on_error", "log_error_verbosity"),
            ):
                cursor.execute(f"SHOW {name}")
                found[name] = cursor.fetchone()[0]  # type: ignore[index]
        assert list(found.values()) == ["none", "-1", "panic", "0", "0", "terse"]


class TestMetrics:
    def test_count_requests_by_route_and_say_how_the_product_does(self, db: None) -> None:
        Api("clerk.520103").get("/items/15")
        text = Client().get("/metrics").content.decode()
        assert re.search(
            r'tongban_requests_total\{method="GET",route="api/v1/items/[^"]*",status="200"\} ', text
        )
        for name in names():
            assert f"# TYPE {name} " in text, name
        assert_nothing_personal(text)

    def test_have_labels_of_few_values(self, db: None) -> None:
        client = Client()
        for n in range(30):
            client.get(f"/nowhere/{n}/")
            client.generic(f"ODD{n}", "/")
        found = [s for m in metrics.registry().collect() for s in m.samples]
        assert {k for s in found for k in s.labels} <= {"route", "method", "status", "state", "kind", "le"}
        assert not [s for s in found if "nowhere" in str(s.labels) or "ODD" in str(s.labels)]

    def test_answer_this_machine_and_the_secret_only(self, db: None, settings: Any) -> None:
        client = Client()
        for address in ("/metrics", "/health/detail"):
            assert client.get(address, REMOTE_ADDR="127.0.0.1").status_code in (200, 503)
            assert client.get(address, REMOTE_ADDR="10.0.0.7").status_code == 404
            assert client.get(address, HTTP_X_FORWARDED_FOR="10.0.0.7").status_code == 404
            assert client.get(address, REMOTE_ADDR="nonsense").status_code == 404
            settings.TONGBAN_METRICS_TOKEN = "s3cret-s3cret"
            for shown, status in (
                ("Bearer s3cret-s3cret", (200, 503)),
                ("Bearer other", (404,)),
                ("", (404,)),
            ):
                answer = client.get(address, REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION=shown)
                assert answer.status_code in status
            settings.TONGBAN_METRICS_TOKEN = ""

    def test_tell_late_duties_by_kind(self, story: Any, at: Any) -> None:
        story.lead_to("received")
        text = Client().get("/metrics").content.decode()
        assert re.search(r'tongban_duties_late\{kind="send_papers"\} 1\.0', text)


class TestHealth:
    def test_in_detail_tells_worker_disk_and_calendar(self, db: None) -> None:
        found = Client().get("/health/detail").json()
        assert set(found) >= FIELDS
        assert found["files_free_bytes"] > 0 and found["calendar_days_left"] > 0


FIELDS = {
    *("status", "database", "queue", "storage", "worker_silent_seconds", "files_free_bytes"),
    *("files_free_share", "calendar_days_left", "seal_age_seconds"),
}


def names() -> set[str]:
    """The names of everything that is measured."""
    return {family.name for family in metrics.registry().collect() if family.name.startswith("tongban_")} - {
        "tongban_requests",
        "tongban_seal_age_seconds",
    }


class TestAlarms:
    @pytest.mark.django_db
    def test_each_names_something_that_is_measured_and_what_to_do(self) -> None:
        section = OPERATIONS.read_text().split("\n## Alarms\n", 1)[1].split("\n## ", 1)[0]
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in section.splitlines()
            if line.startswith("| ") and not line.startswith("| Alarm")
        ]
        assert len(rows) >= 12
        known = (
            names()
            | FIELDS
            | {"tongban_requests_total", "tongban_seal_age_seconds", "tongban_request_seconds"}
        )
        for alarm, fires, source, action in rows:
            cited = set(re.findall(r"`([a-z_]+)`", source))
            assert cited and cited <= known, alarm
            assert fires and len(action) > 20, alarm


def test_what_nobody_caught_is_written_without_its_words(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys
    import threading

    for owner, name in ((sys, "excepthook"), (threading, "excepthook"), (logging, "raiseExceptions")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    logs.guard()
    logging.captureWarnings(False)
    error = psycopg.errors.UniqueViolation(f"Key (name)=({PLANTED['name']})")
    sys.excepthook(type(error), error, None)
    thread = threading.Thread(target=lambda: int(PLANTED["name"]))
    thread.start()
    thread.join()
    assert [line["error"] for line in said(written)] == [
        "psycopg.errors.UniqueViolation 23505",
        "builtins.ValueError",
    ]
    assert_nothing_personal(written.getvalue())
