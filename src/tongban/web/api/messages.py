"""Messages to applicants: delivery reports of gateways, and in practice what would have been sent."""

import datetime
import hmac
from typing import Any, Literal

from django.conf import settings
from ninja import Router, Schema
from ninja.params.functions import Path, Query
from pydantic import ConfigDict, Field

from tongban.messages import gateways, queries, rules
from tongban.messages.operations import sending
from tongban.web.api import shapes
from tongban.web.api.admission import NotOffered
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["消息"])
SIGNATURE = "X-Tongban-Signature"


class ReportIn(Schema):
    """What a gateway knows about a message that it took."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(max_length=60, description="发送请求里的 key")
    status: Literal["delivered", "failed"] = Field(description="已送达，或者没有送达")
    reason: str = Field("", max_length=200, description="没有送达的原因")


class OutboxRow(Schema):
    """A text message or e-mail, as it would have been sent."""

    number: str = Field(description="办件的业务编号")
    kind: str
    kind_name: str
    channel: str = Field(description="sms 或者 email")
    to: str = Field(description="收信人，隐去中间几位")
    title: str
    text: str
    state: str = Field(description="queued、sent、delivered、failed 或者 unknown")
    gateway: str = Field(description="simulated 是模拟通道，没有真的发出")
    written_at: datetime.datetime
    next: str = Field(description="翻页时放进 after 的值")


@router.post(
    "/message-reports/{gateway}",
    response=shapes.Done,
    operation_id="reportMessage",
    auth=None,
    summary="短信通道的送达回执",
    description="由短信通道调用：请求头 X-Tongban-Signature 是以共用密钥对请求正文算出的 HMAC-SM3（十六进制）。"
    "同一回执可以重复发送，只记一次，因此不需要 Idempotency-Key。",
)
def report(
    request: TongbanRequest,
    payload: ReportIn,
    gateway: str = Path(max_length=20, description="通道名称：sms-1 或者 sms-2"),
) -> dict[str, Any]:
    """Take down whether a message arrived."""
    secret = gateways.secret_of(gateway)
    shown = request.headers.get(SIGNATURE, "").strip().lower()
    right = gateways.signature(secret, request.body) if secret else ""
    if not right or not hmac.compare_digest(shown.encode(), right.encode()):
        raise rules.NotTheGateway()
    sending.take_report(
        gateway,
        payload.key,
        is_delivered=payload.status == "delivered",
        reason=payload.reason,
        at=requests.time_of(request),
    )
    return {"done": True}


@router.get(
    "/practice/outbox",
    response=list[OutboxRow],
    operation_id="practiceOutbox",
    auth=None,
    summary="练习发件箱",
    description="练习模式下发给申请人的短信和邮件，新的在前；正式环境没有这个地址。",
)
def outbox(
    request: TongbanRequest,
    after: str = Query("", max_length=60, description="上一页最后一行的 next"),
    limit: int = Query(50, ge=1, le=200),
) -> list[dict[str, Any]]:
    """List what would have been sent."""
    if not settings.TONGBAN_PRACTICE:
        raise NotOffered()
    return [
        {
            "number": row.message.number,
            "kind": row.message.kind,
            "kind_name": str(row.message.get_kind_display()),
            "channel": row.message.channel,
            "to": row.message.recipient_masked,
            "title": row.message.title,
            "text": row.text,
            "state": str(row.message.state),
            "gateway": row.message.gateway,
            "written_at": row.message.written_at,
            "next": requests.moment_text(row.message.written_at, row.message.id),
        }
        for row in queries.outbox(after=requests.moment_of(after), limit=limit)
    ]
