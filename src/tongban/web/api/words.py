"""Everyday words by which items are found: read by everybody, kept by authorities and the coordination group."""

from typing import Any

from ninja import Router
from ninja.params.functions import Query

from tongban.catalogue import queries
from tongban.catalogue.models import Synonym
from tongban.catalogue.operations import words as operations
from tongban.web.api import bodies, shapes
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["事项和标准"])


@router.get(
    "/words",
    response=list[shapes.WordOut],
    operation_id="listWords",
    summary="日常说法",
    description="按字序列出日常说法和它对应的清单用语；翻页时把上一页最后一个说法放进 after。",
)
def words(
    request: TongbanRequest,
    after: str = Query("", max_length=30, description="从这个说法之后开始"),
    limit: int = Query(100, ge=1, le=200),
) -> list[dict[str, Any]]:
    """List synonyms."""
    return [_word(row) for row in queries.synonyms(after=after, limit=limit)]


@router.post(
    "/words",
    response=shapes.WordOut,
    operation_id="addWord",
    summary="添加日常说法",
    description="让群众可以用这个说法找到事项；已有的说法改为新的对应。由管理机构和协调小组维护。",
)
@counts_once
def add(request: TongbanRequest, payload: bodies.WordIn) -> dict[str, Any]:
    """Add a synonym."""
    row = operations.add_synonym(**payload.model_dump(), by=request.actor, at=requests.time_of(request))
    return _word(row)


@router.delete(
    "/words/{word_id}",
    response=shapes.Done,
    operation_id="removeWord",
    summary="删除日常说法",
    description="此后不再按这个说法查找。",
)
@counts_once
def remove(request: TongbanRequest, word_id: int) -> dict[str, Any]:
    """Take a synonym off."""
    operations.remove_synonym(word_id, by=request.actor, at=requests.time_of(request))
    return {"done": True}


def _word(row: Synonym) -> dict[str, Any]:
    return {"id": row.id, "word": row.word, "means": row.means, "is_shipped": row.is_shipped}
