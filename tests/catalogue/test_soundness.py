"""What a standard may not say, each with its sentence at its input."""

from typing import Any

import pytest

from tests.catalogue.drafting import content, material
from tongban.catalogue import soundness, standards

USCC, BASE = "91350100M000100Y43", "000115001000"
TWO = [{"key": "a", "name": "本人"}, {"key": "b", "name": "委托"}]
ASKED = {"key": "q1", "text": "谁来办？", "answers": [{"text": "本人", "to": "circumstance:a"}]}


def question(*leads: str, key: str = "q1") -> dict[str, Any]:
    return {"key": key, "text": "谁来办？", "answers": [{"text": f"答{to}", "to": to} for to in leads]}


def field(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "type": "text", **more}


CHOICE = field("kind", type="choice", choices=["甲", "乙"])


class TestFaults:
    @pytest.mark.article("B2")
    def test_a_sound_standard_has_none(self) -> None:
        said = content(
            circumstance=TWO,
            question=[question("circumstance:a", "circumstance:b")],
            field=[
                CHOICE,
                field("why", when={"field": "kind", "values": ["乙"]}),
                field("true", type="choice", choices=["属实"]),  # a declaration
            ],
            codes={
                "base": BASE,
                "implementing": f"{USCC}2{BASE}",
                "procedure": f"{USCC}2{BASE}01",
                "local": "川-1",
            },
            modes=["collected"],
            delivery=["post"],
        )
        assert soundness.faults(said, stage=2) == {}

    @pytest.mark.article("B2", "B4")
    @pytest.mark.parametrize(
        ("changes", "where", "sentence"),
        [
            ({"promised_limit": 21}, "promised_limit", "不能长于法定时限"),
            ({"legal_limit": "二十"}, "legal_limit", "工作日数"),
            ({"legal_limit": -1}, "legal_limit", "工作日数"),
            ({"material": []}, "material", "至少要列出一份"),
            ({"material": [material("a", "甲"), material("b", "甲")]}, "material.1.name", "重复"),
            ({"material": [material("a", "甲"), material("a", "乙")]}, "material.1.name", "重复"),
            ({"material": [material("a", "")]}, "material.0.name", "请填写材料名称"),
            ({"material": [material("a", "甲", originals=0)]}, "material.0.originals", "不能都是 0"),
            ({"material": [material("a", "甲", copies="x")]}, "material.0.copies", "0 到 99"),
            ({"material": [material("a", "甲", review_points=[])]}, "material.0.review_points", "审查要点"),
            ({"material": [material("a", "甲", only_for=["z"])]}, "material.0.only_for", "已经删除"),
            (
                {"circumstance": TWO, "material": [material("a", "甲", only_for=["a"])]},
                "circumstance.1.name",
                "情形“委托”没有任何材料",
            ),
            ({"circumstance": [TWO[0], TWO[0]]}, "circumstance.1.name", "重复"),
            ({"circumstance": TWO, "question": [question("circumstance:a")]}, "question.0.text", "两个回答"),
            (
                {"circumstance": TWO, "question": [question("circumstance:a", "circumstance:a")]},
                "question.0.answers.1.to",
                "另一个回答",
            ),
            (
                {"circumstance": TWO, "question": [question("circumstance:a", "question:q1")]},
                "question.0.answers.1.to",
                "绕回来",
            ),
            (
                {"circumstance": TWO, "question": [question("circumstance:a", "circumstance:z")]},
                "question.0.answers.1.to",
                "请选择",
            ),
            ({"field": [field("a", type="choice", choices=[])]}, "field.0.choices", "一个选项"),
            ({"field": [field("a", type="picture")]}, "field.0.type", "选项中选择"),
            (
                {"field": [field("a", when={"field": "kind", "values": ["甲"]}), CHOICE]},
                "field.0.when.field",
                "排在前面的单选项",
            ),
            (
                {"field": [CHOICE, field("a", when={"field": "kind", "values": ["丙"]})]},
                "field.1.when.values",
                "选项之一",
            ),
            ({"codes": {"base": "123"}}, "codes.base", "应为 12 位"),
            ({"codes": {"implementing": "1" * 30}}, "codes.implementing", "应为 31 位"),
            ({"codes": {"implementing": "1" * 31}}, "codes.implementing", "统一社会信用代码"),
            (
                {"codes": {"base": "9" * 12, "implementing": f"{USCC}2{BASE}"}},
                "codes.implementing",
                "基本编码相同",
            ),
            ({"codes": {"procedure": "1" * 31}}, "codes.procedure", "应为 33 位"),
            ({"guide": {"url": "ftp//x"}}, "guide.url", "完整的网址"),
            ({"legal_basis": [{"title": ""}]}, "legal_basis.0.title", "法律依据"),
            ({"modes": ["teleport"]}, "modes", "选项中选择"),
        ],
    )
    def test_names_what_cannot_be(self, changes: dict[str, Any], where: str, sentence: str) -> None:
        found = soundness.faults(content(**changes), stage=2)
        assert sentence in found[where]

    def test_a_guide_needs_its_address_and_no_material(self) -> None:
        found = soundness.faults(content(material=[]), stage=1)
        assert set(found) == {"guide.url"}


class TestDecisionList:
    @pytest.mark.article("B2")
    def test_leads_by_questions_to_circumstances_and_their_materials(self) -> None:
        said = content(
            circumstance=[*TWO, {"key": "c", "name": "单位"}],
            question=[
                question("circumstance:a", "question:q2"),
                question("circumstance:b", "circumstance:c", key="q2"),
            ],
            material=[material("m", "申请表"), material("n", "委托书", only_for=["b"])],
        )
        assert soundness.faults(said, stage=2) == {}
        standard = standards.parse(said)
        assert standard.question
        first, second = standard.question.answers
        assert first.circumstance == "a"
        assert second.question
        assert [a.circumstance for a in second.question.answers] == ["b", "c"]
        assert [m.key for m in standard.materials_for("b")] == ["m", "n"]
        assert [m.key for m in standard.materials_for("c")] == ["m"]
