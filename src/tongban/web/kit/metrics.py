"""Figures about the product itself for Prometheus: how much, how fast, how late; never about whom.

Labels have few values: routes as they stand in the code, kinds, states. What the web processes count is kept in
files that all of them add to (`PROMETHEUS_MULTIPROC_DIR`, set by `tongban up`); what the database knows is read when
somebody asks. `/metrics` answers this machine, and whoever shows the secret in TONGBAN_METRICS_TOKEN.
"""

import datetime
import hmac
import ipaddress
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import prometheus_client
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tongban.directory import queries as directory
from tongban.duties import queries as duties
from tongban.journal import queries as journal
from tongban.kernel import worktime
from tongban.messages import queries as messages
from tongban.web.kit import requests

REQUESTS = prometheus_client.Counter("tongban_requests", "Requests answered", ["route", "method", "status"])
SECONDS = prometheus_client.Histogram(
    "tongban_request_seconds",
    "Time from the first byte of a request to its answer",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
POOL = prometheus_client.Gauge(
    "tongban_database_pool",
    "Connections of the web processes' pools, and requests that wait for one",
    ["state"],
    multiprocess_mode="livesum",
)
_FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")
_MOST = 100_000  # rows that are counted at most


def note_pool() -> None:
    """Note how full this process's pool of connections is."""
    pool = getattr(connection, "pool", None)
    if pool is None:
        return
    stats = pool.get_stats()
    for state, name in (("open", "pool_size"), ("free", "pool_available"), ("waiting", "requests_waiting")):
        POOL.labels(state).set(stats.get(name, 0))


class Stock(Collector):
    """What the database, the disk and the calendars know at this moment."""

    def collect(self) -> Iterator[Metric]:
        """Give the figures; one that cannot be read is left out, and with it its alarm's condition is absent."""
        yield from _queue()
        yield from _duties()
        yield from _messages()
        yield from _store()
        yield from _clocks()

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand: registering must not ask the database."""
        return iter(())


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_, value=value)


def _queue() -> Iterator[Metric]:
    jobs = GaugeMetricFamily("tongban_jobs", "Jobs in the queue by state", labels=["state"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, count(*) FROM"
            " (SELECT status FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') LIMIT %s) AS jobs"
            " GROUP BY status",
            [_MOST],
        )
        found = dict(cursor.fetchall())
        cursor.execute(
            "SELECT extract(epoch FROM now() - min(greatest(e.at, j.scheduled_at)))::float8"
            " FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'"
            " WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
        )
        (oldest,) = cursor.fetchone() or (None,)
        cursor.execute(
            "SELECT count(*), extract(epoch FROM now() - max(last_heartbeat))::float8 FROM procrastinate_workers"
        )
        workers, silent = cursor.fetchone() or (0, None)
    for state in ("todo", "doing", "failed"):
        jobs.add_metric([state], found.get(state, 0))
    yield jobs
    yield _gauge("tongban_oldest_job_seconds", "Age of the oldest job that could run now", oldest or 0)
    yield _gauge("tongban_workers", "Job workers that are known", workers)
    yield _gauge("tongban_worker_silent_seconds", "Time since a job worker was heard of", silent or 0)


def _duties() -> Iterator[Metric]:
    late = GaugeMetricFamily("tongban_duties_late", "Duties whose time is over, by kind", labels=["kind"])
    for kind, count in sorted(duties.late_by_kind(at=directory.now(), most=_MOST).items()):
        late.add_metric([kind], count)
    yield late


def _messages() -> Iterator[Metric]:
    found = GaugeMetricFamily(
        "tongban_messages", "Messages to applicants that wait or are in trouble", labels=["state"]
    )
    for state, count in messages.count_by_state(most=_MOST).items():
        found.add_metric([state], count)
    yield found
    stuck = len(messages.stuck(at=directory.now()))
    yield _gauge(
        "tongban_messages_stuck", "Messages that should have gone out an hour ago, at most 1000", stuck
    )


def _store() -> Iterator[Metric]:
    usage = disk()
    if usage is not None:
        free, total = usage
        yield _gauge("tongban_files_free_bytes", "Free space of the file store", free)
        yield _gauge("tongban_files_size_bytes", "Size of the file store's disk", total)


def _clocks() -> Iterator[Metric]:
    now = requests.machine_time()
    sealed_at = journal.last_sealed_at()
    if sealed_at is not None:
        yield _gauge(
            "tongban_seal_age_seconds", "Time since the last seal", (now - sealed_at).total_seconds()
        )
    yield _gauge("tongban_calendar_days_left", "Days that the working calendar still covers", days_covered())
    ahead = (directory.now() - now).total_seconds()
    yield _gauge(
        "tongban_clock_ahead_seconds", "How far the product's clock is ahead (practice mode)", round(ahead)
    )


def disk() -> tuple[int, int] | None:
    """Give free and whole bytes of the disk that the files lie on; None when it cannot be asked."""
    place = Path(settings.TONGBAN_FILES)
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return None
    return usage.free, usage.total


def days_covered() -> int:
    """Give for how many days from today the working calendar is known; below 0 when today is not."""
    today = directory.now().astimezone(worktime.BEIJING).date()
    years, year = set(directory.covered_years()), today.year
    while year in years:
        year += 1
    return (datetime.date(year, 1, 1) - today).days - 1


def is_admitted(request: HttpRequest) -> bool:
    """Tell whether whoever asks sits on this machine, not behind a proxy on it, or shows the secret."""
    secret = settings.TONGBAN_METRICS_TOKEN
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if secret and hmac.compare_digest(shown.encode(), secret.encode()):
        return True
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def registry() -> prometheus_client.CollectorRegistry:
    """Give everything that can be read now: what all web processes counted, and the stock."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if not folder:
        found = prometheus_client.CollectorRegistry()
        for metric in (REQUESTS, SECONDS, POOL):
            found.register(metric)
    else:
        found = prometheus_client.CollectorRegistry()
        for pid in {int(path.stem.rsplit("_", 1)[1]) for path in Path(folder).glob("gauge_live*.db")}:
            if not Path(f"/proc/{pid}").exists():  # ended, perhaps without a word
                multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
        multiprocess.MultiProcessCollector(found)  # type: ignore[no-untyped-call]
    found.register(Stock())
    return found


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Give the figures in Prometheus's text format; for everybody else there is nothing here."""
    if not is_admitted(request):
        raise Http404
    note_pool()
    content = prometheus_client.generate_latest(registry())
    return HttpResponse(content, content_type=prometheus_client.CONTENT_TYPE_LATEST)
