"""What characters sound like is the same from the small dictionary as from the large one of pypinyin."""

import json
import subprocess
import sys

import pytest

from tongban.catalogue import readings
from tongban.catalogue.models import Item, Procedure

# In a process of its own: here the large dictionary is gone once something was searched for.
_LARGE = """
import json, sys
from pypinyin import Style, lazy_pinyin
from pypinyin.phrases_dict import phrases_dict
texts = json.load(sys.stdin) + sorted(phrases_dict)[::7]
print(json.dumps([[text, lazy_pinyin(text, style=Style.NORMAL)] for text in texts]))
"""


@pytest.mark.article("B1")
def test_reads_every_name_and_phrase_as_the_large_one_does(db: None) -> None:
    from pypinyin import Style

    names = [*Item.objects.values_list("name", flat=True), *Procedure.objects.values_list("name", flat=True)]
    said = subprocess.run(
        [sys.executable, "-c", _LARGE], input=json.dumps(names), capture_output=True, text=True, check=True
    )
    large = json.loads(said.stdout)
    assert len(large) > 6000
    read = readings.reader()
    assert "pypinyin.phrases_dict" not in sys.modules, "the large one is still held"
    assert [[text, read(text, style=Style.NORMAL)] for text, _sounds in large] == large
    assert (
        read("机动车行驶证", style=Style.NORMAL)[3] == "xing"
        and read("银行", style=Style.NORMAL)[1] == "hang"
    )


def test_knows_what_phrases_begin_with() -> None:
    beginnings = readings.Beginnings(["银行", "行驶证", "行李"])
    assert "行" in beginnings and "行驶" in beginnings and "银行" in beginnings
    assert "驶" not in beginnings and "银行卡" not in beginnings
