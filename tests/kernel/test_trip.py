"""Writes that wait for the next trip: in order, seen by whoever asks, committed with the last, undone together."""

import json
import uuid
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test import Client
from psycopg.pq import TransactionStatus

from tests import stories
from tongban.cases import queries
from tongban.cases.models import Case
from tongban.command.bench import statements
from tongban.directory import queries as directory
from tongban.kernel import ids, trip
from tongban.notices import pdf
from tongban.people import operations as people
from tongban.people.models import Person, Submission

pytestmark = pytest.mark.usefixtures("committed", "nothing_read_anew")


def answer(key: str) -> Submission:
    person = Person.objects.get(account="clerk.520103")
    return Submission(
        person=person, key=key, request_digest=b"0" * 32, status=201, body="", at=directory.now()
    )


def write(*rows: Submission) -> None:
    out = trip.Trip()
    out.insert(rows)
    out.send()


def keys() -> set[str]:
    return set(Submission.objects.filter(request_digest=b"0" * 32).values_list("key", flat=True))


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    Submission.objects.all().delete()


class TestAllOrNothing:
    def test_writes_and_commits_in_one_trip(self) -> None:
        first, second = answer("first"), answer("second")
        with statements.recording() as found, trip.all_or_nothing():
            write(first)
            write(second)
            assert found.statements == [], "both wait"
        assert [s.text.split()[0] for s in found.statements] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]
        assert len({s.trip for s in found.statements}) == 1 and found.trips_within == 1
        assert keys() == {"first", "second"}

    def test_shows_what_waits_to_whoever_asks(self) -> None:
        row = answer("seen")
        with trip.all_or_nothing():
            write(row)
            assert keys() == {"seen"}, "through a queryset"
            write(answer("also"))
            ((count,),) = trip.read_models([(None, "SELECT count(*) FROM people_submission", [])])[0]
            assert count == 2, "through a trip"
        assert keys() == {"seen", "also"}

    def test_leaves_nothing_when_a_write_does_not_fit(self) -> None:
        first, again = answer("same"), answer("same")
        with pytest.raises(IntegrityError), trip.all_or_nothing():
            write(first)
            write(again)
        assert keys() == set() and not connection.in_atomic_block
        with trip.all_or_nothing():
            write(answer("later"))
        assert keys() == {"later"}, "the connection goes on"

    def test_leaves_nothing_when_it_is_refused(self) -> None:
        row = answer("refused")
        with pytest.raises(ValueError), trip.all_or_nothing():
            write(row)
            raise ValueError
        assert keys() == set()

    def test_does_not_commit_what_somebody_gave_up_half_way(self) -> None:
        row = answer("half")

        def refused() -> None:
            with trip.part():
                write(row)
                raise ValueError

        with pytest.raises(TransactionManagementError), trip.all_or_nothing(), suppress(ValueError):
            refused()
        assert keys() == set()

    def test_does_afterwards_what_was_to_be_done_after_the_commit(self) -> None:
        row, done = answer("hook"), []
        with trip.all_or_nothing():
            write(row)
            transaction.on_commit(lambda: done.append(keys()))
            assert done == []
        assert done == [{"hook"}]

    def test_inside_another_transaction_commits_nothing(self) -> None:
        row = answer("inner")
        with pytest.raises(ValueError), transaction.atomic():
            with trip.all_or_nothing():
                write(row)
            assert keys() == {"inner"}
            raise ValueError
        assert keys() == set()

    def test_a_write_outside_any_transaction_is_refused(self) -> None:
        with pytest.raises(Exception, match="inside a transaction"):
            write(answer("outside"))


def is_idle() -> bool:
    return trip.raw_connection().info.transaction_status == TransactionStatus.IDLE


