"""What each role may do: one table, read by pages, API, exports and tests; the docs print it.

An act is `object.verb`. Who may do it is decided by role; for whom, by the place and department of the post.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from anju.core.standards.model import Title

Level = Literal["household", "building", "grid", "community", "street", "unit", "prefecture", "above"]

ACTS: dict[str, Title] = {
    "situation.see": Title("see the situation of a place", "查看总览"),
    "standards.see": Title("read standards and their attainment", "查看标准与落实情况"),
    "households.search": Title("search households", "查询家庭"),
    "household.see": Title("open a family's page", "查看家庭档案"),
    "person.reveal": Title("reveal a masked number, with a reason", "说明理由后查看完整证件号"),
    "looks.see": Title("see who looked at a person", "查看谁看过"),
    "health.see": Title("see health, disability and child-protection facts", "查看健康、残疾与儿童保护信息"),
    "alerts.see": Title("see alerts", "查看预警线索"),
    "alerts.acknowledge": Title("take an alert on", "认领预警线索"),
    "alerts.mute": Title("put reminders off", "暂缓提醒"),
    "alerts.release": Title("release a baseline into the queues", "下发存量"),
    "cases.see": Title("see cases", "查看帮扶事项"),
    "cases.assign": Title("put a case into somebody's hands", "交办"),
    "cases.verify": Title("record what was found on the spot", "核查"),
    "cases.judge": Title("judge what a case is, and its level", "研判"),
    "cases.handle": Title("plan and carry out measures, feed back", "处置与反馈"),
    "cases.sign": Title("sign feedback, or return it", "签字或退回"),
    "cases.close": Title("close a case, or end it otherwise", "销号"),
    "cases.arbitrate": Title("decide between departments", "争议裁定"),
    "cases.supervise": Title("supervise: what is overdue, returned, reopened", "督办"),
    "cases.instruct": Title("give an instruction with a deadline", "批示"),
    "cases.audit": Title("read the registers of cases of all units", "查阅事项台账"),
    "trouble.report": Title("report trouble, for a family or from the building", "上报线索、代为申报"),
    "visits.record": Title("record a visit", "登记走访"),
    "visits.plan": Title("plan visits", "安排走访"),
    "visits.forms": Title("keep the forms that visits are exported in", "维护走访导出表格"),
    "monitoring.see": Title("see monitored households", "查看监测对象"),
    "monitoring.propose": Title("propose a listing, a plan, or the end of a risk", "提出纳入、帮扶计划或风险消除"),
    "monitoring.review": Title("review a listing, and put up the public notice", "评议与公示"),
    "monitoring.approve": Title("approve a listing or the end of a risk", "审定纳入与风险消除"),
    "feeds.see": Title("see deliveries and receipts", "查看数据报送"),
    "feeds.deliver": Title("deliver a file", "报送数据"),
    "feeds.confirm": Title("give the word on a held delivery", "确认暂缓采用的报送"),
    "feeds.withdraw": Title("withdraw a delivery", "撤回报送"),
    "feeds.mend": Title("mend rows set aside", "更正待更正数据"),
    "runs.start": Title("start a run", "发起研判"),
    "export.lists": Title("export a list", "导出名单"),
    "export.figures": Title("export figures", "导出汇总数"),
    "tasks.see": Title("see background tasks, try one again or call it off", "查看、重试或取消后台任务"),
    "accounts.manage": Title("manage accounts and posts", "管理账号与岗位"),
    "calendar.load": Title("load the calendar of working days", "载入工作日历"),
    "journal.see": Title("read the journal", "查看操作日志"),
}


@dataclass(frozen=True, slots=True)
class Role:
    """`level` is the kind of place the role is held at. `of_department`: the post names one, and sees only its domains."""

    title: Title
    level: Level
    may: frozenset[str]
    of_department: bool = False


def _may(*acts: str) -> frozenset[str]:
    unknown = set(acts) - set(ACTS)
    if unknown:
        raise ValueError(f"no such act: {', '.join(sorted(unknown))}")
    return frozenset(acts)


FAMILY = ("households.search", "household.see", "alerts.see", "alerts.acknowledge", "standards.see", "cases.see", "trouble.report")
DOOR = ("visits.record", "cases.verify", "cases.handle")
LEAD = (
    *FAMILY, "cases.assign", "cases.judge", "visits.record", "visits.plan", "monitoring.see", "situation.see", "person.reveal", "health.see",
    "alerts.mute", "export.figures", "export.lists", "looks.see",
)  # fmt: skip
FEEDS = ("feeds.see", "feeds.deliver", "feeds.mend", "feeds.withdraw", "feeds.confirm")

ROLES: dict[str, Role] = {
    "street_head": Role(Title("Street or building head", "街长／楼栋长"), "building", _may("standards.see", "trouble.report")),
    "grid_worker": Role(Title("Grid worker", "网格员"), "grid", _may(*FAMILY, *DOOR)),
    "cadre": Role(
        Title("Responsible cadre", "包保干部"), "community", _may(*FAMILY, *DOOR, "person.reveal", "monitoring.see", "monitoring.propose")
    ),
    "first_secretary": Role(
        Title("First secretary, community", "第一书记／社区"), "community",
        _may(*LEAD, "cases.verify", "cases.handle", "cases.close", "monitoring.propose"),
    ),
    "street": Role(Title("Street or town", "街道／乡镇"), "street", _may(*LEAD, "cases.sign", "cases.close", "monitoring.review")),
    "county_department": Role(
        Title("County department", "县级部门"), "unit",
        _may(*FAMILY, "situation.see", "person.reveal", "health.see", *FEEDS, "export.figures", "cases.assign", "cases.verify", "cases.judge",
             "cases.handle", "cases.close", "visits.record"),
        of_department=True,
    ),
    "county_bureau": Role(
        Title("County migration bureau", "县级生态移民局"), "unit",
        _may(*LEAD, "alerts.release", "feeds.see", "cases.sign", "cases.close", "cases.arbitrate", "cases.supervise", "cases.instruct",
             "monitoring.approve"),
    ),
    "prefecture_bureau": Role(
        Title("Prefecture migration bureau", "州生态移民局"), "prefecture",
        _may(*LEAD, "alerts.release", "feeds.see", "runs.start", "cases.close", "cases.arbitrate", "cases.supervise", "cases.instruct"),
    ),
    "prefecture_department": Role(
        Title("Prefecture department", "州级部门"), "prefecture",
        _may("situation.see", "standards.see", "alerts.see", "feeds.see", "export.figures"),
        of_department=True,
    ),
    "leader": Role(
        Title("Leadership", "领导"), "prefecture", _may("situation.see", "standards.see", "export.figures", "cases.supervise", "cases.instruct")
    ),
    "above": Role(Title("Province and nation", "省级及以上"), "above", _may("situation.see", "standards.see", "export.figures")),
    "policy_officer": Role(Title("Policy officer", "政策专员"), "prefecture", _may("standards.see", "situation.see")),
    "data_steward": Role(
        Title("Data steward", "数据管理员"), "prefecture", _may(*FEEDS, "standards.see", "runs.start", "tasks.see", "visits.forms")
    ),
    "auditor": Role(Title("Auditor", "审计员"), "prefecture", _may("journal.see", "looks.see", "standards.see", "situation.see", "cases.audit")),
    "administrator": Role(
        Title("Administrator", "系统管理员"), "prefecture", _may("accounts.manage", "calendar.load", "tasks.see", "visits.forms")
    ),
}  # fmt: skip

APART = frozenset({"data_steward", "auditor", "administrator"})  # three people, never one
