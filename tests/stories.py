"""Lead a case to any state by the product's own operations, the way people would."""

import datetime
from typing import Any, Self

from tests import pictures
from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.operations import (
    acceptance,
    approval,
    helping,
    intake,
    off_list,
    online,
    result,
    transfer,
    windows,
)
from tongban.cases.states import WRITTEN_ONLINE, Mode, State
from tongban.catalogue import standards
from tongban.catalogue.models import Procedure
from tongban.notices import online as notices
from tongban.people import applicants, identity
from tongban.people import queries as people
from tongban.people.actors import SYSTEM, Actor
from tongban.people.models import Applicant, Enterprise, Person, RealName

HOME = "510107000000"  # 武侯区; the procedure's level makes it Chengdu's window
DECIDING = "510100000000"  # 成都市, which decides it
PROCEDURE = "015-1"
OFF_LIST = "补办独生子女父母光荣证"
IDENTITY = "11010519491231002X"
WAYBILL = "1234567890123"


def actor(account: str) -> Actor:
    """Give a practice account as somebody who acts."""
    return people.actor_of(Person.objects.get(account=account), on=datetime.date(2026, 3, 2))


def applicant(account: str = "applicant.1", *, party: str = "") -> Actor:
    """Give a practice applicant as somebody who acts, known by the keys that the test uses; `party`: for whom."""
    at = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
    person = Person.objects.get(account=account)
    sample = next(s for s in applicants.SAMPLES if s.account == account)
    Applicant.objects.filter(person=person).update(level=RealName.PHONE, identity_digest=b"")
    applicants.prove(person.pk, name=sample.name, number=sample.number, how="practice", at=at)
    applicants.hold_phone(person.pk, phone=sample.phone)
    code, _name = applicants.SAMPLE_ENTERPRISE
    Enterprise.objects.filter(code=code).update(code_digest=identity.digest(code))
    by = people.actor_of(Person.objects.get(pk=person.pk), on=at.date())
    return by.acting_for(party) if party else by


def account_of_the_applicant(
    *, at: datetime.datetime, email: str = "", language: str = "zh-hans", number: str = IDENTITY
) -> Applicant:
    """Give an account of their own to whom the cases of a `Story` name; without a number nobody has checked who."""
    row = applicants.make(phone="13711112222", at=at)
    applicants.choose_language(row.person_id, language)
    if email:
        applicants.hold_email(row.person_id, email=email, at=at)
    if number:
        applicants.prove(row.person_id, name="测试甲", number=number, how="oidc", at=at)
    return applicants.of(row.person_id)


