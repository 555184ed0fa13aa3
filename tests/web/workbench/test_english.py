"""The workbench in English: what the product says is English; what people and places are called stays as it is."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from tests.stories import Story

_HAN = re.compile(r"[\u4e00-\u9fff]+")
_TAGS = re.compile(r"<[^>]*>")
# What the product would say of its own accord: labels, states, verdicts, dates, the days of the week.
_OURS = re.compile(
    r"合格|需补正|居民身份证|自然人|申请材料|听证|受理|准予|不予|窗口人员|负责人|摄像头|当面签收|还差|\d年\d|第.条|^[一二三四五六日]$"
)


@pytest.fixture
def english(signed_in: Callable[[str], Client]) -> Client:
    client = signed_in("clerk.510100")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


class TestEnglish:
    def test_leaves_no_word_of_our_own_in_chinese(self, story: Story, english: Client) -> None:
        number = story.lead_to("suspended").case.number
        story.do("resume").do("refuse")
        for address in (f"cases/{number}/", "", "incoming/", "search/", "window/", "calendar/"):
            text = _TAGS.sub("\n", english.get(f"/desk/{address}").content.decode().split("<main", 1)[1])
            lines = [line.strip() for line in text.splitlines() if _HAN.search(line)]
            data = ("机动车驾驶证", "身份证明", "条件证明", "“跨省通办”窗口", "示例", "国务院", "政务服务")
            ours = [x for x in lines if _OURS.search(x) and not any(word in x for word in data)]
            assert not ours, f"{address}: {ours}"
