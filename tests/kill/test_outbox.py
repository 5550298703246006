"""Senders that are really killed, and two at once: with a real mail server nothing is lost and nothing arrives twice."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.notices.servers import Mailbox, mail_server
from deployment import Deployment

SCHEDULE = "seal: {every: 24 h}\n"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture
def one(tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    (tmp_path / "schedule.yaml").write_text(SCHEDULE, encoding="utf-8")
    monkeypatch.setenv("ANJU_SCHEDULE", str(tmp_path / "schedule.yaml"))
    monkeypatch.setenv("ANJU_MAIL", box.url)
    found = Deployment(tmp_path / "data")
    yield found
    found.end()


def outbox(one: Deployment, *words: str) -> str:
    process = one.start(*words, module="apps.notices.outbox")
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.strip()


def states(one: Deployment) -> list[str]:
    return [str(row[0]) for row in one.rows("SELECT state FROM notices_message ORDER BY id")]


@pytest.mark.parametrize(
    ("moment", "arrived", "left"),
    [
        pytest.param("call:anju.apps.notices.sending:_claim", 0, ["waiting", "waiting"], marks=pytest.mark.long),  # before anything
        pytest.param("call:anju.apps.notices.sending:_carry", 0, ["sending", "waiting"], marks=pytest.mark.long),  # claimed, nothing sent
        ("call:anju.apps.notices.sending:_end", 1, ["sending", "waiting"]),  # sent, and nobody wrote it down
    ],
)
def test_a_killed_sender_loses_nothing_and_repeats_nothing(one: Deployment, box: Mailbox, moment: str, arrived: int, left: list[str]) -> None:
    assert outbox(one, "tell", "2") == "2"
    one.anju("tasks", "start", "send")
    process = one.start(moment, "worker", "--once", module="kill.dying")
    _, err = process.communicate()
    assert process.returncode == -signal.SIGKILL, err
    assert (len(box.got), states(one)) == (arrived, left)
    one.anju("worker", "--once")
    after = ["sent" if state == "waiting" else "uncertain" for state in left]
    assert states(one) == after
    one.anju("tasks", "start", "send")
    one.anju("worker", "--once")
    assert states(one) == after, "what is in doubt is left to a person"
    assert len(box.got) == arrived + after.count("sent")
    assert set(Counter(came["Message-ID"] for came in box.got).values()) == {1}
    told = "1 in doubt" if "uncertain" in after else "0 in doubt"
    assert told in one.anju("doctor")


def test_two_senders_at_once_send_each_message_once(one: Deployment, box: Mailbox) -> None:
    assert outbox(one, "tell", "150") == "150"
    both = [one.start("send", name, module="apps.notices.outbox") for name in ("w1", "w2")]
    sent = []
    for process in both:
        out, err = process.communicate()
        assert process.returncode == 0, err
        sent.append(int(out))
    assert sum(sent) == 150 and min(sent) > 0, f"both had their share: {sent}"
    assert set(states(one)) == {"sent"}
    assert len(box.got) == 150
    assert set(Counter(came["Message-ID"] for came in box.got).values()) == {1}
    assert outbox(one, "tell", "150") == "150", "told again, it is nothing new"


def test_the_schedule_sends_what_waits_and_makes_no_ticket_for_nothing(one: Deployment, box: Mailbox) -> None:
    Path(one.environment["ANJU_SCHEDULE"]).write_text("send: {every: 1 min}\n", encoding="utf-8")
    outbox(one, "tell", "0")
    one.anju("worker", "--once")
    assert one.rows("SELECT count(*) FROM tasks_due") == [(0,)]
    outbox(one, "tell", "1")
    one.anju("worker", "--once")  # the kind is new: its next minute is its first
    assert one.rows("SELECT kind FROM tasks_due") == [("send",)]


def test_a_restored_outbox_sends_nothing_by_itself(one: Deployment, box: Mailbox, tmp_path: Path) -> None:
    outbox(one, "tell", "3")
    one.anju("backup", str(tmp_path / "sets"))
    again = Deployment(tmp_path / "again")
    try:
        again.anju("restore", str(tmp_path / "sets"), "--keys", str(one.data / "keys"))
        assert states(again) == ["uncertain"] * 3
    finally:
        again.end()
