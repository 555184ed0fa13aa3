"""Send the API what its description allows and forbids: it answers as described, and never with a failure.

A few requests for each operation by default; `make fuzz EXAMPLES=500` sends many more.
"""

import copy
import datetime
import os
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from tests import stories
from tongban.cases import queries as cases
from tongban.cases.states import STEPS, Mode, Step
from tongban.catalogue.models import Procedure
from tongban.config.wsgi import application
from tongban.directory import queries as directory
from tongban.people import operations as people
from tongban.people.models import Person
from tongban.people.roles import Role
from tongban.web.api.urls import api as described
from tongban.web.kit import access, verbs

EXAMPLES = int(os.environ.get("TONGBAN_FUZZ_EXAMPLES") or "6")
# A request of the right shape may still ask for what is not there, not the sender's turn, or not so by the rules.
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 409, 422, 429]},
    "missing_required_header": {"expected-statuses": [401, 404, 422, 429]},
}


def _schema(description: dict[str, Any], **config: Any) -> Any:
    found = schemathesis.openapi.from_dict(
        description, config=SchemathesisConfig.from_dict({"checks": CHECKS, **config})
    )
    found.app = application
    return found


def _a_path_for_each_step() -> dict[str, Any]:
    """The same description of steps, with each step's body at the step's own address."""
    said = copy.deepcopy(described.get_openapi_schema())
    path = "/api/v1/cases/{number}/steps/{step}"
    shared = said["paths"][path]["post"]
    said["paths"] = {}
    for name in verbs.VERBS:
        own = copy.deepcopy(shared)
        own["operationId"] = f"takeStep_{name}"
        own["parameters"] = [p for p in own["parameters"] if p["name"] != "step"]
        body = {"$ref": f"#/components/schemas/Step_{name}"}
        own["requestBody"]["content"] = {"application/json": {"schema": body}}
        said["paths"][path.replace("{step}", name)] = {"post": own}
    return said


# Steps have a test of their own, with the body that belongs to each.
operations = _schema(described.get_openapi_schema()).exclude(operation_id="takeStep")
steps = _schema(_a_path_for_each_step(), phases={"coverage": {"enabled": EXAMPLES >= 50}})
BOUNDED = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
WHO = {"receiving": "clerk.520103", "home": "clerk.510100", "department": "approver.510100"}
WHO_TOO = {"overseer": "manager.510000"}


@pytest.fixture
def world(db: None) -> Iterator["World"]:
    """Cases in every state, made when they are asked for, and a token for each side."""
    # All requests of a test share its transaction: none may close the connection.
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    # Some days ago: what the requests do comes after what was done before.
    yield World(directory.now() - datetime.timedelta(days=3))
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


class World:
    def __init__(self, at: datetime.datetime) -> None:
        self.at = at
        now = directory.now()
        self.tokens = {side: _token(account, now) for side, account in (WHO | WHO_TOO).items()}
        self.known: dict[tuple[str, Mode], Any] = {}

    def case_in(self, state: str, mode: Mode = Mode.COLLECTED) -> Any:
        if (state, mode) not in self.known:
            self.known[state, mode] = stories.begun(mode, at=self.at).lead_to(state)
        return self.known[state, mode].case

    def case_before(self, step: Step) -> Any:
        """Give a case on which a step can be taken, of the mode that has the step."""
        mode = Mode.COLLECTED if Mode.COLLECTED in step.modes else Mode.ONLINE
        return self.case_in(sorted(step.from_ & set(stories.begun(mode, at=self.at).ways()))[0], mode)

    def make_real(self, case: Any) -> str:
        """Let about half of the well-formed requests mean something that exists; give whose token to send."""
        parameters = case.path_parameters or {}
        is_positive = case.meta is None or case.meta.generation.mode.is_positive
        if not is_positive or zlib.crc32(repr((parameters, case.query, case.body)).encode()) % 2:
            return "receiving"
        step = STEPS.get(case.path.rsplit("/", 1)[1]) if "/steps/" in case.path else None
        if step is not None:
            found = self.case_before(step)
            case.body["revision"] = found.revision
        else:
            found = self.case_in("drafting" if case.method != "GET" else "received")
        if "number" in parameters:
            parameters["number"] = found.number
        if "key" in parameters:
            parameters["key"] = cases.materials_of(found.id)[0].key
        if "procedure_id" in parameters:
            parameters["procedure_id"] = Procedure.objects.get(key=stories.PROCEDURE).id
        return next((side for side in WHO if step is not None and side in step.by), "receiving")


def _token(account: str, at: datetime.datetime) -> str:
    return people.issue_token(Person.objects.get(account=account), at=at)


def _answers_as_described(case: Any, world: World) -> None:
    side = world.make_real(case)
    line = access.OPERATIONS.get(str(case.operation.definition.raw.get("operationId")))
    if line is not None and Role.MANAGER in line.who and not line.who & access.WINDOW:
        side = "overseer"  # nobody at a window gets past the door
    case.call_and_validate(headers={"Authorization": f"Bearer {world.tokens[side]}"})


@pytest.mark.article("H3", "S1")
@operations.parametrize()
@settings(BOUNDED, max_examples=EXAMPLES)
def test_every_operation_answers_as_described(case: Any, world: World) -> None:
    _answers_as_described(case, world)


@pytest.mark.article("H3", "S1")
@steps.parametrize()
@settings(BOUNDED, max_examples=max(EXAMPLES // 2, 2))
def test_every_step_answers_as_described(case: Any, world: World) -> None:
    _answers_as_described(case, world)
