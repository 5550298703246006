"""The fold of docs/semantics.md, *Episodes*: its whole table, and what must hold of any run of answers."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.core.standards.episodes import (
    ANSWERS,
    CLEARS,
    EVENTS,
    STANDINGS,
    TABLE,
    Followed,
    Seen,
    episodes_of,
    event_of,
    follow,
    slot,
)
from anju.core.terms.levels import RANK

DAY = date(2023, 9, 26)
LOOK_BACK = 90


def breached(level: str = "orange") -> Seen:
    return Seen("breached", False, level, "absent")


MET, EASED = Seen("met", True), Seen("met", False)
UNKNOWN, GONE = Seen("unknown", None), Seen("not applicable", False)


def after(*seen: Seen) -> Followed:
    state = Followed()
    for n, one in enumerate(seen):
        state, _ = follow(state, one, day=DAY + timedelta(days=n), run=n + 1, look_back=LOOK_BACK)
    return state


BEFORE = {"none": after(), "open": after(breached()), "cleared": after(breached(), MET)}
EXPECTED = {
    "breached": {"none": "opened", "open": "still", "cleared": "relapsed"},
    "met": {"none": "nothing", "open": "cleared", "cleared": "nothing"},
    "eased": {"none": "nothing", "open": "eased", "cleared": "nothing"},
    "unknown": {"none": "nothing", "open": "doubted", "cleared": "nothing"},
    "not applicable": {"none": "nothing", "open": "ended", "cleared": "nothing"},
}
SEEN = {"breached": breached(), "met": MET, "eased": EASED, "unknown": UNKNOWN, "not applicable": GONE}


@pytest.mark.parametrize(("what", "standing"), list(product(EXPECTED, STANDINGS)))
def test_each_answer_in_each_standing(what: str, standing: str) -> None:
    _, event = follow(BEFORE[standing], SEEN[what], day=DAY + timedelta(days=5), run=9, look_back=LOOK_BACK)
    assert event == EXPECTED[what][standing]


def test_the_table_has_every_standing_and_answer_and_no_other() -> None:
    assert set(TABLE) == set(product(STANDINGS, ANSWERS))


def test_what_an_open_episode_keeps() -> None:
    state = after(breached("orange"), UNKNOWN, UNKNOWN)
    assert state.episode is not None and state.episode.status == "open"
    assert state.episode.doubted_since == DAY + timedelta(days=1)
    state = after(breached("orange"), UNKNOWN, EASED, EASED)
    assert state.episode is not None
    assert (state.episode.doubted_since, state.episode.eased_since) == (None, DAY + timedelta(days=2))
    state = after(breached("orange"), EASED, breached("orange"))
    assert state.episode is not None and state.episode.eased_since is None


def test_the_level_rises_by_itself_and_never_falls() -> None:
    episodes, events = episodes_of([(DAY + timedelta(days=n), breached(lv)) for n, lv in enumerate(("orange", "red", "yellow"))], look_back=90)
    assert events == ["opened", "rose", "still"]
    assert episodes[0].level == "red"


@pytest.mark.parametrize(("days", "event", "follows"), [(90, "relapsed", 1), (91, "opened", None)])
def test_a_relapse_is_linked_within_the_look_back_only(days: int, event: str, follows: int | None) -> None:
    cleared = DAY + timedelta(days=1)
    episodes, events = episodes_of([(DAY, breached()), (cleared, MET), (cleared + timedelta(days=days), breached())], look_back=90)
    assert events[-1] == event
    assert [e.nth for e in episodes] == [1, 2]
    assert episodes[1].follows == follows


def test_after_an_end_nothing_is_linked() -> None:
    episodes, events = episodes_of([(DAY, breached()), (DAY + timedelta(days=1), GONE), (DAY + timedelta(days=2), breached())], look_back=90)
    assert events == ["opened", "ended", "opened"]
    assert episodes[0].status == "ended" and episodes[1].follows is None


def test_an_earlier_day_is_a_replay_and_changes_nothing() -> None:
    state = after(breached(), MET)
    again, event = follow(state, breached("red"), day=DAY, run=7, look_back=LOOK_BACK)
    assert (again, event) == (state, "replay")


def test_the_same_day_with_more_known_counts() -> None:
    state, _ = follow(Followed(), UNKNOWN, day=DAY, run=1, look_back=LOOK_BACK)
    state, event = follow(state, breached(), day=DAY, run=2, look_back=LOOK_BACK)
    assert event == "opened"
    assert state.episode is not None and state.episode.opened_by == 2


def test_the_same_table_told_set_wise() -> None:
    """What alerts do for everybody at once: a join on the table's rows gives what `follow` gives one by one."""
    con = sqlite3.connect(":memory:")
    con.execute("CREATE TABLE transition (standing INT, answer INT, clears INT, event TEXT)")
    rows = [(s, a, c, EVENTS[slot(s, a, c)]) for s, a, c in product(range(3), range(4), range(3))]
    con.executemany("INSERT INTO transition VALUES (?, ?, ?, ?)", rows)
    for s, a, c in product(range(3), range(4), range(3)):
        found = con.execute("SELECT event FROM transition WHERE standing = ? AND answer = ? AND clears = ?", (s, a, c)).fetchall()
        assert found == [(event_of(STANDINGS[s], ANSWERS[a], CLEARS[c]),)]


