"""Every kind of task: what it is called, how often it is tried, and after how long it is said to be stuck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anju.core.standards.model import Title
from anju.tasks import intake, judging, outbox, upkeep

MOST = 3


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    title: Title
    task: Any  # as django-tasks makes it of a function
    most: int = MOST  # attempts
    long: int = 60  # minutes after which it is said to be stuck


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("run", Title("judge and fold into the alerts", "研判并更新预警线索"), judging.run, long=180),
        Kind("remind", Title("call alerts to mind", "提醒未认领的预警线索"), judging.remind),
        Kind("take", Title("take an uploaded file in", "接收上传的数据文件"), intake.take),
        Kind("drop", Title("take a dropped file in", "接收投递的数据文件"), intake.take_dropped, most=5),
        Kind("retry", Title("try rows set aside again", "重试待更正数据"), upkeep.retry),
        Kind("send", Title("carry notices out by mail and chat", "发送邮件与办公软件通知"), outbox.send),
        Kind("seal", Title("seal the journal", "封存操作日志"), upkeep.seal_journal),
        Kind("expire", Title("let go of files kept long enough", "清理到期原始文件"), upkeep.expire),
        Kind("backup", Title("make a backup", "备份"), upkeep.backup, long=180),
        Kind("tidy", Title("tidy tasks, sessions and sign-in attempts", "清理任务、会话与登录记录"), upkeep.tidy),
    )
}
STARTED_BY_HAND = tuple(name for name in KINDS if name not in ("take", "drop"))


def most_of(kind: str) -> int:
    """Attempts. Of a kind that a newer release put into the queue, as many as of any."""
    return KINDS[kind].most if kind in KINDS else MOST
