import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.stories import Story
    from tongban.messages.models import Message


@pytest.fixture
def tell(db: None) -> "Callable[..., list[Message]]":
    """Write what the applicant is told of the step that a story took last, as its job does."""

    from tongban.cases.models import Case
    from tongban.messages.operations import writing

    def told(story: "Story", at: datetime.datetime | None = None) -> "list[Message]":
        case = Case.objects.get(id=story.id)
        return writing.tell(story.id, seq=case.journal_seq, at=at or story.at)

    return told