class Story:
    """One case and the people around it; each step takes an hour."""

    def __init__(
        self,
        *,
        at: datetime.datetime,
        receiver: str = "clerk.520103",
        home: str = "clerk.510100",
        approver: str = "approver.510100",
        channel: str = "online",
        procedure: str = PROCEDURE,
        home_code: str = HOME,
    ) -> None:
        self.at = at
        self.receiver = actor(receiver)
        self.home = actor(home)
        self.approver = actor(approver)
        self.applicant = actor("applicant.1")
        self.code = ""
        self.channel = channel
        self.procedure = procedure
        self.home_code = home_code
        self.id = 0

    @property
    def case(self) -> Case:
        """The case as it is in the database now."""
        return Case.objects.select_related(
            "receiving_window", "home_window", "procedure__item", "applicant"
        ).get(id=self.id)

    def _tick(self) -> datetime.datetime:
        self.at += datetime.timedelta(hours=1)
        return self.at

    def open(self) -> Self:
        self.id = intake.open_case(by=self.receiver, at=self.at).id
        return self

    def fill(self, **changes: Any) -> Self:
        """Enter applicant, matter, place, form and delivery; the papers stay unmarked."""
        by, at = self.receiver, self.at
        procedure = Procedure.objects.get(key=self.procedure)
        intake.choose(self.id, procedure_id=procedure.id, home_code=self.home_code, by=by, at=at)
        standard = standards.of(self.case.standard)
        if standard.circumstances:
            intake.choose(self.id, circumstance=standard.circumstances[0].key, by=by, at=at)
        asked = [f for f in standard.fields_for(self.case.circumstance) if f.type != "file"]
        answers = {f"form.{f.key}": _answer(f) for f in asked}
        values = {
            "name": "测试甲",
            "identity": IDENTITY,
            "phone": "13800000000",
            "contact_name": "测试甲",
            "is_identity_checked": True,
            "channel": self.channel,
            "delivery_way": "post",
            "delivery_address": "贵州省贵阳市云岩区示例路1号",
            **answers,
            **changes,
        }
        for name, value in values.items():
            intake.save(self.id, {name: value}, by=by, at=at)
        return self

    def pass_all(self) -> Self:
        """Find every paper in order."""
        for material in queries.materials_of(self.id):
            intake.mark_material(self.id, key=material.key, verdict="passed", by=self.receiver, at=self.at)
        return self

    def fault(self, advice: str = "身份证明复印件不清晰，请重新复印") -> Self:
        """Find every paper in order but the first."""
        self.pass_all()
        first = queries.materials_of(self.id)[0]
        intake.mark_material(
            self.id, key=first.key, verdict="to_correct", advice=advice, by=self.receiver, at=self.at
        )
        return self

    def scan_all(self) -> Self:
        """Scan every paper in order that has no scan yet."""
        scanned = {s.material_id for s in queries.scans_of(self.id)}
        for material in queries.materials_of(self.id):
            if material.verdict == "passed" and material.id not in scanned:
                intake.add_scan(
                    self.id,
                    key=material.key,
                    data=pictures.sheet(),
                    name="扫描.png",
                    by=self.receiver,
                    at=self.at,
                )
        return self

    def found(self, *, wrong: str = "") -> list[dict[str, Any]]:
        """What the home window finds: everything, or the first sheet `missing`, `damaged`."""
        under_way = [t for t in queries.transfers_of(self.id) if t.arrived_at is None]
        if not under_way:
            return []
        rows = [{"key": s["key"], "finding": "ok", **_counts(s)} for s in under_way[-1].sheets]
        if wrong:
            rows[0]["finding"] = wrong
        return rows

    def too_late(self) -> datetime.datetime:
        """Let the time of whoever has the turn run out; gives the moment after it."""
        due_at = max(
            (d.due_at for d in queries.duties_of(self.id) if d.is_turn and d.due_at), default=self.at
        )
        self.at = max(self.at, due_at + datetime.timedelta(minutes=1))
        return self.at

    def lead_to(self, state: str) -> Self:
        """Take the shortest lawful way from nothing to a state."""
        for step in self.ways()[State(state)]:
            self.do(step)
        assert self.case.state == state, f"{self.case.state} instead of {state}"
        return self

    def ways(self) -> "dict[State, list[str]]":
        """The shortest lawful way to each state that a case of this kind can be in."""
        return WAYS

    def do(self, step: str, **more: Any) -> Self:
        """Take one step with sensible values."""
        if step == "open":
            return self.open().fill()
        if step in ("receive", "ask_correction"):
            (self.pass_all if step == "receive" else self.fault)()
        if step in ("receive", "send", "send_with_paper") and self.case.channel != "post":
            self.scan_all()
        DO[step](self, self._tick(), **more)
        return self


class Online(Story):
    """One application that is written online, and the people around it."""

    def __init__(self, *, at: datetime.datetime, person: str = "applicant.1", party: str = "", **more: Any):
        super().__init__(at=at, **more)
        self.applicant = applicant(person, party=party)

    def ways(self) -> "dict[State, list[str]]":
        return ONLINE_WAYS

    def start(self) -> Self:
        procedure = Procedure.objects.get(key=self.procedure)
        made = online.start(
            procedure_id=procedure.id, home_code=self.home_code, by=self.applicant, at=self.at
        )
        self.id = made.id
        return self

    def write(self, **changes: Any) -> Self:
        """Answer everything and upload one file for every paper."""
        by, at = self.applicant, self.at
        standard = standards.of(self.case.standard)
        if standard.circumstances:
            online.choose(self.id, circumstance=standard.circumstances[0].key, by=by, at=at)
        answers = {f"form.{f.key}": _answer(f) for f in standard.fields_for(self.case.circumstance)}
        address = {"delivery_address": "贵州省贵阳市云岩区示例路1号"}
        online.save(self.id, {**answers, **address, **changes}, by=by, at=at)
        return self.upload()

    def upload(self, *keys: str) -> Self:
        """Upload a file for the papers named, else for each that has none."""
        there = {s.material_id for s in queries.scans_of(self.id)}
        for material in queries.materials_of(self.id):
            if material.key in keys or (not keys and material.id not in there):
                online.add_scan(
                    self.id,
                    key=material.key,
                    data=pictures.sheet(),
                    name="照片.png",
                    by=self.applicant,
                    at=self.at,
                )
        return self

    def do(self, step: str, **more: Any) -> Self:
        if step == "start":
            return self.start().write()
        if step == "send_correction":
            self._tick()
            self.upload(*[key for key in _named(self) if not key.startswith("form.")])
        if step == "begin_help" and self.case.state in WRITTEN_ONLINE and not self.case.helper_id:
            self.code = helping.make_code(self.id, by=self.applicant, at=self.at)
            self.at -= datetime.timedelta(minutes=45)  # the hour of a step is longer than a code lasts
        return super().do(step, **more)


