"""One-time codes on their way out: at once, by the first gateway that takes them, and never kept or repeated."""

import datetime
import json

from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from tongban.kernel import keyring
from tongban.messages import gateways
from tongban.messages.gateways import Letter, Said
from tongban.messages.states import Channel
from tongban.people import codes

TASK = "tongban.messages.tasks.send_code"
_ABOUT = "one-time code"


def queue(code: codes.Outgoing) -> None:
    """Have a code sent once its transaction is through; the queue holds it sealed.

    Raises:
        codes.NoSender: no gateway goes that way.
    """
    channel = Channel.EMAIL if code.what == codes.EMAIL else Channel.SMS
    if not gateways.of(channel):
        raise codes.NoSender()
    said = [str(channel), code.to, code.digits, code.until_at.isoformat()]
    sealed = keyring.current().seal_text(json.dumps(said), about=_ABOUT)
    app.configure_task(TASK).defer(sealed=sealed.hex())


def send(sealed: str, *, at: datetime.datetime) -> bool:
    """Hand a code to the gateways, one after the other while they refuse; tell whether one took it.

    A code that is too old is dropped: a newer one can be asked for.
    """
    channel, to, digits, until = json.loads(keyring.current().open_text(bytes.fromhex(sealed), about=_ABOUT))
    if at >= datetime.datetime.fromisoformat(until):
        return False
    minutes = int(codes.LIFE.total_seconds() // 60)
    text = _(
        "验证码 {digits}，{minutes}分钟内有效，用于西南五省跨省通办。工作人员不会向您索要，请勿告诉他人。"
    ).format(digits=digits, minutes=minutes)
    letter = Letter(key=f"code-{sealed[:40]}", to=to, title=_("验证码"), text=text)
    for gateway in gateways.of(channel):
        said = gateway.send(letter).said
        if said != Said.REFUSED:
            return said == Said.TAKEN
    return False
