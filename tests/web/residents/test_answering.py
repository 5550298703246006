"""The family's answer by a link: asked once, in words for families, of whoever holds it; a stranger learns nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from anju.apps.cases.models import Answer, AnswerLink, Case, CaseEvent
from anju.apps.cases.steps import assigning, handling, judging, verifying
from anju.apps.cases.steps.closing import make_link
from anju.apps.people.models import Household
from anju.web.residents import answering
from anju.web.residents.answering import promise_of, wrong_links
from web.cases.conftest import Loop, desk, loop

__all__ = ["desk", "loop"]
HOUSEHOLD_NUMBERS = re.compile(r"\d{15,18}|H0001")


@pytest.fixture(autouse=True)
def _fresh(desk: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.web.residents.answering.today", lambda: desk.day)
    wrong_links.forget()


@pytest.fixture
def asked(desk: Loop) -> tuple[Case, str]:
    """A case that was fed back, and the address by which its family may answer."""
    return fed_back(desk)


def fed_back(desk: Loop, standard: str = "") -> tuple[Case, str]:
    case = desk.told(standard=standard)
    worker, at = desk.cast["worker"], desk.at
    assigning.take(number=case.pk, by=worker, at=at)
    verifying.verify(number=case.pk, found="confirmed", mode="door", words="Wang Xiaoyu is at home", by=worker, at=at)
    judging.judge(numbers=[case.pk], outcome="handle", reason="Wang Xiaoyu needs help", by=desk.cast["secretary"], at=at)
    measure = handling.plan_measure(number=case.pk, text="talk to Wang Xiaoyu", owner="worker", due_on=desk.day, by=worker, at=at)
    handling.finish_measure(number=case.pk, measure=measure.pk, done_on=desk.day, result="a place is found", by=worker, at=at)
    handling.feed_back(number=case.pk, words="Wang Xiaoyu is in class", by=worker, at=at)
    _link, text = make_link(number=case.pk, by=worker, at=at)
    return case, f"/answer/{text}/"


def stranger() -> Client:
    """A telephone without a cookie, whose forms carry no token."""
    return Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)


def told(answer: Any) -> str:
    return str(answer.content.decode())


def test_it_works(asked: tuple[Case, str]) -> None:
    case, address = asked
    family = stranger()
    page = family.get(address)
    assert page.status_code == 200 and told(page).count('name="answer"') == 3
    done = family.post(address, {"answer": "solved", "words": "the school took her"})
    assert done.status_code == 200 and "Thank you" in told(done) and "yes, it is solved" in told(done)
    answer = Answer.objects.get()
    assert (answer.case_id, answer.answer, answer.channel, answer.words) == (case.pk, "solved", "link", "the school took her")
    assert (answer.recorded_by, answer.account) == ("", None)
    assert CaseEvent.objects.filter(case=case, what="answered").count() == 1
    assert not family.cookies


def test_it_moves_the_case_on(asked: tuple[Case, str]) -> None:
    case, address = asked
    stranger().post(address, {"answer": "solved"})
    case.refresh_from_db()
    assert case.waits_on == "close:street"


@pytest.mark.parametrize(("answer", "words"), [("partly", "only partly"), ("not", "no, it is not solved")])
def test_other_answers(asked: tuple[Case, str], answer: str, words: str) -> None:
    assert words in told(stranger().post(asked[1], {"answer": answer}))
    assert Answer.objects.get().answer == answer


def test_opening_uses_nothing_up(asked: tuple[Case, str]) -> None:
    """A messenger looks at a link before a person does."""
    for _ in range(3):
        assert stranger().get(asked[1]).status_code == 200
        assert stranger().head(asked[1]).status_code == 200
    assert AnswerLink.objects.get().used_at is None


def test_no_button_pressed_uses_nothing_up_and_keeps_the_words(asked: tuple[Case, str]) -> None:
    for given in ({"words": "she is in class"}, {"words": "she is in class", "answer": "perhaps"}):
        page = stranger().post(asked[1], given)
        assert page.status_code == 400 and "she is in class" in told(page) and "Press one of the three" in told(page)
    assert not Answer.objects.exists() and AnswerLink.objects.get().used_at is None


def test_used_over_and_never_there_are_one_and_the_same(asked: tuple[Case, str], desk: Loop) -> None:
    case, address = asked
    _late, text = make_link(number=case.pk, by=desk.cast["worker"], at=desk.at)
    assert stranger().post(address, {"answer": "solved"}).status_code == 200
    used, never = stranger().get(address), stranger().get("/answer/AAAAAAAAAAAAAAAAAAAAAAAA/")
    AnswerLink.objects.filter(used_at=None).update(expires_on=desk.day.replace(day=1))
    over = stranger().get(f"/answer/{text}/")
    again = stranger().post(address, {"answer": "not"})
    number = stranger().get(f"/answer/{case.pk}/")
    assert {one.status_code for one in (used, over, never, again, number)} == {404}
    assert len({told(one) for one in (used, over, never, again, number)}) == 1
    assert Answer.objects.count() == 1


def test_of_two_at_once_one_wins(asked: tuple[Case, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read the link as good; the second finds it used when she sends."""
    found = AnswerLink.objects.select_related("case").get()
    monkeypatch.setattr(answering, "link_of", lambda _text, _day: found)
    assert stranger().post(asked[1], {"answer": "solved"}).status_code == 200
    late = stranger().post(asked[1], {"answer": "not"})
    assert late.status_code == 404 and "does not serve" in told(late)
    assert [one.answer for one in Answer.objects.all()] == ["solved"]


