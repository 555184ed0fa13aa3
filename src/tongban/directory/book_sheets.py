"""The sheets of the workbook of places: their columns, and what its instructions say."""

from tongban.directory.models import Host, Level, WindowKind
from tongban.kernel.sheets import Column, Sheet, act

_CODE = "区划代码"
DIVISIONS = Sheet(
    "divisions",
    "区划",
    (
        Column("code", _CODE, required=True, help="12 位数字"),
        Column("name", "名称", required=True, width=24),
        Column("level", "层级", required=True, choices=dict(Level.choices)),
        Column("parent", "上级代码", help="省级不填"),
        Column("valid_from_on", "启用日期", kind="date"),
        Column("valid_until_on", "停用日期", kind="date"),
        Column("successor", "承继代码", help="撤并之后由哪里承接"),
    ),
)
AUTHORITIES = Sheet(
    "authorities",
    "机构",
    (
        Column("code", _CODE, required=True, help="每个区划一个政务服务管理机构"),
        Column("name", "机构名称", required=True, width=34),
        Column("phone", "电话", required=True, width=20),
        Column("place", "区划", width=30, is_shown_only=True),
    ),
)
HALLS = Sheet(
    "halls",
    "大厅",
    (
        Column("id", "编号", kind="integer", help="新增的不填"),
        Column("code", _CODE, required=True, help="管理机构的区划代码"),
        Column("name", "大厅名称", required=True, width=34),
        Column("address", "大厅地址", required=True, width=44),
    ),
)
WINDOWS = Sheet(
    "windows",
    "窗口",
    (
        Column("id", "编号", kind="integer", help="新增的不填"),
        Column("code", _CODE, required=True, help="管理机构的区划代码"),
        Column(
            "hall", "大厅名称", required=True, width=30, help="与“大厅”表一致；网点填指导监督窗口所在的大厅"
        ),
        Column("kind", "类别", required=True, choices=dict(WindowKind.choices)),
        Column("host", "依托", width=24, choices=dict(Host.choices), help="网点必填"),
        Column("division", "网点区划代码", help="网点在乡镇、街道、村的填，不填为机构所在区划"),
        Column("supervisor", "指导监督窗口", width=30, help="网点必填：同一大厅的窗口名称"),
        Column("name", "窗口名称", required=True, width=34),
        Column("contact_name", "联系人"),
        Column("phone", "电话", required=True, width=20),
        Column("email", "电子邮箱", width=26, help="公众看得到，例如 window@example.gov.cn"),
        Column("address", "邮寄地址", required=True, width=44),
        Column("postcode", "邮编"),
        Column("latitude", "纬度", help="十进制度数，例如 26.64702"),
        Column("longitude", "经度", help="例如 106.63024"),
        Column("opens_at", "上班", kind="time", required=True, help="例如 09:00"),
        Column("break_from_at", "午休开始", kind="time"),
        Column("break_until_at", "午休结束", kind="time"),
        Column("closes_at", "下班", kind="time", required=True),
        Column("status", "状态", is_shown_only=True),
    ),
)
DAYS = Sheet(
    "days",
    "特殊日期",
    (
        Column("id", "窗口编号", kind="integer", required=True, help="见“窗口”表；新增的窗口导入后才有编号"),
        Column("name", "窗口名称", width=34, is_shown_only=True),
        Column("on", "日期", kind="date", required=True, help="今天或者以后，例如 2026-11-23"),
        Column("opens_at", "上班", kind="time", help="上班、下班都不填：全天不办公"),
        Column("closes_at", "下班", kind="time"),
        Column("reason", "原因", width=34, help="撤销的可以不填，其余必填；公众看得到"),
        act(),
    ),
)
SHEETS = (DIVISIONS, AUTHORITIES, HALLS, WINDOWS, DAYS)
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一个，不要合并单元格，不要用公式。",
    "带编号的行修改原有内容；没有编号而名称相同的，也是修改；其余的是新增。没有列出的行、没有的列保持原样，不会删除。",
    "“特殊日期”里的安排不再需要的，在这一行的“操作”列选“撤销”，当天恢复平常的办公时间；只把这一行删掉，安排还在。",
    "导入后先显示将要作出的改动，有一处错误就全部不导入。省级发布新版联络清单之后，改动才对公众生效。",
)