def _named(story: Story) -> list[str]:
    notice = online.standing_notice(story.case)
    return list(online.named_by(notice)) if notice else []


def _counts(sheet: dict[str, Any]) -> dict[str, int]:
    return {"originals": sheet["originals"], "copies": sheet["copies"]}


def _answer(field: Any) -> str:
    samples = {
        "number": "1",
        "date": "2026-01-15",
        "identity_number": IDENTITY,
        "credit_code": "91350100M000100Y43",
        "phone": "13800000000",
        "address": "520103000000 示例路1号",
    }
    if field.type == "choice":
        return str(field.choices[0])
    return samples.get(field.type, "示例内容")


def _items(story: Story) -> list[dict[str, str]]:
    first = queries.materials_of(story.id)[0]
    return [{"key": first.key, "advice": "请补交清晰的复印件"}]


DO: dict[str, Any] = {
    "ask_correction": lambda s, at: intake.ask_correction(s.id, days=10, by=s.receiver, at=at),
    "bring_correction": lambda s, at: intake.bring_correction(s.id, by=s.receiver, at=at),
    "receive": lambda s, at: intake.receive(s.id, by=s.receiver, at=at),
    "withdraw_early": lambda s, at: intake.withdraw_early(s.id, reason="不办了", by=s.receiver, at=at),
    "lapse": lambda s, at: intake.lapse(s.id, by=SYSTEM, at=s.too_late()),
    "ask_off_list": lambda s, at: off_list.ask(
        s.id, matter=OFF_LIST, home_code=DECIDING, why="在外务工", by=s.receiver, at=at
    ),
    "consent_off_list": lambda s, at: off_list.consent(
        s.id,
        materials="身份证，原件1份，复印件1份\n申请书",
        legal_limit=20,
        promised_limit=5,
        by=s.home,
        at=at,
    ),
    "decline_off_list": lambda s, at: off_list.decline(s.id, words="须本人到场办理", by=s.home, at=at),
    "drop_off_list": lambda s, at: off_list.drop(s.id, by=s.receiver, at=at),
    "explain_off_list": lambda s, at: off_list.explain(
        s.id, matter=OFF_LIST, home_code=DECIDING, told="不在清单内，请到属地办理", by=s.receiver, at=at
    ),
    "choose_channel": lambda s, at: transfer.choose_channel(s.id, channel="post", by=s.receiver, at=at),
    "send": lambda s, at: transfer.send(
        s.id, waybill=WAYBILL if s.case.channel == "post" else "", by=s.receiver, at=at
    ),
    "send_with_paper": lambda s, at: transfer.send(s.id, by=s.receiver, at=at),
    "demand_paper": lambda s, at: transfer.demand_paper(s.id, by=s.home, at=at),
    "post_paper": lambda s, at: transfer.post_paper(s.id, waybill=WAYBILL, by=s.receiver, at=at),
    "confirm_paper": lambda s, at, wrong="": transfer.confirm_paper(
        s.id, found=s.found(wrong=wrong), by=s.home, at=at
    ),
    "confirm_arrival": lambda s, at, wrong="": transfer.confirm_arrival(
        s.id, found=s.found(wrong=wrong), by=s.home, at=at
    ),
    "answer_discrepancy": lambda s, at: transfer.answer_discrepancy(
        s.id, answer="已补寄", by=s.receiver, at=at
    ),
    "forward": lambda s, at, to="510700000000": transfer.forward(
        s.id, home_code=to, reason="不属本地", waybill=WAYBILL, by=s.home, at=at
    ),
    "return_case": lambda s, at: transfer.return_case(s.id, reason="申请表填写有误", by=s.home, at=at),
    "accept": lambda s, at: acceptance.accept(s.id, by=s.home, at=at),
    "ask_home_correction": lambda s, at: acceptance.ask_correction(
        s.id, items=_items(s), days=10, through_receiving=False, by=s.home, at=at
    ),
    "ask_online_correction": lambda s, at: acceptance.ask_online_correction(
        s.id, items=_items(s), days=10, by=s.home, at=at
    ),
    "ask_relayed_correction": lambda s, at: acceptance.ask_correction(
        s.id, items=_items(s), days=10, through_receiving=True, by=s.home, at=at
    ),
    "relay_correction": lambda s, at: acceptance.relay_correction(s.id, told_by="电话", by=s.receiver, at=at),
    "bring_to_receiving": lambda s, at: acceptance.bring_to_receiving(s.id, by=s.receiver, at=at),
    "bring_to_home": lambda s, at: acceptance.bring_to_home(s.id, by=s.home, at=at),
    "take_over": lambda s, at: windows.take_over(
        s.id, old_id=s.case.receiving_window_id, new_id=min(s.home.window_ids), ordered_by="测试", at=at
    ),
    "lapse_at_home": lambda s, at: acceptance.lapse_at_home(s.id, by=SYSTEM, at=s.too_late()),
    "decline": lambda s, at: acceptance.decline(s.id, reason="不属于本机关职权范围", by=s.home, at=at),
    "hand_off": lambda s, at: approval.hand_off(
        s.id,
        department_id=min(s.approver.department_ids),
        until_on=(at + datetime.timedelta(days=3)).date(),
        by=s.home,
        at=at,
    ),
    "give_opinion": lambda s, at: approval.give_opinion(s.id, opinion="同意", by=s.approver, at=at),
    "recall": lambda s, at: approval.recall(s.id, reason="自行办理", by=s.home, at=at),
    "suspend": lambda s, at: approval.suspend(
        s.id,
        reason="expert_review",
        note="需专家评审",
        expected_on=(at + datetime.timedelta(days=7)).date(),
        by=s.home,
        at=at,
    ),
    "resume": lambda s, at: approval.resume(s.id, by=s.home, at=at),
    "grant": lambda s, at: notices.grant(s.id, result_name="机动车驾驶证", by=s.home, at=at),
    "refuse": lambda s, at: notices.refuse(
        s.id, reason="不符合条件", remedies="可在60日内申请行政复议", by=s.home, at=at
    ),
    "tell_result": lambda s, at: result.tell(s.id, told_by="phone", by=s.home, at=at),
    "post_result": lambda s, at: result.post(s.id, waybill=WAYBILL, by=s.home, at=at),
    "offer_pickup": lambda s, at: result.offer_pickup(s.id, by=s.home, at=at),
    "send_result": lambda s, at: result.send_to_receiving(s.id, waybill=WAYBILL, by=s.home, at=at),
    "confirm_result_arrival": lambda s, at: result.confirm_arrival(s.id, by=s.receiver, at=at),
    "hand_over": lambda s, at: result.hand_over(s.id, received_by="测试甲", by=s.home, at=at),
    "hand_over_here": lambda s, at: result.hand_over(
        s.id, received_by="测试甲", here=True, by=s.receiver, at=at
    ),
    "confirm_delivery": lambda s, at: result.confirm_delivery(s.id, received_by="测试甲", by=s.home, at=at),
    "fail_delivery": lambda s, at: result.fail(s.id, reason="无人签收", by=s.home, at=at),
    "fail_delivery_here": lambda s, at: result.fail(s.id, reason="未寄达", here=True, by=s.receiver, at=at),
    "close": lambda s, at: result.close(s.id, by=s.home, at=at),
    "withdraw": lambda s, at: result.withdraw(s.id, reason="不办了", by=s.receiver, at=at),
    "withdraw_at_home": lambda s, at: result.withdraw(s.id, reason="不办了", by=s.home, at=at),
    "finish_return": lambda s, at: result.finish_return(s.id, how="当面退还", by=s.receiver, at=at),
    "finish_return_at_home": lambda s, at: result.finish_return(
        s.id, how="邮寄退还", at_home=True, by=s.home, at=at
    ),
    "submit": lambda s, at: notices.submit(s.id, by=s.applicant, at=at),
    "lapse_draft": lambda s, at: online.lapse_draft(s.id, by=SYSTEM, at=s.too_late()),
    "begin_help": lambda s, at: helping.begin(s.code, purpose="不会上传照片", by=s.receiver, at=at),
    "end_help": lambda s, at: helping.end(s.id, by=s.applicant, at=at),
    "send_correction": lambda s, at: online.send_correction(s.id, by=s.applicant, at=at),
    "lapse_online": lambda s, at: online.lapse_correction(s.id, by=SYSTEM, at=s.too_late()),
    "take_back": lambda s, at: online.take_back(s.id, reason="不办了", by=s.applicant, at=at),
    "forward_online": lambda s, at, to="510700000000": transfer.forward_online(
        s.id, home_code=to, reason="不属本地", by=s.home, at=at
    ),
    "decline_online": lambda s, at: notices.decline(s.id, reason="不属于本机关职权范围", by=s.home, at=at),
    "offer_online": lambda s, at: result.offer_online(s.id, by=s.home, at=at),
    "download": lambda s, at: online.download(s.id, by=s.applicant, at=at),
    "lapse_download": lambda s, at: online.lapse_download(s.id, by=SYSTEM, at=s.too_late()),
}

