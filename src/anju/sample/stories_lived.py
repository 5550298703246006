"""How the five stories go on once they are found: who does what, after how many days, in which words. The steps are those of the pages.

Of each case a script: the step that its state asks for, so many days after what happened before. `telling` walks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from anju.sample.families import CLOSING_WORKERS, CLOSING_WORKSHOP, COUSIN, GIRL, ILLNESS

ASSIGN, VERIFY, JUDGE, CONFIRM, PLAN, DONE, FEED_BACK, SIGN, CLOSE, LOOK_BACK = (
    "assign", "verify", "judge", "confirm", "plan", "done", "feed_back", "sign", "close", "look_back",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """`after` so many days (a Saturday counts: who is needed comes), in these words."""

    after: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """Whose case: by `standard` and the family's code, the site or the key of the thing. `again`: what is otherwise once it has come back.

    `end`: judged so, with its `cause`. `decision`: recorded with the feedback. `tried`: so many days after observation began, somebody who
    may not yet close it tries to, and is told what is missing."""

    story: str
    standard: str
    scenes: Mapping[str, Scene]
    household: str = ""
    site: bool = False  # the settlement whose water failed
    key: str = ""
    again: Mapping[str, Scene] = field(default_factory=dict)
    end: str = ""
    cause: str = ""
    listed: tuple[str, ...] = ()  # the risks for which the family is proposed as a monitored one
    decision: str = ""
    decided: str = ""
    tried: int = 0
    answer: str = ""  # the family's own word, asked for with the street's signature

    def scene(self, do: str, *, reopened: bool) -> Scene | None:
        return (self.again.get(do) if reopened else None) or self.scenes.get(do)


SCRIPTS = (
    Script(
        "girl-off-the-roll", "ED-01", household=GIRL.code, tried=3, answer="solved",
        scenes={
            ASSIGN: Scene(1, "请于当日入户"),
            VERIFY: Scene(0, "入户核实：随父母由册亨搬来，原校已转出，晴隆未接收，开学后在家"),
            JUDGE: Scene(2, "情况属实，属转学衔接脱节，由县教育局协调学位"),
            PLAN: Scene(0, "联系安置点初级中学落实学位，办理转入学籍"),
            DONE: Scene(3, "学校已接收编班，家长送到校；学籍待下次报送更新"),
            FEED_BACK: Scene(0, "已返校上课，连续到校情况按周关注"),
            SIGN: Scene(1, "情况属实"),
            CLOSE: Scene(1, "学籍已在册，连续四个教学周到校，同意销号"),
            LOOK_BACK: Scene(1, "回访家庭和班主任，孩子在校，学习正常"),
        },
        again={
            VERIFY: Scene(0, "入户核实：父亲外出务工受伤，孩子在家照看弟弟，两周未到校"),
            JUDGE: Scene(1, "再次离校，原因变化，重新办理"),
            PLAN: Scene(0, "协调社区日间照料弟弟，班主任家访送学返校"),
            DONE: Scene(3, "弟弟已进社区托管，孩子已返校"),
            FEED_BACK: Scene(0, "已返校，托管稳定，继续按周关注"),
        },
    ),
    Script(
        "girl-off-the-roll", "ED-01", household=COUSIN.code, end="false_alarm", cause="feed",
        scenes={
            ASSIGN: Scene(1, "请核对学籍与就读情况"),
            VERIFY: Scene(0, "入户核实：孩子在校，学籍卡上仍是兴仁撤县前的旧号，报送后无法匹配"),
            JUDGE: Scene(2, "属报送问题：学籍仍用以522322开头的旧号；请数据管理员登记新旧号承继关系，学校更正后重报"),
            CONFIRM: Scene(0, "已核对学籍卡与户口簿，同意按误报办结"),
        },
    ),  # fmt: skip
    Script(
        "illness-and-lost-work", "MH-02", household=ILLNESS.code, listed=("illness", "employment"), answer="solved",
        decision="assistance_paid", decided="医疗救助和临时救助已打卡发放",
        scenes={
            ASSIGN: Scene(3, "由包保干部统一负责该户各事项"),
            VERIFY: Scene(1, "入户核实：自付费用高，票据齐全，家中已借款"),
            JUDGE: Scene(1, "情况属实，按程序纳入监测对象，先行医疗救助"),
            PLAN: Scene(0, "申请医疗救助与临时救助，核对大病保险二次报销"),
            DONE: Scene(6, "救助已审批到账"),
            FEED_BACK: Scene(0, "救助资金已到账，纳入监测后持续帮扶"),
            SIGN: Scene(1, "情况属实"),
            CLOSE: Scene(1, "已纳入监测、救助到位，同意销号"),
            LOOK_BACK: Scene(1, "回访：复查费用已按比例报销，未再借款"),
        },
    ),
    Script(
        "illness-and-lost-work", "MW-02", household=ILLNESS.code,
        scenes={
            ASSIGN: Scene(3, "由包保干部统一负责该户各事项"),
            VERIFY: Scene(1, "入户核实：患病后收入中断，靠亲友接济"),
            JUDGE: Scene(1, "情况属实，与医疗、就业事项合并施策"),
            PLAN: Scene(1, "核算家庭收入，落实分红和低保申请"),
            DONE: Scene(10, "低保申请已受理，分红已兑现"),
            FEED_BACK: Scene(0, "收入措施已落实，待下两季度收入数据"),
            SIGN: Scene(1, "情况属实"),
            CLOSE: Scene(1, "收入已稳定，同意销号"),
        },
    ),
    Script(
        "illness-and-lost-work", "EM-01", household=ILLNESS.code, answer="solved",
        scenes={
            ASSIGN: Scene(1, "由包保干部统一负责该户各事项"),
            VERIFY: Scene(1, "入户核实：父亲养病，母亲离岗照料，暂无人就业"),
            JUDGE: Scene(1, "情况属实，待照料安排后推荐就近岗位"),
            PLAN: Scene(1, "推荐社区保洁公益岗和车间弹性岗"),
            DONE: Scene(5, "母亲已登记公益岗，待岗位空出后上岗"),
            FEED_BACK: Scene(0, "岗位已落实，上岗满一个月后销号"),
            SIGN: Scene(1, "情况属实"),
            CLOSE: Scene(1, "已稳定就业，同意销号"),
            LOOK_BACK: Scene(1, "回访：在岗，工资按月发放"),
        },
    ),
    Script(
        "bad-water", "HS-04", site=True,
        scenes={
            ASSIGN: Scene(1, "请立即到现场处置"),
            VERIFY: Scene(0, "现场复检：末梢水浊度超标，二次供水水箱未按期清洗"),
            JUDGE: Scene(0, "情况属实，全小区一案办理，先送水后整改"),
            PLAN: Scene(0, "更换滤料、清洗水箱，整改期间送桶装水"),
            DONE: Scene(3, "已清洗更换，复检合格，送水全覆盖"),
            FEED_BACK: Scene(0, "整改完成，待下月水样结果"),
            SIGN: Scene(1, "情况属实"),
            CLOSE: Scene(1, "下月水样合格，同意销号"),
            LOOK_BACK: Scene(1, "抽检合格，水箱清洗记录齐全"),
        },
    ),
    Script(
        "workshop-closes", "EM-05", key=CLOSING_WORKSHOP, decision="workers_placed", decided=f"{CLOSING_WORKERS}名工人逐一登记去向，均已安置",
        scenes={
            ASSIGN: Scene(3, "请摸清在岗工人去向"),
            VERIFY: Scene(0, f"车间已停产关闭，涉及{CLOSING_WORKERS}名搬迁群众，工资已结清"),
            JUDGE: Scene(1, "情况属实，逐人安置"),
            PLAN: Scene(0, f"{CLOSING_WORKERS}名工人逐人对接：专场招聘、其他车间接收、公益岗兜底"),
            DONE: Scene(3, "已逐人对接并登记去向"),
            FEED_BACK: Scene(0, "工人均已登记去向，名单附后"),
            SIGN: Scene(1, "情况属实"),
            CLOSE: Scene(1, "工人已安置，无欠薪，同意销号"),
            LOOK_BACK: Scene(1, "抽访工人，均在岗或有稳定收入"),
        },
    ),
)  # fmt: skip
