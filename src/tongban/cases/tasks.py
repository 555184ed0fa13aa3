"""Periodic work on cases: each task finds cases and calls one operation for each. Safe to run twice."""

import datetime
import logging

from django.conf import settings
from procrastinate.contrib.django import app

from tongban.cases import doctor, figures, queries
from tongban.cases.models import Case
from tongban.cases.operations import acceptance, intake, online, windows
from tongban.cases.states import Mode, State
from tongban.directory import queries as directory
from tongban.duties import queries as duties
from tongban.journal import operations as journal
from tongban.kernel import jobs, refusals
from tongban.people.actors import SYSTEM

log = logging.getLogger(__name__)


_WAIT_FOR_APPLICANTS = ("bring_correction", "finish_application", "download_result")


def lapse_all() -> int:
    """Let what applicants have not done by its last day lapse; gives how many (P21(1), P22)."""
    at = directory.now()
    count = 0
    for kind in _WAIT_FOR_APPLICANTS:
        for duty in duties.overdue(kind, at=at)[:1000]:
            try:
                _lapse(duty.case_id, at=at)
                count += 1
            except refusals.Refusal as refusal:  # done or withdrawn in this very moment: nothing to do
                log.info("no lapse of case %s: %s", duty.case_id, refusal.code)
    return count


def _lapse(case_id: int, *, at: datetime.datetime) -> None:
    state, mode = Case.objects.values_list("state", "mode").get(id=case_id)
    if state == State.FILLING:
        online.lapse_draft(case_id, by=SYSTEM, at=at)
    elif state == State.DOWNLOADABLE:
        online.lapse_download(case_id, by=SYSTEM, at=at)
    elif state == State.HOME_CORRECTION and mode == Mode.ONLINE:
        online.lapse_correction(case_id, by=SYSTEM, at=at)
    elif state == State.HOME_CORRECTION:
        acceptance.lapse_at_home(case_id, by=SYSTEM, at=at)
    else:
        intake.lapse(case_id, by=SYSTEM, at=at)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="lapse")
def lapse(timestamp: int) -> None:
    lapse_all()


@app.periodic(cron="30 2 * * *")
@app.task(queueing_lock="doctor")
def examine(timestamp: int) -> None:
    """Prove every night that no case is an orphan (C12), and log each exception."""
    found = 0
    for ailment in doctor.examine(at=directory.now()):
        found += 1
        log.error("doctor: case %s: %s", ailment.number, ailment.what)
    log.info("doctor: %d exceptions", found)


@app.task(name=windows.TASK, retry=jobs.AGAIN)
def hand_window_over(window_id: int, ordered_by: str) -> None:
    """Hand the next open cases of a closing window over, and go on in another job while there are more (P13)."""
    if windows.hand_batch_over(window_id, ordered_by=ordered_by, at=directory.now()):
        app.configure_task(windows.TASK).defer(window_id=window_id, ordered_by=ordered_by)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="carry_on_handing_over")
def carry_on_handing_over(timestamp: int) -> None:
    """Go on with hand-overs whose job has been lost; one that still runs finds nothing left to do."""
    for window_id in windows.in_progress():
        windows.hand_batch_over(window_id, ordered_by="系统", at=directory.now())


@app.periodic(cron="10 3 * * *")
@app.task(queueing_lock="verify")
def verify_journal(timestamp: int, by: str = "") -> None:
    """Verify every chain and seal every night, and whenever the audit administrator asks; log each fault (S2)."""
    done = journal.check(heads=queries.heads, by=by)
    for fault in done.found:
        log.error("journal: chain %s entry %s: %s", fault["chain"], fault["seq"], fault["what"])
    log.info("journal: %d entries verified, %d faults", done.entries, done.faults)


@app.periodic(cron="40 1 * * *")
@app.task(queueing_lock="figures")
def count_figures(timestamp: int) -> None:
    """Count the public figures every night (F1)."""
    log.info("figures: %d rows", figures.count_all(at=directory.now()))


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="practice_figures")
def count_practice_figures(timestamp: int) -> None:
    """Count them in practice mode every ten minutes, so that what was just practised can be seen."""
    if settings.TONGBAN_PRACTICE:
        figures.count_all(at=directory.now())
