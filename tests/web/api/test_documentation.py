"""The page that describes the API reads in the reader's language, without Chinese left in the English one (F7, H3)."""

import re

import pytest
from django.test import Client

from tests.web.api.program import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.article("F7", "H3")]
QUOTED = re.compile(r"<(code|pre)\b.*?</\1>", re.DOTALL)  # examples, addresses, names of fields


def page(language: str) -> str:
    return Client().get(f"{ROOT}/docs", headers={"Accept-Language": language}).content.decode()


def test_is_in_the_language_of_the_reader() -> None:
    chinese, english = page("zh-CN"), page("en")
    assert '<html lang="zh-hans">' in chinese and "<h1>通办接口</h1>" in chinese and "查办件" in chinese
    assert '<html lang="en">' in english and "<h1>Tongban API</h1>" in english and "Search cases" in english
    assert english.count("<article ") == chinese.count("<article ")


def test_leaves_no_chinese_in_english_but_examples() -> None:
    left = set(re.findall(r"[^<>\n]*[\u4e00-\u9fff][^<>\n]*", QUOTED.sub("", page("en"))))
    assert [text for text in left if "for example: " not in text] == []
