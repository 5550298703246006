"""Monitored households on the screen: one family led through the whole procedure by four people, and what others learn of it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.monitoring.models import Listing, Measure, Notice, Objection
from anju.apps.monitoring.posting import take_down_notices
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.web.monitoring import acting, papers, views
from family_fixtures import DAY, as_

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"')


def text(response: Any) -> str:
    return str(response.content.decode())


def act(name: str, step: str, /, **said: object) -> Any:
    """Posts a step of the only listing, with the version it has."""
    one = Listing.objects.latest("pk")
    return as_(name).post(f"/monitoring/{one.pk}/{step}/", {"version": one.version, **said}, follow=True)


def proposed(**more: object) -> Listing:
    said = {"household": 1, "category": "sudden", "risks": ["illness", "employment"], "source": "declared", "clue_on": "2023-09-20", **more}
    answer = as_("cadre").post("/monitoring/propose/", said, follow=True)
    assert answer.status_code == 200, text(answer)
    return Listing.objects.latest("pk")


MEETING = {"held_on": "2023-09-26", "place": "community centre", "attended": 9, "votes_for": 7, "votes_against": 1, "minutes": "folder 3"}


def noticed() -> Listing:
    one = proposed()
    act("cadre", "verify", visited_on="2023-09-25", found_there="two rooms", authorisation="folder 12")
    act("cadre", "compare", doubts="")
    act("street", "review", **MEETING)
    act("street", "notice", place="board at the gate", sure="1")
    one.refresh_from_db()
    assert one.state == "noticed"
    return one


def on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    for module in (views, acting, papers):
        monkeypatch.setattr(module, "today", lambda: day)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, DAY)


def test_four_people_list_a_family(cast: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Propose for monitoring" in text(as_("cadre").get("/households/1/"))
    one = noticed()
    page = text(as_("street").get(f"/monitoring/{one.pk}/"))
    assert "韦*英" in page and "The notice is up until the end of 2023-10-09" in page and "On public notice" in page
    on(monkeypatch, date(2023, 10, 10))
    act("street", "township", note="checked")
    assert "The county migration bureau can do this" in text(as_("street").get(f"/monitoring/{one.pk}/"))
    act("county", "approve", note="")
    one.refresh_from_db()
    assert (one.state, one.due) == ("listed", date(2023, 10, 20))
    assert "Monitored since 2023-10-10" in text(as_("cadre").get("/households/1/"))
    said = {
        "kind": "employment",
        "what": "a post as cleaner",
        "responsible": "罗春燕",
        "due": "2023-11-30",
        "cost": "1,200.50",
        "budget": "county fund",
    }
    page = text(act("cadre", "plan/measure", **said))
    assert "1,200.50" in page and "a post as cleaner" in page
    key = Measure.objects.get().pk
    as_("cadre").post(f"/monitoring/measures/{key}/", {"do": "done", "result": "works since Monday", "version": 1})
    assert "works since Monday" in text(as_("secretary").get(f"/monitoring/{one.pk}/plan/"))
    bring_in()
    assert Line.objects.filter(act="listing.see", about="household:1", by="street").exists()


def test_the_table_and_the_checklist_say_what_the_run_knows(cast: Household) -> None:
    one = proposed()
    page = text(as_("cadre").get(f"/monitoring/{one.pk}/"))
    assert "What the platform knows" in page and "5,000.00 yuan, line 6,900.00 yuan" in page
    Listing.objects.filter(pk=one.pk).update(state="listed", identified_on=date(2023, 1, 1), due=date(2023, 9, 30))
    page = text(as_("cadre").get(f"/monitoring/{one.pk}/"))
    assert "Not yet" in page and "5,000.00 yuan a head, line 6,900.00 yuan" in page and "Propose that the risk is over" not in page
    refused = act("cadre", "end", ending_visited="2023-09-26", ending_found="fine")
    assert refused.status_code == 400 and "Income above the year&#x27;s line: 5,000.00 yuan a head" in text(refused)
    assert "fine" in text(refused)  # what was typed is still there


def test_what_was_typed_stays_where_something_is_wrong(cast: Household) -> None:
    proposed()
    answer = act("cadre", "verify", visited_on="2023-09-25", found_there="two rooms", authorisation=" ")
    assert answer.status_code == 400
    assert "authorisation to query is missing" in text(answer) and "two rooms" in text(answer)
    again = as_("cadre").post("/monitoring/propose/", {"household": 1, "category": "sudden", "note": "lost work", "clue_on": "x"})
    assert again.status_code == 400 and "Day of the lead: choose a day" in text(again) and "on its way already" in text(again)


def test_an_older_page_is_told_who_was_faster(cast: Household) -> None:
    one = proposed()
    said = {"visited_on": "2023-09-25", "found_there": "two rooms", "authorisation": "folder 12", "version": 1}
    assert as_("secretary").post(f"/monitoring/{one.pk}/verify/", said).status_code == 302
    late = as_("cadre").post(f"/monitoring/{one.pk}/verify/", said)
    assert late.status_code == 400 and "secretary recorded the visit" in text(late)


def test_a_notice_is_looked_at_before_it_is_put_up(cast: Household) -> None:
    one = proposed()
    shown = as_("street").get(f"/monitoring/{one.pk}/notice/")
    assert "韦*" in text(shown) and "only as 韦*英" in text(shown) and "It can be put up once the meeting is recorded" in text(shown)
    assert "韦秀英" not in text(shown)
    for address, says in (("3栋 13985912345", "like a mobile number"), ("县医院", "a word of health")):
        answer = as_("street").post(f"/monitoring/{one.pk}/notice/", {"address": address, "place": "gate", "sure": "1"})
        assert answer.status_code == 400
        assert says in text(answer) or "it stands at" in text(answer)
    assert not Notice.objects.exists()


def test_a_notice_prints_while_it_hangs_and_never_after(cast: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    noticed()
    notice = Notice.objects.get()
    page = as_("cadre").get(f"/monitoring/notices/{notice.pk}/")
    assert page.status_code == 200 and "韦*英" in text(page)
    plain = as_("cadre").get(f"/monitoring/notices/{notice.pk}/?plain=1")
    assert plain.headers["Content-Type"].startswith("text/plain") and text(plain).startswith("公示\n")
    on(monkeypatch, date(2023, 10, 10))  # no nightly work has run
    gone = as_("cadre").get(f"/monitoring/notices/{notice.pk}/")
    assert gone.status_code == 400 and "韦*英" not in text(gone) and "no longer up" in text(gone)
    assert "韦*英" not in text(as_("cadre").get(f"/monitoring/{notice.listing_id}/"))
    take_down_notices(on=date(2023, 10, 10), by="night", at=notice.listing.made_at)
    assert as_("cadre").get(f"/monitoring/notices/{notice.pk}/?plain=1").status_code == 400


def test_a_text_somebody_changed_in_the_table_is_not_printed(cast: Household) -> None:
    noticed()
    Notice.objects.update(text_zh="公示\n电话 13985912345\n今天")
    answer = as_("cadre").get(f"/monitoring/notices/{Notice.objects.get().pk}/")
    assert answer.status_code == 400 and "13985912345" not in text(answer)


def test_a_family_whose_risk_is_over_is_looked_after_and_can_be_proposed_anew(cast: Household) -> None:
    one = proposed()
    Listing.objects.update(state="eliminated", identified_on=date(2022, 9, 1), eliminated_on=date(2023, 6, 1), watch_until=date(2023, 12, 1))
    page = text(as_("cadre").get(f"/monitoring/{one.pk}/"))
    assert "looked after until 2023-12-01" in page and "propose it anew" in page and "5,000.00 yuan, line 6,900.00 yuan" in page
    assert "propose it anew" not in text(as_("street").get(f"/monitoring/{one.pk}/"))
    assert "It is listed anew" in text(as_("cadre").get("/monitoring/propose/?household=1"))
    assert proposed().relapse_of_id == one.pk
    assert "Risk over since 2023-06-01" not in text(as_("cadre").get("/households/1/"))  # what stands now comes first


def test_an_objection_is_recorded_and_answered_on_the_page(cast: Household) -> None:
    noticed()
    act("street", "objection", notice=Notice.objects.get().pk, objection="they own a shop", received_on="2023-09-26")
    assert "waits for the answer of the street" in text(as_("cadre").get(f"/monitoring/{Listing.objects.get().pk}/"))
    page = text(act("street", "answer", of=Objection.objects.get().pk, answer="the brother owns it"))
    assert "the brother owns it" in page and "answered" in page


def test_illness_is_told_to_whom_it_is_for(cast: Household) -> None:
    one = proposed()
    assert "Illness" in text(as_("secretary").get(f"/monitoring/{one.pk}/"))
    cadre = text(as_("cadre").get(f"/monitoring/{one.pk}/"))
    assert "Illness" not in cadre and "a large necessary expense" in cadre


@pytest.mark.parametrize("name", ["far", "far_street"])
def test_outside_the_post_nothing_exists(cast: Household, name: str) -> None:
    one = noticed()
    measure, notice = 999, Notice.objects.get().pk
    client = as_(name)
    assert "H0001" not in text(client.get("/monitoring/")) and "韦" not in text(client.get("/monitoring/"))
    for there, nowhere in ((f"/monitoring/{one.pk}/", "/monitoring/999999/"), (f"/monitoring/notices/{notice}/", "/monitoring/notices/999999/"),
                           (f"/monitoring/{one.pk}/plan/", "/monitoring/999999/plan/")):  # fmt: skip
        found, not_found = client.get(there), client.get(nowhere)
        assert (found.status_code, not_found.status_code) == (404, 404)
        assert TOKEN.sub("", text(found)).replace(there, "/") == TOKEN.sub("", text(not_found)).replace(nowhere, "/")
    assert client.get(f"/monitoring/measures/{measure}/").status_code in (403, 404)
    for what in ("verify", "review", "refuse", "township", "objection", "notice"):
        assert act(name, what, reason="no reason", place="x", sure="1").status_code in (403, 404), what


def test_who_may_not_see_monitored_households_learns_nothing(cast: Household) -> None:
    one = proposed()
    for name in ("worker", "teacher"):
        assert as_(name).get("/monitoring/").status_code == 403
        assert as_(name).get(f"/monitoring/{one.pk}/").status_code == 403
        page = text(as_(name).get("/households/1/"))
        assert "monitor" not in page.lower().replace("monitoring line", ""), name


def test_where_it_came_from_sees_and_does_not_act(cast: Household) -> None:
    one = proposed()
    page = text(as_("origin").get(f"/monitoring/{one.pk}/"))
    assert "can do this" in page and "Where the signed authorisation to query lies" not in page
    act("origin", "refuse", reason="not ours")
    one.refresh_from_db()
    assert one.state == "proposed"


STANDING = ("proposed", "noticed", "listed")


def some(first: Household, n: int, **more: Any) -> None:
    home = Household.objects.create(
        id=n, household_code=f"H{n:04}", place_id=3 + n % 2, valid_from=first.valid_from, known_from=first.known_from
    )  # fmt: skip
    said = {"category": ("sudden", "marginal")[n % 3 == 0], "risk_types": ["other"], "source": "visit", "clue_on": DAY, "state_on": DAY}
    Listing.objects.create(household=home, made_at=first.known_from, **(said | more))


def test_the_list_filters_and_pages_by_its_key(cast: Household) -> None:
    first = Household.objects.get()
    for n in range(2, 63):
        state = (*STANDING, "refused")[n % 4]
        some(first, n, state=state, due=DAY + timedelta(days=n - 30) if state != "refused" else None)
    for n in range(63, 93):
        some(first, n, state="proposed", due=None)
    client, seen = as_("county"), []
    url: str | None = "/monitoring/"
    while url:
        page = text(client.get(url))
        seen += re.findall(r'href="/monitoring/(\d+)/"><b>', page)
        more = re.search(r'href="(/monitoring/\?[^"]*after=[^"]*)"', page)
        url = more[1].replace("&amp;", "&") if more else None
    dued = Listing.objects.filter(state__in=STANDING, due__isnull=False).order_by("due", "pk").values_list("pk", flat=True)
    undated = Listing.objects.filter(state__in=STANDING, due=None).order_by("pk").values_list("pk", flat=True)
    assert [int(key) for key in seen] == [*dued, *undated]

    def shown(query: str) -> set[int]:
        return {int(key) for key in re.findall(r'href="/monitoring/(\d+)/"><b>', text(client.get(f"/monitoring/?{query}")))}

    def kept(**more: Any) -> set[int]:
        return set(Listing.objects.filter(**more).values_list("pk", flat=True))

    assert shown("stage=listed") == kept(state="listed")
    assert shown("overdue=1") == kept(due__lt=DAY, state__in=STANDING)
    assert shown("category=marginal&place=C2") == kept(category="marginal", household__place_id=4, state__in=STANDING)
    assert client.get("/monitoring/?after=nonsense&stage=no&place=X").status_code == 200


def test_how_many_statements_the_pages_take(cast: Household, django_assert_num_queries: Any) -> None:
    one = noticed()
    client = as_("street")
    client.get("/monitoring/")
    # session, account, its posts, the day, listings, heads, the numbers of the filters, places and their numbers, the run
    for there in ("/monitoring/", "/monitoring/?stage=open"):
        with django_assert_num_queries(10):
            client.get(there)
    client.get(f"/monitoring/{one.pk}/")
    with django_assert_num_queries(13):
        client.get(f"/monitoring/{one.pk}/")


CHIP = re.compile(r'<a class="chip" href="([^"]*)"( aria-current="\w+")?>(?:▲ )?([^<]*?)(?: <b>([\d,]+)</b>)?</a>')


def test_each_filter_says_how_many_lines_it_shows(cast: Household) -> None:
    first = Household.objects.get()
    for n in range(2, 32):
        some(first, n, state=(*STANDING, "eliminated", "refused")[n % 5], due=DAY + timedelta(days=n - 15) if n % 7 else None)
    some(first, 99, state="listed")
    Household.objects.filter(pk=99).update(place=Place.objects.get(code="U2"))  # of another county
    client = as_("county")

    def lines(there: str) -> int:
        return len(re.findall(r'href="/monitoring/\d+/"><b>', text(client.get(there.replace("&amp;", "&")))))

    told = 0
    for there in ("/monitoring/", "/monitoring/?stage=open&category=sudden", "/monitoring/?overdue=1&place=C2", "/monitoring/?stage=over"):
        for url, chosen, label, n in CHIP.findall(text(client.get(there))):
            assert lines(there if chosen else url) == int(n or 0), (there, label)
            told += int(n or 0) > 0
    assert told > 30
    Listing.objects.exclude(household=99).delete()
    for there in ("/monitoring/", "/monitoring/?place=U2"):
        assert not any(n for *_chip, n in CHIP.findall(text(client.get(there)))), "of another county not even the number"


@pytest.mark.parametrize("name", ["cadre", "street", "county"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_opens_in_both_languages(cast: Household, name: str, lang: str) -> None:
    one = noticed()
    for there in ("/monitoring/", f"/monitoring/{one.pk}/", f"/monitoring/{one.pk}/plan/", f"/monitoring/notices/{Notice.objects.get().pk}/"):
        page = as_(name, lang).get(there)
        assert page.status_code == 200
        if lang == "zh":
            assert "监测对象" in text(page) and "Monitored households" not in text(page)
