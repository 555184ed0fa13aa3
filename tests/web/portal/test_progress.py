"""Progress for whoever holds the number and the last four: true, plain, and silent about everything else."""

import pytest
from django.test import Client

from tests.stories import IDENTITY, Story
from tongban.cases import progress
from tongban.kernel import ids

pytestmark = [pytest.mark.django_db, pytest.mark.article("F1", "C10")]
TAIL = IDENTITY[-4:]


def ask(client: Client, number: str, tail: str) -> tuple[int, str]:
    answer = client.post("/progress/", {"number": number, "tail": tail})
    return answer.status_code, answer.content.decode()


class TestProgress:
    def test_says_who_has_the_case_until_when_and_what_to_do(self, client: Client, story: Story) -> None:
        story.lead_to("arrived")
        status, text = ask(client, story.case.number, TAIL.lower())
        assert status == 200
        assert f"材料已到{story.case.home_window}" in text
        assert "您现在不用做什么" in text
        assert "为什么是这一天" in text

    def test_tells_what_to_bring_back_by_when(self, client: Client, story: Story) -> None:
        story.lead_to("correction")
        assert "按一次性告知书补齐材料" in ask(client, story.case.number, TAIL)[1]

    def test_reveals_neither_name_nor_matter_nor_identity(self, client: Client, story: Story) -> None:
        story.lead_to("approval")
        text = ask(client, story.case.number, TAIL)[1]
        private = (
            "测试甲",
            IDENTITY,
            "13800000000",
            "示例路",
            "驾驶证",
            story.case.applicant.identity_masked,
        )
        assert not [word for word in private if word in text]

    def test_answers_a_wrong_number_like_wrong_characters(self, client: Client, story: Story) -> None:
        story.lead_to("arrived")
        nobody = ids.number_of(ids.new_id(story.at))
        answers = [
            client.post("/progress/", {"number": number, "tail": tail})
            for number, tail in ((story.case.number, "0000"), (nobody, TAIL), ("没有这个", TAIL))
        ]
        assert {a.status_code for a in answers} == {404}
        assert {a.context["refusal"].message for a in answers} == {progress.NotFound().message}

    def test_of_a_draft_without_identity_is_not_there(self, client: Client, story: Story) -> None:
        story.open()
        for tail in ("0000", "NONE"):
            assert ask(client, story.case.number, tail)[0] == 404
        with pytest.raises(progress.NotFound):
            progress.find(story.case.number, "\0\0\0\0")

    def test_keeps_what_was_typed_and_says_what_is_missing(self, client: Client) -> None:
        status, text = ask(client, "AAAA-AAAA-AAAA", "12")
        assert status == 422
        assert 'value="AAAA-AAAA-AAAA"' in text
        assert "请填写证件号码的最后四位" in text

    @pytest.mark.article("S1")
    def test_ends_guessing_about_one_number_whatever_way_it_is_written(
        self, client: Client, story: Story
    ) -> None:
        story.lead_to("arrived")
        number = story.case.number
        for n in range(progress.BY_NUMBER.tries):
            written = number.lower().replace("-", "") if n % 2 else number
            assert (
                client.post(
                    "/progress/", {"number": written, "tail": f"{n:04d}"}, REMOTE_ADDR=f"10.0.0.{n}"
                ).status_code
                == 404
            )
        assert ask(client, number, TAIL)[0] == 429

    @pytest.mark.article("S1")
    def test_ends_guessing_from_one_address(self, client: Client) -> None:
        for n in range(progress.BY_ADDRESS.tries):
            assert ask(client, f"wrong-{n}", "0000")[0] in (404, 429)
        assert ask(client, "AAAA-AAAA-AAAA", "0000")[0] == 429


class TestApi:
    def test_tells_programs_the_same(self, client: Client, story: Story) -> None:
        story.lead_to("arrived")
        sent = {"number": story.case.number, "tail": TAIL}
        said = client.post("/api/v1/progress", sent, content_type="application/json").json()
        assert said["state"] == "arrived"
        assert said["to_do"] == "您现在不用做什么。"
        assert set(said) == {
            *("number", "state", "state_name", "sentence", "is_over", "since_at", "due_at", "to_do"),
            *("ask", "phone"),
        }
        wrong = client.post("/api/v1/progress", sent | {"tail": "0000"}, content_type="application/json")
        assert wrong.status_code == 404
