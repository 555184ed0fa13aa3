"""People find an item by the words they use every day, by pinyin, initials and number."""

import pytest

from tongban.catalogue import queries, search

# What people type → the item that must be among the first three.
EVERYDAY = {
    "驾照丢了": 14,
    "驾驶证丢了补办": 14,
    "驾照到期换证": 15,
    "行驶证丢了": 13,
    "车牌丢了": 12,
    "电子眼违章": 8,
    "查违章": 10,
    "驾照扣分查询": 11,
    "年检标志": 9,
    "无犯罪记录": 1,
    "户口本证明": 2,
    "毕业户口迁回老家": 5,
    "结婚迁户口": 6,
    "老人户口迁到子女家": 7,
    "上大学迁户口": 4,
    "准生证": 94,
    "生三胎": 95,
    "开小店办执照": 103,
    "个体户营业执照": 103,
    "注册公司": 97,
    "公司注销": 99,
    "营业执照丢了": 109,
    "退休取公积金": 74,
    "买房取公积金": 77,
    "公积金提前还贷": 79,
    "查公积金余额": 72,
    "补办社保卡": 50,
    "养老金认证": 32,
    "失业金": 35,
    "失业登记": 24,
    "社保缴费证明": 41,
    "残疾证丢了": 145,
    "医保转移": 124,
    "医保电子凭证": 121,
    "二手车过户": 91,
    "送快递许可": 132,
    "房屋抵押": 57,
    "查房产": 56,
    "公证毕业证": 19,
    "孤儿": 16,
    "执业药师换单位": 140,
    "zhunshengzheng": 94,
    "15": 15,
    "我的驾照找不到了怎么办": 14,
    "医院备案外地住院": 125,
    "考试档案转走": 53,
    "驾照遗失": 14,
    "驾驶本丢了": 14,
    "补驾照": 14,
    "换驾驶证": 15,
    "C1驾照过期": 15,
    "行车证丢失补办": 13,
    "车牌掉了": 12,
    "汽车年检标": 9,
    "交罚款": 8,
    "闯红灯罚款": 8,
    "没有犯罪证明": 1,
    "政审证明": 1,
    "户籍证明": 2,
    "调动工作迁户口": 3,
    "二胎登记": 94,
    "三胎": 95,
    "个体户注销": 105,
    "开公司": 97,
    "外商独资企业注册": 100,
    "改公司名字": 98,
    "执照丢失补办": 109,
    "摆摊执照": 103,
    "公积金退休": 74,
    "住房公积金余额": 72,
    "公积金贷款还清": 78,
    "社保卡挂失": 51,
    "电子社保卡": 34,
    "社保卡激活": 49,
    "退休年审": 32,
    "退休认证": 32,
    "领失业金": 35,
    "失业保险转移": 43,
    "退役军人养老": 31,
    "军人社保": 31,
    "残疾人两项补贴": 18,
    "换残疾证": 143,
    "残疾等级": 147,
    "新农合": 123,
    "合作医疗": 123,
    "异地就医": 125,
    "门诊报销": 126,
    "改医保信息": 122,
    "旧车过户": 91,
    "二手车": 91,
    "快递公司": 132,
    "邮票": 134,
    "采矿证延期": 67,
    "房子抵押登记": 57,
    "房产证查询": 56,
    "预售房": 55,
    "学历公证": 19,
    "司法考试证书": 22,
    "律师资格": 22,
    "档案": 53,
    "人事档案转移": 53,
    "大货车资格证丢了": 86,
    "客车司机资格证换证": 80,
    "医疗广告": 96,
    "义诊": 92,
    "电梯检验员": 110,
    "飞机安全员": 128,
    "butie": 18,
    "wufanzui": 1,
    "ershouche": 91,
}
# What may mean several items → one of these must be among the first three.
SEVERAL = {
    "合作社": {106, 107, 108},
    "gongjijin": {72, 73, 74, 75, 76, 77, 78, 79},
    "社保卡丢了": {51, 50},
    "社保转移": {26, 27, 28, 29, 30, 31},
    "jsz": {14, 15, 11, 21},
    "jiazhao": {14, 15, 11, 21},
    "shebaoka": {48, 49, 50, 51, 54},
    "sbk": {48, 49, 50, 51, 54},
    "残疾证": {142, 143, 144, 145, 146},
    "异地看病报销": {125, 126},
    "货车司机从业资格证": {85, 86, 90},
    "yyzz": {109, 97, 103},
    "工伤": {44, 45, 46, 47},
    "落户": {3, 4, 5, 6, 7},
    "计生证": {94, 95},
    "换法人": {98, 101},
    "开饭店": {103, 97},
    "gjj": {72, 73, 74, 75, 76, 77, 78, 79},
    "gongjijintiqu": {74, 77},
    "社保证明": {41, 42},
    "打印社保单": {25, 41},
    "农村养老保险转移": {27, 30},
    "跨省看病": {125, 126},
    "药店药师": {138, 139, 140, 141},
    "保健食品": {111, 116},
    "jiashizheng": {14, 15},
    "hukou": {2, 3, 4, 5, 6, 7},
    "hk": {3, 4, 5, 6, 7, 2},
    "社保ka": {48, 49, 50, 51, 54},
}


@pytest.mark.django_db
@pytest.mark.article("B1")
class TestFindItems:
    @pytest.mark.parametrize("words", EVERYDAY)
    def test_finds_the_item_that_is_meant(self, words: str) -> None:
        assert EVERYDAY[words] in [item.seq for item in queries.find_items(words, limit=3)]

    @pytest.mark.parametrize("words", SEVERAL)
    def test_finds_one_of_those_that_may_be_meant(self, words: str) -> None:
        assert SEVERAL[words] & {item.seq for item in queries.find_items(words, limit=3)}

    def test_finds_the_items_of_a_department(self) -> None:
        found = queries.find_items("邮政管理部门", limit=6)
        assert {item.lead_department for item in found} == {"邮政管理部门"}

    def test_finds_an_item_by_its_exact_name_first(self) -> None:
        for item in queries.find_items("", limit=148):
            assert queries.find_items(item.name, limit=1) == [item]

    def test_finds_nothing_in_what_means_nothing(self) -> None:
        assert queries.find_items("？！") == []
        assert queries.find_items("zzzzqqqq") == []

    def test_gives_the_list_in_its_order_for_nothing_typed(self) -> None:
        assert [item.seq for item in queries.find_items("  ", limit=5)] == [1, 2, 3, 4, 5]


class TestTerms:
    def test_cut_a_name_into_characters_pairs_syllables_and_initials(self) -> None:
        terms = set(search.terms_of("社保卡"))
        assert {"社", "社保", "保卡", "she", "shebaoka", "sbk"} <= terms

    def test_leave_out_words_that_everybody_types(self) -> None:
        assert "我" not in search.terms_of_query("我的驾照")