class TestRest:
    def test_ends_what_was_only_read_and_goes_on_in_a_new_transaction(self) -> None:
        row = answer("after")
        with trip.all_or_nothing():
            assert keys() == set() and not is_idle()
            trip.rest()
            assert is_idle()
            write(row)
        assert keys() == {"after"}
        with pytest.raises(ValueError), transaction.atomic():
            keys()
            trip.rest()
            answer("undone").save()
            raise ValueError
        assert keys() == {"after"}

    def test_changes_nothing_once_something_is_written_locked_or_waits(self) -> None:
        first, second = answer("first"), answer("second")
        with pytest.raises(ValueError), transaction.atomic():
            first.save()
            trip.rest()
            assert not is_idle()
            raise ValueError
        with pytest.raises(ValueError), trip.all_or_nothing():
            keys()
            write(second)
            trip.rest()
            assert not is_idle()
            raise ValueError
        with transaction.atomic():
            Person.objects.select_for_update().get(account="clerk.520103")
            trip.rest()
            assert not is_idle()
        assert keys() == set()


def assert_few(found: statements.Recording) -> None:
    """Who asks; lock and read; write, keep the answer and commit; and once that is done, tell who watches the queue.

    Told in the transaction, all who commit would wait for one another: PostgreSQL lets one at a time tell something.
    """
    sent = "\n".join(f"{s.trip} {s.text[:50]}" for s in found.statements)
    assert (found.trips, found.trips_within) == (4, 2), sent
    assert "pg_notify" in found.statements[-1].text


class TestWritesOfTheApi:
    def sent(
        self, method: str, path: str, body: dict[str, Any]
    ) -> tuple[statements.Recording, dict[str, Any]]:
        token = people.issue_token(Person.objects.get(account="clerk.520103"), at=directory.now())
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
        with statements.recording() as found:
            given = Client(headers=headers).generic(
                method, f"/api/v1{path}", json.dumps(body), content_type="application/json"
            )
        assert given.status_code in (200, 201), given.content
        return found, given.json()

    @pytest.mark.article("C12", "E3")
    def test_open_a_case_in_two_trips(self) -> None:
        self.sent("POST", "/cases", {})
        found, given = self.sent("POST", "/cases", {})
        assert_few(found)
        assert Case.objects.get(id=ids.id_of(given["number"])).revision == given["revision"]

    @pytest.mark.article("C12", "E3")
    def test_take_a_step_in_two_trips(self) -> None:
        story = stories.Story(at=directory.now()).open().fill()
        story.do("receive")
        path, revision = f"/cases/{story.case.number}/steps/choose_channel", story.case.revision
        _first, given = self.sent("POST", path, {"revision": revision, "channel": "online"})
        found, given = self.sent("POST", path, {"revision": given["revision"], "channel": "post"})
        assert_few(found)
        kept = Case.objects.select_related("receiving_window", "home_window", "procedure").get(id=story.id)
        assert (kept.revision, kept.channel) == (given["revision"], "post")
        assert given["clock"]["bearer"] == kept.receiving_window.name
        assert (given["item"], given["home_window"]) == (kept.procedure.name, kept.home_window.name)  # type: ignore[union-attr]

    @pytest.mark.article("C12", "P21(1)")
    def test_draw_a_receipt_while_no_transaction_is_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        story = stories.Story(at=directory.now()).open().fill().pass_all().scan_all()
        drawn, draw = [], pdf.draw
        monkeypatch.setattr(pdf, "draw", lambda data: drawn.append(is_idle()) or draw(data))  # type: ignore[func-returns-value]
        path = f"/cases/{story.case.number}/steps/receive"
        _found, given = self.sent("POST", path, {"revision": story.case.revision})
        assert drawn == [True] and given["notice"]["serial"]
        assert Case.objects.get(id=story.id).received_at is not None

    @pytest.mark.article("C12")
    def test_enter_what_was_handed_in_in_few_trips(self) -> None:
        story = stories.Story(at=directory.now()).open().fill()
        path, key = f"/cases/{story.case.number}", queries.materials_of(story.id)[0].key
        for _again in range(2):
            entered, given = self.sent("PATCH", path, {"contact_name": "王小明"})
            marked, paper = self.sent("PATCH", f"{path}/materials/{key}", {"verdict": "passed"})
        assert entered.trips <= 7, "\n".join(f"{s.trip} {s.text[:50]}" for s in entered.statements)
        assert marked.trips <= 7, "\n".join(f"{s.trip} {s.text[:50]}" for s in marked.statements)
        assert given["clock"]["bearer"] == story.case.receiving_window.name
        assert paper["verdict"] == "passed"
