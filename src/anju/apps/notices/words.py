"""What may be told, in both languages. On the page a sentence may name a day or a count; outside nothing stands but the sentence's head,
a number and a link: never a name, never what the matter is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from anju.core.standards.model import Title

Args = Mapping[str, str | int]

WORDS: dict[str, Title] = {
    "case.assigned": Title("A case is in your hands", "有帮扶事项交办给您"),
    "case.alerted": Title("A new case waits to be assigned", "有新的帮扶事项待交办"),
    "case.assign": Title("A case waits to be put into somebody's hands", "有帮扶事项待交办"),
    "case.verify": Title("A case waits to be verified", "有帮扶事项待核查"),
    "case.judge": Title("A case waits for your judgement", "有帮扶事项待研判"),
    "case.handle": Title("A case waits for your measures", "有帮扶事项待您处置"),
    "case.show": Title("A case lacks proof before it can close", "有帮扶事项待补充销号材料"),
    "case.sign": Title("Feedback waits for your signature", "有处置反馈待您签字"),
    "case.close": Title("A case waits to be closed", "有帮扶事项待销号"),
    "case.returned": Title("A case was returned to you", "有帮扶事项退回给您"),
    "case.due_soon": Title("A case is due soon", "有帮扶事项即将到期"),
    "case.overdue": Title("A case is overdue", "有帮扶事项已超期"),
    "case.escalated": Title("An overdue case has come up to you", "有超期帮扶事项上报督办"),
    "case.raised": Title("The level of a case has risen", "有帮扶事项等级上升"),
    "case.extension": Title("An extension is asked for", "有帮扶事项申请延期"),
    "case.extension_granted": Title("More time is granted", "延期申请已批准"),
    "case.extension_refused": Title("More time is refused: read why", "延期申请未获批准，请查看理由"),
    "case.exception": Title("An exception from the condition is asked for", "有帮扶事项申请条件例外"),
    "case.exception_granted": Title("The exception is granted", "条件例外申请已批准"),
    "case.exception_refused": Title("The exception is refused: read why", "条件例外申请未获批准，请查看理由"),
    "case.end": Title("An end of a case is proposed and waits for your word", "有帮扶事项申请其他办结，待您确认"),
    "case.end_confirmed": Title("The end that was proposed is confirmed", "其他办结申请已确认"),
    "case.end_refused": Title("The end that was proposed is refused: read why", "其他办结申请未获同意，请查看理由"),
    "case.arbitrate": Title("A case waits for your decision between departments", "有帮扶事项待您裁定"),
    "case.arbitrated": Title("The arbiter has decided", "争议事项已裁定"),
    "case.instructed": Title("You have an instruction with a deadline", "您有一件限时办理的批示"),
    "case.replied": Title("Your instruction was answered", "您的批示已有答复"),
    "case.answered": Title("A household has answered", "有家庭已反馈意见"),
    "case.look_back": Title("A closed case is due for its look-back", "有已销号事项待回头看"),
    "case.reopened": Title("A closed case is open again", "有已销号事项重新开启"),
    "case.closed": Title("A case of yours is closed", "您经办的帮扶事项已销号"),
    "case.handed_over": Title("Cases were handed over to you", "有帮扶事项移交给您"),
    "case.lead": Title("A family is in your care", "有家庭由您包保"),
    "visit.planned": Title("A visit is planned for you", "有走访任务安排给您"),
    "visit.due": Title("A visit is due", "有走访任务即将到期"),
    "trouble.reported": Title("A report has come in", "收到一条线索"),
    "trouble.answered": Title("Your report was answered", "您上报的线索已有回复"),
    "monitoring.review": Title("A listing waits for review", "有监测对象待评议"),
    "monitoring.approve": Title("A listing or the end of a risk waits for approval", "有监测事项待审定"),
    "monitoring.returned": Title("A listing was returned to you", "有监测事项退回给您"),
    "monitoring.watch": Title("The half-year watch of a household is over", "有监测对象的跟踪期已满"),
    "alerts.baseline": Title("A baseline waits to be released", "有存量线索待下发"),
    "feeds.held": Title("A delivery waits for your word", "有数据报送待您确认"),
    "feeds.late": Title("A delivery is late", "有数据逾期未报"),
    "feeds.set_aside": Title("Rows were set aside", "有数据待更正"),
    "channel.test": Title("Test message: type this code in", "测试消息：请填写此验证码"),
}

SENTENCES: dict[str, Title] = {
    "due": Title("due on {due}", "截止 {due}"), "until": Title("until {until}", "至 {until}"), "on": Title("on {on}", "{on}"),
    "n": Title("{n} in all", "共 {n} 件"), "days": Title("{days} days", "{days} 天"), "times": Title("time no. {times}", "第 {times} 次"),
}  # fmt: skip
"""What a sentence on the page may add, by the name of its argument: there are no others, so that no name and no diagnosis fits in."""
MOST = 99_999  # of a count: nothing that could be a telephone number
NUMBER = re.compile(r"[A-Za-z]{0,6}[0-9-]*[0-9][0-9-]*")
LINK = re.compile(r"/(?!/)[A-Za-z0-9/_-]*(\?[A-Za-z0-9=&_-]*)?")
LONG = re.compile(r"\d{11}")  # a telephone number, and more so an identity number


def check_told(what: str, number: str, link: str, args: Args) -> None:
    """Raises ValueError with every fault: what a message must not carry never gets as far as the outbox."""
    faults = []
    if what not in WORDS:
        faults.append(f"there is no word '{what}': add it to anju.apps.notices.words.WORDS; there are {', '.join(WORDS)}")
    if number and (not NUMBER.fullmatch(number) or len(number) > 24 or LONG.search(number)):
        faults.append("the number of a matter is letters, figures and dashes ('C-12'), at most 24 and never 11 figures on end")
    if not LINK.fullmatch(link) or len(link) > 200 or LONG.search(link):
        faults.append("the link is a path of this site ('/cases/12/'), at most 200 characters, without names and long numbers")
    for name, value in args.items():
        if name not in SENTENCES:
            faults.append(f"a notice has no argument '{name}': there are {', '.join(SENTENCES)}")
        elif name in ("due", "until", "on"):
            faults += [] if isinstance(value, str) and _is_day(value) else [f"'{name}' is a day as YYYY-MM-DD"]
        elif not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
            faults.append(f"'{name}' is a count up to {MOST}")
    if faults:
        raise ValueError("; ".join(faults))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def added(args: Args) -> Title:
    """'due on 2023-10-08, 12 days', for the page."""
    parts = [(SENTENCES[name].en.format(**args), SENTENCES[name].zh.format(**args)) for name in SENTENCES if name in args]
    return Title(", ".join(en for en, _ in parts), "，".join(zh for _, zh in parts))


def head_of(what: str) -> Title:
    """A word of a newer release reads as it is."""
    return WORDS.get(what, Title(what, what))