_RECEIVED = ["open", "receive"]
_TRANSFER = [*_RECEIVED, "send"]
_ARRIVED = [*_TRANSFER, "confirm_arrival"]
_APPROVAL = [*_ARRIVED, "accept"]
_DECIDED = [*_APPROVAL, "grant", "tell_result"]
WAYS: dict[State, list[str]] = {
    State.DRAFTING: ["open"],
    State.CORRECTION: ["open", "ask_correction"],
    State.RETURNED: [*_ARRIVED, "return_case"],
    State.RECEIVED: _RECEIVED,
    State.IN_TRANSFER: _TRANSFER,
    State.ARRIVED: _ARRIVED,
    State.RELAY: [*_ARRIVED, "ask_relayed_correction"],
    State.HOME_CORRECTION: [*_ARRIVED, "ask_home_correction"],
    State.APPROVAL: _APPROVAL,
    State.WITH_DEPARTMENT: [*_APPROVAL, "hand_off"],
    State.SUSPENDED: [*_APPROVAL, "suspend"],
    State.DECIDED: _DECIDED,
    State.DELIVERING: [*_DECIDED, "post_result"],
    State.RESULT_IN_TRANSFER: [*_DECIDED, "send_result"],
    State.PICKUP_HOME: [*_DECIDED, "offer_pickup"],
    State.PICKUP_RECEIVING: [*_DECIDED, "send_result", "confirm_result_arrival"],
    State.DELIVERY_FAILED: [*_DECIDED, "post_result", "fail_delivery"],
    State.DELIVERED: [*_DECIDED, "post_result", "confirm_delivery"],
    State.RETURNING_RECEIVING: [*_RECEIVED, "withdraw"],
    State.RETURNING_HOME: [*_ARRIVED, "decline"],
    State.CLOSED: [*_DECIDED, "post_result", "confirm_delivery", "close"],
    State.LAPSED: ["open", "ask_correction", "lapse"],
    State.WITHDRAWN: ["open", "withdraw_early"],
    State.EXPLAINED: ["open", "explain_off_list"],
}

