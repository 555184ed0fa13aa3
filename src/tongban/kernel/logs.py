"""Log lines for machines: one JSON object a line, about what happened and never about whom.

A line says when, how bad, which process, which request, which account (its id) and which route. It never says what
people typed: values that code of ours puts into a message are ids and codes, messages of other packages are kept
only as they stand in those packages' code, and an error is told by its kind and its place, not by its words, since
databases and parsers quote in them what they were given. As a second net, whatever still looks like an identity
number, a phone number or a token is masked.
"""

import contextvars
import datetime
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pythonjsonlogger import json as jsonlogger

_about: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("about", default=None)
_OUR_EXTRAS = ("route", "method", "status", "milliseconds", "account_id", "job")
# Packages whose messages name only addresses, processes and themselves.
_PLAIN_SPOKEN = ("_granian", "granian")
_MASKED = "***"
_PERSONAL = re.compile(
    r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])"  # identity number
    r"|(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])"  # credit code
    r"|(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"  # mobile
    r"|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)"  # landline
    r"|(?i:authorization|bearer|token|password|secret|cookie|sessionid)[\"']?\s*[:= ]\s*(?i:bearer\s+)?\S+"
    r"|[A-Za-z0-9_-]{40,}"  # keys, signatures, tokens
)
_FRAMES = 30


@contextmanager
def about(**facts: Any) -> Iterator[dict[str, Any]]:
    """Let every line that is written inside the block carry these facts; gives them, to be added to."""
    said = {**(_about.get() or {}), **facts}
    mark = _about.set(said)
    try:
        yield said
    finally:
        _about.reset(mark)


class Formatter(jsonlogger.JsonFormatter):
    """Writes a record as one line of JSON with nothing personal in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        said: dict[str, Any] = {
            "at": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
            "pid": record.process,
            **(_about.get() or {}),
            **{name: record.__dict__[name] for name in _OUR_EXTRAS if _is_plain(record.__dict__.get(name))},
        }
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            said["error"] = described(error)
            said["trace"] = trace_of(error)
        return self.serialize_log_record(said)


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float | str) and not (isinstance(value, str) and _PERSONAL.search(value))


def message_of(record: logging.LogRecord) -> str:
    """Give what a record says, in words that stand in somebody's code."""
    is_ours = record.name.split(".")[0] in ("tongban", "__main__")
    if is_ours and record.args:
        arguments = record.args if isinstance(record.args, dict) else tuple(map(_argument, record.args))
        try:
            return mask(str(record.msg) % arguments)
        except (TypeError, ValueError):
            return mask(str(record.msg))
    if is_ours or record.name.startswith(_PLAIN_SPOKEN):
        return mask(str(record.msg))
    if record.args:
        return mask(str(record.msg))
    # A sentence that another package has put together: it may quote anything.
    action = record.__dict__.get("action")
    return str(action) if _is_plain(action) else f"{record.module}.{record.funcName}"


def _argument(value: object) -> object:
    return described(value) if isinstance(value, BaseException) else value


def mask(text: str) -> str:
    """Hide whatever looks like a person's number or a secret."""
    return _PERSONAL.sub(_MASKED, text)


def described(error: BaseException) -> str:
    """Name an error by its kind and by codes, never by its words."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    facts = [getattr(error, name, None) for name in ("sqlstate", "errno")]
    diagnosis = getattr(error, "diag", None)
    facts += [getattr(diagnosis, "constraint_name", None), getattr(diagnosis, "table_name", None)]
    return " ".join([kind, *(str(fact) for fact in facts if fact)])


def trace_of(error: BaseException) -> list[str]:
    """Give where an error and its causes came from: `file:line function`, the innermost last; no values."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(lines) < 4 * _FRAMES:
        frames = traceback.extract_tb(cause.__traceback__)[-_FRAMES:]
        lines = [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames] + [described(cause), *lines]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return lines


def _short(path: str) -> str:
    for folder in ("/site-packages/", "/src/"):
        if folder in path:
            return path.rsplit(folder, 1)[1]
    return path


def configuration() -> dict[str, Any]:
    """Give the logging configuration of every process: JSON lines on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "tongban.kernel.logs.Formatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "procrastinate": {"level": "WARNING"},
            "pikepdf": {"level": "WARNING"},
            # The line about each request says the same without the address.
            "django.request": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},
            "_granian": {"handlers": ["stderr"], "propagate": False},
            "granian.access": {"handlers": ["stderr"], "propagate": False, "level": "ERROR"},
        },
    }


def guard() -> None:
    """Have what nobody caught, in any thread, and what Python warns of written as lines like all others."""
    logging.raiseExceptions = False  # else a line that cannot be written is printed with its arguments
    logging.captureWarnings(True)
    log = logging.getLogger("tongban.uncaught")

    def uncaught(kind: type[BaseException], error: BaseException | None, trace: Any) -> None:
        if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        log.critical("an error that nobody caught", exc_info=error)

    sys.excepthook = uncaught
    threading.excepthook = lambda args: uncaught(args.exc_type, args.exc_value, args.exc_traceback)