def test_who_guesses_must_wait_and_who_holds_a_link_does_not(asked: tuple[Case, str]) -> None:
    answers = [stranger().get(f"/answer/{n:024d}/") for n in range(22)]
    assert [one.status_code for one in answers[:20]] == [404] * 20 and answers[21].status_code == 429
    assert 0 < int(answers[21]["Retry-After"]) <= 301 and told(answers[21]) == told(answers[0])
    assert stranger().get(asked[1]).status_code == 200


@pytest.mark.parametrize("standard", ["", "ED-01", "MH-02"])
def test_the_page_names_nobody_and_shows_no_number(desk: Loop, standard: str) -> None:
    home = Household.objects.get()
    case, address = fed_back(desk, standard)
    Case.objects.update(words="told of Wang Xiaoyu")
    pages = [told(stranger().get(address)), told(stranger().post(address, {"answer": "not"})), told(stranger().get(address))]
    for page in pages:
        seen = re.sub(r'href="[^"]*"|src="[^"]*"', "", page)
        assert not any(word in seen for word in ("Wang", home.household_code, home.place.name, "place C1", f"No. {case.pk}"))
        assert not HOUSEHOLD_NUMBERS.search(seen)
        assert not re.search(r"\b3-2-501\b|talk to|a place is found|needs help", seen)
    assert [page.count('name="answer"') for page in pages] == [3, 0, 0] and "Thank you" in pages[1]
    promised = {"ED-01": True}.get(standard, False)
    assert ('class="promise"' in pages[0]) is promised


def test_of_health_no_promise_is_shown() -> None:
    assert promise_of("MH-02") is None and promise_of("SS-04") is None and promise_of("XX-99") is None
    assert promise_of("ED-01") is not None


def test_both_languages_without_a_cookie(asked: tuple[Case, str]) -> None:
    family = stranger()
    chinese = family.get(f"{asked[1]}?lang=zh-hans")
    assert "事情办好了吗？" in told(chinese) and 'lang="zh-hans"' in told(chinese)
    assert "事情办好了吗？" in told(family.get(asked[1], headers={"Accept-Language": "zh-CN,zh;q=0.9"}))
    assert "Is the matter solved?" in told(family.get(f"{asked[1]}?lang=xx"))
    assert "谢谢您" in told(family.post(f"{asked[1]}?lang=zh-hans", {"answer": "solved"}))
    assert not family.cookies


def test_nobody_else_is_told_of_the_link(asked: tuple[Case, str]) -> None:
    for page in (stranger().get(asked[1]), stranger().get("/answer/x/"), stranger().post(asked[1], {"answer": "solved"})):
        assert page["Referrer-Policy"] == "no-referrer" and "noindex" in page["X-Robots-Tag"] and page["Cache-Control"] == "no-store"
        assert "<script" not in told(page) and "style=" not in told(page)
