"""Staff, their trainings and who is on duty as an Excel workbook: written, and read back all or nothing.

A post is known by account, role and window; what is not in the workbook stays as it is. Who is on duty on a day at a
window is what the workbook says of that day.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import hashers
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tongban.directory import places
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.kernel import worktime
from tongban.kernel.sheets import TAKE_BACK, Book, Column, Fault, Row, Sheet, act
from tongban.people import permissions, roster, staff
from tongban.people.actors import Actor
from tongban.people.models import Person, Post, RosterDay, Training
from tongban.people.roles import Role

STAFF = Sheet(
    "staff",
    "人员",
    (
        Column(
            "account", "账号", required=True, width=20, help="3 到 60 个字母、数字或者符号；新账号会自动建立"
        ),
        Column("name", "姓名", required=True, width=22),
        Column("phone", "电话", width=18),
        Column("role", "岗位", required=True, choices={r.value: r.label for r in (Role.CLERK, Role.LEAD)}),
        Column("window", "窗口编号", kind="integer", required=True, help="见导出的联络清单"),
        Column("window_name", "窗口名称", width=34, is_shown_only=True),
        Column("from_on", "任职日期", kind="date", required=True, help="例如 2026-11-23"),
        Column("until_on", "离任日期", kind="date", help="在任的不填"),
    ),
)
TRAININGS = Sheet(
    "trainings",
    "培训",
    (
        Column("account", "账号", required=True, width=20),
        Column("title", "培训内容", required=True, width=44),
        Column("passed_on", "完成日期", kind="date", required=True),
    ),
)
ROSTER = Sheet(
    "roster",
    "值班",
    (
        Column("window", "窗口编号", kind="integer", required=True, help="见导出的联络清单"),
        Column("window_name", "窗口名称", width=34, is_shown_only=True),
        Column("on", "日期", kind="date", required=True, help="今天以后的工作日，最远一年"),
        Column("account", "账号", required=True, width=20, help="一人一天一行；须是当天有本窗口岗位的人员"),
        Column("name", "姓名", width=22, is_shown_only=True),
        act(),
    ),
)
SHEETS = (STAFF, TRAININGS, ROSTER)
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一个岗位，不要合并单元格，不要用公式。",
    "账号、岗位、窗口编号都相同的行修改原有岗位，其余的是新增。没有列出的人、没有的列保持原样，不会删除；离任请填离任日期。",
    "“值班”表里列出的窗口和日期，值班人员以工作簿为准；没有列出的日期保持原样。",
    "不再值班的，在这一行的“操作”列选“撤销”：只撤下这个人；当天全部撤销的，这一天不再安排值班。",
    "导入后先显示将要作出的改动，有一处错误就全部不导入。新账号由本人按账号管理的办法设置密码后登录。",
)
PersonChanges = dict[str, Person]
Planned = Mapping[tuple[int, datetime.date], Mapping[str, Person]]


@dataclass
class Plan:
    """What a workbook would do: each change in words, every fault, and what is to be written."""

    changes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    same: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    new_people: PersonChanges = field(default_factory=dict)
    changed_people: PersonChanges = field(default_factory=dict)
    new_posts: list[Post] = field(default_factory=list)
    changed_posts: list[Post] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    roster: dict[tuple[int, datetime.date], list[Person]] = field(default_factory=dict)


def export(posts: QuerySet[Post], *, on: datetime.date) -> list[tuple[Sheet, Iterable[Mapping[str, Any]]]]:
    """Give the sheets of some posts, of the trainings of whoever holds them, and who is on duty from a day on."""
    rows = posts.select_related("person", "window").order_by("window__division_id", "id")
    lines = [
        {
            "account": p.person.account,
            "name": p.person.name,
            "phone": p.person.phone,
            "role": p.role,
            "window": p.window_id,
            "window_name": p.window.name if p.window else "",
            "from_on": p.valid_from_on,
            "until_on": p.valid_until_on,
        }
        for p in rows
    ]
    trainings = Training.objects.filter(person__in=posts.values("person_id")).select_related("person")
    learnt = [
        {"account": t.person.account, "title": t.title, "passed_on": t.passed_on}
        for t in trainings.order_by("person__account", "passed_on", "id")
    ]
    planned = RosterDay.objects.filter(window__in=posts.values("window_id"), on__gte=on)
    planned = planned.filter(person__in=posts.values("person_id")).select_related("person", "window")
    on_duty = [
        {
            "window": d.window_id,
            "window_name": d.window.name,
            "on": d.on,
            "account": d.person.account,
            "name": d.person.name,
        }
        for d in planned.order_by("window_id", "on", "person__account")
    ]
    return [(STAFF, lines), (TRAININGS, learnt), (ROSTER, on_duty)]


class _Planner:
    def __init__(self, book: Book, by: Actor, at: datetime.datetime) -> None:
        self.book, self.by = book, by
        self.today = at.astimezone(worktime.BEIJING).date()
        self.plan = Plan(faults=list(book.faults))
        accounts = {str(row.values["account"]) for rows in book.rows.values() for row in rows}
        self.people = {p.account: p for p in Person.objects.filter(account__in=accounts)}
        self.windows = {w.id: w for w in Window.objects.select_related("hall__authority")}
        held = Post.objects.filter(person__account__in=accounts).select_related("person", "window")
        self.posts = {(p.person.account, p.role, p.window_id): p for p in held}
        self.elsewhere = {p.person.account for p in self.posts.values() if not self._is_inside(p.window_id)}
        self.learnt = set(
            Training.objects.filter(person__account__in=accounts).values_list(
                "person__account", "title", "passed_on"
            )
        )
        self.seen: set[tuple[Any, ...]] = set()

    def _is_inside(self, window_id: int | None) -> bool:
        window = self.windows.get(window_id or 0)
        return window is not None and permissions.may_manage_area(self.by, window.hall.authority.division_id)

    def fault(self, sheet: Sheet, row: Row, key: str, what: str) -> None:
        titles = {column.key: column.title for column in sheet.columns}
        self.plan.faults.append(Fault(sheet.title, row.number, titles.get(key, ""), what))

    def once(self, sheet: Sheet, row: Row, *key: Any) -> bool:
        if (sheet.key, *key) in self.seen:
            self.fault(sheet, row, "account", _("与前面的一行重复"))
            return False
        self.seen.add((sheet.key, *key))
        return True

    def post(self, line: Row) -> None:
        said = line.values
        try:
            person = staff.clean_person(said)
        except staff.NotFilled as refusal:
            for name, what in refusal.fields.items():
                self.fault(STAFF, line, name, what)
            return
        window = self.windows.get(said["window"])
        if window is None or not self._is_inside(window.id):
            self.fault(STAFF, line, "window", _("您管理的地方没有这个编号的窗口"))
            return
        if person["account"] in self.elsewhere:
            self.fault(STAFF, line, "account", _("这个账号属于另一个地方的人员，或者不是窗口人员的账号"))
            return
        if said["until_on"] and said["until_on"] < said["from_on"]:
            self.fault(STAFF, line, "until_on", _("离任日期不能早于任职日期"))
            return
        if not self.once(STAFF, line, person["account"], said["role"], window.id):
            return
        is_same_person = self._person(line, person)
        is_same_post = self._post(line, person["account"], window)
        self.plan.same += is_same_person and is_same_post

    def _person(self, line: Row, values: Mapping[str, str]) -> bool:
        account = values["account"]
        known = self.people.get(account)
        if known is None:
            self.people[account] = self.plan.new_people[account] = Person(**values)
            self.plan.added += 1
            self.plan.changes.append(
                _("新增账号：{account} {name}").format(account=account, name=values["name"])
            )
            return False
        kept = {"account", *self.book.left_out(STAFF)}
        changed = {n: v for n, v in values.items() if n not in kept and v != getattr(known, n)}
        if not changed:
            return True
        if account in self.plan.changed_people or account in self.plan.new_people:
            self.fault(STAFF, line, "name", _("同一账号的姓名、电话与前面的一行不一致"))
            return False
        words = "；".join(
            f"{n} {getattr(known, k) or '—'} → {v or '—'}" for k, v in changed.items() if (n := _label(k))
        )
        for name, value in changed.items():
            setattr(known, name, value)
        self.plan.changed_people[account] = known
        self.plan.changed += 1
        self.plan.changes.append(f"{STAFF.title} {line.number}：{account}，{words}")
        return False

    def _post(self, line: Row, account: str, window: Window) -> bool:
        said = line.values
        held = self.posts.get((account, said["role"], window.id))
        until = said["until_on"]
        if held is not None and "until_on" in self.book.left_out(STAFF):
            until = held.valid_until_on
        dates = (said["from_on"], until)
        if held is not None and (held.valid_from_on, held.valid_until_on) == dates:
            return True
        name = self.people[account].name
        role = Role(said["role"]).label
        words = {"name": name, "role": role, "window": window.name}
        if held is None:
            if window.closed_at:
                self.fault(STAFF, line, "window", _("这个窗口已经撤销"))
                return False
            self.plan.new_posts.append(
                Post(
                    person=self.people[account],
                    role=said["role"],
                    window=window,
                    valid_from_on=dates[0],
                    valid_until_on=dates[1],
                )
            )
            self.plan.added += 1
            self.plan.changes.append(_("新增岗位：{name}，{role}，{window}").format(**words))
        else:
            held.valid_from_on, held.valid_until_on = dates
            self.plan.changed_posts.append(held)
            self.plan.changed += 1
            self.plan.changes.append(_("修改任职时间：{name}，{role}，{window}").format(**words))
        return False

    def training(self, line: Row) -> None:
        said = line.values
        account = str(said["account"])
        person = self.people.get(account)
        held = any(key[0] == account for key in self.posts) or account in self.plan.new_people
        if person is None or not held or account in self.elsewhere:
            self.fault(TRAININGS, line, "account", _("您管理的地方没有这个账号的窗口人员"))
        elif len(said["title"]) > 120:
            self.fault(TRAININGS, line, "title", _("最多 {limit} 个字").format(limit=120))
        elif said["passed_on"] > self.today:
            self.fault(TRAININGS, line, "passed_on", _("完成日期不能晚于今天"))
        elif self.once(TRAININGS, line, account, said["title"], said["passed_on"]):
            if (account, said["title"], said["passed_on"]) in self.learnt:
                self.plan.same += 1
                return
            self.plan.trainings.append(
                Training(person=person, title=said["title"], passed_on=said["passed_on"])
            )
            self.plan.added += 1
            self.plan.changes.append(
                _("新增培训：{name}，{title}").format(name=person.name, title=said["title"])
            )

    def roster(self) -> None:
        """Plan who is on duty: of each window and day that is named, the people named in place of what was planned.

        Where a day is named only to take people off, the others who were planned stay.
        """
        held = [*self.posts.values(), *self.plan.new_posts]
        known = self._planned()
        wanted: dict[tuple[int, datetime.date], list[Person]] = {}
        off: dict[tuple[int, datetime.date], set[str]] = {}
        for line in self.book.rows.get("roster", []):
            said = line.values
            window, account, on = self.windows.get(said["window"]), str(said["account"]), said["on"]
            if window is None or not self._is_inside(window.id) or window.closed_at:
                self.fault(ROSTER, line, "window", _("您管理的地方没有这个编号的窗口"))
            elif said["act"] == TAKE_BACK:
                if account not in known.get((window.id, on), ()):
                    self.fault(ROSTER, line, "act", _("这一天没有安排这个账号值班，没有可以撤销的"))
                elif self.once(ROSTER, line, window.id, on, account):
                    off.setdefault((window.id, on), set()).add(account)
            elif account in known.get((window.id, on), ()):  # what is planned already may always stay
                if self.once(ROSTER, line, window.id, on, account):
                    wanted.setdefault((window.id, on), []).append(self.people[account])
            elif not self.today <= on <= self.today + datetime.timedelta(days=roster.FURTHEST):
                self.fault(ROSTER, line, "on", _("请填写今天以后的日期，最远一年"))
            elif (idle := self._idle(window, on)) is not None:
                self.fault(ROSTER, line, "on", idle)
            elif not any(_holds(p, account, window.id, on) for p in held):
                self.fault(ROSTER, line, "account", _("这一天没有本窗口的岗位"))
            elif self.once(ROSTER, line, window.id, on, account):
                wanted.setdefault((window.id, on), []).append(self.people[account])
        for key, accounts in off.items():
            wanted.setdefault(key, [p for a, p in known[key].items() if a not in accounts])
        self._plan_days(wanted, known)

    def _idle(self, window: Window, on: datetime.date) -> str | None:
        try:
            day = directory.calendar_of(window.division_id).day(on)
        except worktime.NoCalendar as refusal:
            return refusal.message
        return None if day.working else _("不是工作日：{reason}").format(reason=day.reason)

    def _planned(self) -> Planned:
        """Give who is planned at the windows that the workbook names, by window and day, and by account."""
        windows = {row.values["window"] for row in self.book.rows.get("roster", [])}
        rows = RosterDay.objects.filter(window_id__in=windows, on__gte=self.today)
        known: dict[tuple[int, datetime.date], dict[str, Person]] = {}
        for row in rows.select_related("person").order_by("person__account"):
            known.setdefault((row.window_id, row.on), {})[row.person.account] = row.person
        return known

    def _plan_days(self, wanted: Mapping[tuple[int, datetime.date], list[Person]], known: Planned) -> None:
        for key, people in wanted.items():
            before = known.get(key, {})
            wanted_accounts = {p.account for p in people}
            if wanted_accounts == before.keys():
                self.plan.same += len(people)
                continue
            self.plan.roster[key] = people
            gone = "、".join(p.name for account, p in before.items() if account not in wanted_accounts)
            words = {
                "window": self.windows[key[0]].name,
                "on": key[1].isoformat(),
                "names": "、".join(p.name for p in people) or _("无人"),
                "gone": gone,
            }
            if not gone:
                self.plan.changed += 1
                self.plan.changes.append(_("{window}{on}值班：{names}").format(**words))
                continue
            # Said before what is added and changed: of many changes only the first are shown.
            said = _("{window}{on}值班：{names}；撤下：{gone}").format(**words)
            self.plan.changes.insert(self.plan.removed, said)
            self.plan.removed += 1


def _holds(post: Post, account: str, window_id: int, on: datetime.date) -> bool:
    begins, ends = post.valid_from_on, post.valid_until_on
    is_then = begins <= on and (ends is None or on < ends)
    return post.person.account == account and post.window_id == window_id and is_then


def _label(name: str) -> str:
    return {"name": _("姓名"), "phone": _("电话")}[name]


def plan(book: Book, *, by: Actor, at: datetime.datetime) -> Plan:
    """Hold a workbook against the staff of somebody's area; nothing is written."""
    planner = _Planner(book, by, at)
    for line in book.rows.get("staff", []):
        planner.post(line)
    for line in book.rows.get("trainings", []):
        planner.training(line)
    planner.roster()
    return planner.plan