_SENT = ["start", "submit"]
_ACCEPTED = [*_SENT, "accept"]
_GRANTED = [*_ACCEPTED, "grant"]
_OFFERED = [*_GRANTED, "offer_online"]
ONLINE_WAYS: dict[State, list[str]] = {
    State.FILLING: ["start"],
    State.ARRIVED: _SENT,
    State.HOME_CORRECTION: [*_SENT, "ask_online_correction"],
    State.APPROVAL: _ACCEPTED,
    State.WITH_DEPARTMENT: [*_ACCEPTED, "hand_off"],
    State.SUSPENDED: [*_ACCEPTED, "suspend"],
    State.DECIDED: _GRANTED,
    State.DOWNLOADABLE: _OFFERED,
    State.DELIVERING: [*_GRANTED, "tell_result", "post_result"],
    State.PICKUP_HOME: [*_GRANTED, "tell_result", "offer_pickup"],
    State.DELIVERY_FAILED: [*_OFFERED, "lapse_download"],
    State.DELIVERED: [*_OFFERED, "download"],
    State.CLOSED: [*_OFFERED, "download", "close"],
    State.LAPSED: [*_SENT, "ask_online_correction", "lapse_online"],
    State.WITHDRAWN: ["start", "take_back"],
    State.UNSENT: ["start", "lapse_draft"],
}


def begun(mode: str, *, at: datetime.datetime, channel: str = "online") -> Story:
    """Give a story of a mode, nothing in it yet."""
    return Online(at=at) if mode == Mode.ONLINE else Story(at=at, channel=channel)
