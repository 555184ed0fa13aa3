"""Self-service terminals (自助终端) of windows: registered, put to use with a one-time code, ended (F3)."""

import datetime
import secrets

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.directory import places, rules
from tongban.directory.models import Kiosk, Window
from tongban.kernel import crypto, refusals, text

CODE_LIFE = datetime.timedelta(minutes=30)
CODE_LENGTH = 8
NAME = 60
ARTICLE = "P15"
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that reads like something else


class UnknownKiosk(refusals.NotFound):
    """没有找到这台自助终端。请从窗口页面重新进入。"""


class WrongCode(refusals.NotFound):
    """登记码不对，或者已经用过、超过了 30 分钟。请让窗口的管理人员重新生成。"""


class AlreadyEnded(refusals.OutOfTurn):
    """这台自助终端已经停用。"""


def of_window(window_id: int) -> list[Kiosk]:
    """Give the terminals of a window that have not been ended, the newest last."""
    return list(Kiosk.objects.filter(window_id=window_id, ended_at=None).order_by("id"))


@transaction.atomic
def register(window: Window, *, name: str, who: places.Who, at: datetime.datetime) -> tuple[Kiosk, str]:
    """Register a terminal of a window; gives it with the code that puts it to use, which is shown only now.

    Raises:
        rules.NotFilled: it has no name.
    """
    said = text.clean(name)
    if not 1 <= len(said) <= NAME:
        raise rules.NotFilled(fields={"kiosk_name": _("请填写名称，例如“一楼大厅 1 号机”")})
    code = "".join(secrets.choice(_ALPHABET) for _place in range(CODE_LENGTH))
    row = Kiosk.objects.create(
        window=window,
        name=said,
        code_digest=_digest("code", code),
        code_until_at=at + CODE_LIFE,
        registered_at=at,
        registered_by_name=who.actor,
    )
    _note("kiosk_registered", row, who=who, at=at)
    return row, code


@transaction.atomic
def begin(code: str, *, at: datetime.datetime) -> tuple[Kiosk, str]:
    """Make the device at which a code was typed the terminal; gives it with the secret that the device keeps.

    Raises:
        WrongCode: there is none of that code, it was used, or its time is over.
    """
    typed = text.clean(code).upper().replace("-", "").replace(" ", "")
    rows = Kiosk.objects.select_for_update().filter(
        code_digest=_digest("code", typed), ended_at=None, code_until_at__gt=at
    )
    row = rows.first()
    if row is None:
        raise WrongCode()
    secret = secrets.token_urlsafe(32)
    row.code_digest, row.secret_digest, row.begun_at = None, _digest("secret", secret), at
    row.save(update_fields=["code_digest", "secret_digest", "begun_at"])
    _note("kiosk_begun", row, who=places.SYSTEM, at=at)
    return row, secret


def of_secret(secret: str) -> Kiosk | None:
    """Give the terminal that a device is by its secret; None when it has been ended or never was one."""
    rows = Kiosk.objects.filter(secret_digest=_digest("secret", secret), ended_at=None)
    return rows.select_related("window").first()


@transaction.atomic
def end(kiosk_id: int, *, window_id: int, who: places.Who, at: datetime.datetime) -> Kiosk:
    """End a terminal of a window: from now on its device is a browser like any other.

    Raises:
        UnknownKiosk, AlreadyEnded.
    """
    row = Kiosk.objects.select_for_update().filter(id=kiosk_id, window_id=window_id).first()
    if row is None:
        raise UnknownKiosk()
    if row.ended_at:
        raise AlreadyEnded()
    row.ended_at, row.ended_by_name = at, who.actor
    row.save(update_fields=["ended_at", "ended_by_name"])
    _note("kiosk_ended", row, who=who, at=at)
    return row


def _digest(what: str, value: str) -> bytes:
    return crypto.sm3(f"kiosk:{what}:{value}".encode())


def _note(code: str, row: Kiosk, *, who: places.Who, at: datetime.datetime) -> None:
    payload = {"kiosk": row.id, "name": row.name, "window": row.window_id}
    places.note(code, code=row.window.division_id, who=who, at=at, payload=payload, article=ARTICLE)