def apply(wanted: Plan, *, digest: bytes, code: str, who: places.Who, at: datetime.datetime) -> None:
    """Write what a plan without faults wants, in the open transaction, with one entry in the journal."""
    assert not wanted.faults
    for person in wanted.new_people.values():
        person.password = hashers.make_password(None)
    Person.objects.bulk_create(list(wanted.new_people.values()), batch_size=1000)
    Person.objects.bulk_update(list(wanted.changed_people.values()), ["name", "phone"], batch_size=500)
    Post.objects.bulk_create(wanted.new_posts, batch_size=1000)
    Post.objects.bulk_update(wanted.changed_posts, ["valid_from_on", "valid_until_on"], batch_size=500)
    Training.objects.bulk_create(wanted.trainings, batch_size=1000)
    for (window_id, on), people in wanted.roster.items():
        RosterDay.objects.filter(window_id=window_id, on=on).delete()
        RosterDay.objects.bulk_create(RosterDay(window_id=window_id, on=on, person=p) for p in people)
    payload = {
        "file": digest.hex(),
        "added": wanted.added,
        "changed": wanted.changed,
        "removed": wanted.removed,
        "what": wanted.changes[:500],
    }
    places.note("staff_imported", code=code, who=who, at=at, payload=payload, article=staff.ARTICLE)
