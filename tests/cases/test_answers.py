"""Answers of the application form: numbers of people sealed where kept, conditions held to."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.catalogue import drafting
from tests.catalogue.drafting import SICHUAN
from tests.stories import IDENTITY, Story
from tongban.cases import queries, rules
from tongban.cases.models import Case
from tongban.cases.operations import intake

pytestmark = pytest.mark.django_db
FIELDS = [
    {"key": "who", "label": "配偶身份证号", "type": "identity_number"},
    {"key": "tel", "label": "配偶电话", "type": "phone"},
    {"key": "kind", "label": "取证方式", "type": "choice", "choices": ["自取", "代取"]},
    {"key": "by", "label": "代取人", "type": "text", "when": {"field": "kind", "values": ["代取"]}},
]


@pytest.fixture
def story(at: datetime.datetime) -> Story:
    drafting.publish(SICHUAN, at=at, said=drafting.content(field=FIELDS))
    return Story(at=at).open().fill()


def stored(story: Story) -> Any:
    return Case.objects.values_list("form", flat=True).get(id=story.id)


class TestNumbers:
    @pytest.mark.article("S1", "B2")
    def test_are_sealed_where_they_are_kept_and_masked_where_they_are_shown(
        self, story: Story, signed_in: Callable[[str], Client]
    ) -> None:
        intake.save(story.id, {"form.who": IDENTITY}, by=story.receiver, at=story.at)
        assert IDENTITY not in str(stored(story)) and "13800000000" not in str(stored(story))
        assert queries.answer_of(story.case, "who") == IDENTITY
        assert queries.shown_answers(story.case)["who"] != IDENTITY
        for page in ("receive", "cases"):
            text = (
                signed_in("clerk.520103")
                .get(f"/desk/{page}/{story.case.number}/", follow=True)
                .content.decode()
            )
            assert IDENTITY not in text

    def test_can_be_taken_back(self, story: Story) -> None:
        intake.save(story.id, {"form.who": ""}, by=story.receiver, at=story.at)
        assert stored(story)["who"] == ""


class TestConditions:
    @pytest.mark.article("B2", "P23")
    def test_ask_for_a_field_only_where_they_hold(self, story: Story) -> None:
        def missing() -> dict[str, str]:
            applicant, fields, materials = queries.for_review(story.case)
            return rules.missing_before_receipt(story.case, applicant, fields, materials)

        intake.save(story.id, {"form.kind": "代取", "form.by": ""}, by=story.receiver, at=story.at)
        assert "form.by" in missing()
        intake.save(story.id, {"form.kind": "自取"}, by=story.receiver, at=story.at)
        assert "form.by" not in missing()

    def test_draw_the_field_when_the_answer_is_chosen(
        self, story: Story, signed_in: Callable[[str], Client]
    ) -> None:
        client = signed_in("clerk.520103")
        page = f"/desk/receive/{story.case.number}/"
        assert 'name="form.by"' not in client.get(page).content.decode()
        answer = client.post(f"{page}save/", {"form.kind": "代取"}, headers={"HX-Request": "true"})
        assert 'name="form.by"' in answer.content.decode()