answers = st.one_of(
    st.sampled_from(["blue", "yellow", "orange", "red"]).map(breached), st.sampled_from([MET, EASED, UNKNOWN, GONE, Seen("met", None)])
)
histories = st.lists(st.tuples(st.integers(0, 40), answers), max_size=40).map(
    lambda steps: [(DAY + timedelta(days=sum(n for n, _ in steps[: i + 1])), seen) for i, (_, seen) in enumerate(steps)]
)


@given(histories, st.integers(0, 120))
def test_never_two_open_at_once_and_nothing_from_an_unknown(history: list[tuple[date, Seen]], look_back: int) -> None:
    episodes, events = episodes_of(history, look_back=look_back)
    assert [e.nth for e in episodes] == list(range(1, len(episodes) + 1))
    assert all(e.status != "open" for e in episodes[:-1])
    for earlier, later in zip(episodes, episodes[1:], strict=False):
        assert earlier.closed_on is not None and earlier.closed_on <= later.opened_on
    for (_, seen), event in zip(history, events, strict=True):
        if seen.answer == "unknown":
            assert event in ("nothing", "doubted")
        assert (event in ("opened", "relapsed", "still", "rose")) == (seen.answer == "breached")
        assert event != "cleared" or seen == MET
    assert len(episodes) == sum(event in ("opened", "relapsed") for event in events)


@given(histories)
def test_the_level_is_the_gravest_since_it_opened(history: list[tuple[date, Seen]]) -> None:
    state, gravest = Followed(), 0
    for n, (day, seen) in enumerate(history):
        state, event = follow(state, seen, day=day, run=n, look_back=30)
        if event in ("opened", "relapsed"):
            gravest = 0
        if seen.answer == "breached":
            assert seen.level is not None and state.episode is not None
            gravest = max(gravest, RANK[seen.level])
            assert RANK[state.episode.level] == gravest


@given(histories, st.data())
def test_replays_among_the_runs_change_nothing(history: list[tuple[date, Seen]], data: st.DataObject) -> None:
    mixed, last = [], None
    for day, seen in history:
        mixed.append((day, seen))
        last = day
        if data.draw(st.booleans()):
            mixed.append((last - timedelta(days=data.draw(st.integers(1, 400))), data.draw(answers)))
    plain, events = episodes_of(history, look_back=90)
    told, mixed_events = episodes_of(mixed, look_back=90)
    assert [e for e in mixed_events if e != "replay"] == events
    assert [(e.opened_on, e.closed_on, e.level, e.follows) for e in told] == [(e.opened_on, e.closed_on, e.level, e.follows) for e in plain]
