"""The families' pages with a fixed cast: who may see a family sees it, and everybody else cannot tell that it exists."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.people.models import Household, Identifier, Membership, Person
from anju.apps.people.search import search_families
from anju.apps.people.vault import Sealer, digest, ensure_keys
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account, Post
from anju.core.terms.identifiers import check_digit
from anju.core.terms.viewer import STRANGER
from anju.web.layout.current import programme

pytestmark = pytest.mark.django_db
AT = datetime(2023, 1, 1, tzinfo=UTC)
NUMBER = "52230019900101001" + check_digit("52230019900101001")
CAST = {
    "worker": ("grid_worker", "C1", Post.DESTINATION, ""), "neighbour": ("grid_worker", "C2", Post.DESTINATION, ""),
    "secretary": ("first_secretary", "C1", Post.DESTINATION, ""), "inspector": ("county_bureau", "U1", Post.DESTINATION, ""),
    "origin": ("county_bureau", "O1", Post.ORIGIN, ""), "clerk": ("county_department", "U1", Post.DESTINATION, "education"),
    "steward": ("data_steward", "P", Post.DESTINATION, ""),
}  # fmt: skip


@pytest.fixture
def home() -> Household:
    """One family in settlement C1, that came from O1, beside an empty settlement C2."""
    place: dict[str, Place] = {}
    for n, (code, above, level) in enumerate(
        (("P", "", "programme"), ("U1", "P", "unit"), ("C1", "U1", "community"), ("C2", "U1", "community"), ("O1", "P", "unit")), start=1
    ):
        parent = place.get(above)
        path = f"{parent.path if parent else '/'}{n}/"
        place[code] = Place.objects.create(id=n, tree="scope", level=level, code=code, name=code, parent=parent, path=path)
    for name, (role, code, side, department) in CAST.items():
        account = open_account(username=name, display_name=name, password=None, by="test", at=AT)
        give_post(account=account, role=role, place=place[code], side=side, department=department, by="test", at=AT)
    dated = {"valid_from": AT.date(), "known_from": AT}
    home = Household.objects.create(
        id=1, household_code="H0001", place=place["C1"], origin_place=place["O1"], building_no="3", unit_no="2", room_no="501", **dated
    )
    person = Person.objects.create(id=1, name="韦秀英", initials="wxy", birth_date=date(1990, 1, 1), relation_to_head="02", **dated)
    Membership.objects.create(id=1, person=person, household=home, start=date(2019, 1, 1), known_from=AT)
    keys, kind = ensure_keys(), programme().identifiers[0].name
    Identifier.objects.create(
        id=1, person=person, type=kind, value=Sealer(keys).seal(NUMBER), digest=digest(keys, kind, NUMBER), masked="522300************"
    )
    return home


def as_(name: str) -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(Account.objects.get(username=name), backend="anju.apps.staff.signed_in.Backend")
    return client


@pytest.mark.parametrize("name", ["worker", "secretary", "inspector", "origin", "clerk"])
def test_who_looks_after_the_family_sees_it_masked(home: Household, name: str) -> None:
    text = as_(name).get("/households/1/").content.decode()
    assert "韦" in text and "韦秀英" not in text and NUMBER not in text


def test_the_neighbour_cannot_tell_that_it_exists(home: Household) -> None:
    there, nowhere = as_("neighbour").get("/households/1/"), as_("neighbour").get("/households/999/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.content.replace(b"/households/1/", b"") == nowhere.content.replace(b"/households/999/", b"") or b"H0001" not in there.content


def test_a_stranger_is_asked_to_sign_in_and_comes_back(home: Household) -> None:
    answer = Client(HTTP_HOST="127.0.0.1").get("/households/1/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=%2Fhouseholds%2F1%2F")


def test_a_post_without_families_is_told_what_to_do(home: Household) -> None:
    answer = as_("steward").get("/households/")
    assert answer.status_code == 403
    assert "/account/" in answer.content.decode()


@pytest.mark.parametrize("text", ["韦", "韦秀英", "wxy", "WX", "3-2-501", "H0001", "h00"])
def test_search_finds_by_name_initials_address_and_code(home: Household, text: str) -> None:
    client = as_("worker")
    assert "/households/1/" in client.post("/households/", {"q": text}, follow=True).content.decode()
    assert "/households/1/" not in as_("neighbour").post("/households/", {"q": text}, follow=True).content.decode()


def test_a_family_is_found_once_with_its_members_that_match(home: Household, django_assert_num_queries: object) -> None:
    """Also over pages; who left, who does not match and who lives elsewhere are not named."""
    dated = {"valid_from": AT.date(), "known_from": AT}
    for n in range(2, 63):  # families with a mother of an early name and a child of a late one
        Household.objects.create(id=n, household_code=f"H{n:04}", place_id=4 if n == 62 else 3, **dated)
        for key, name in ((n, f"韦一{n:03}"), (100 + n, f"韦子{n}"), (200 + n, "岑玉兰")):
            Person.objects.create(id=key, name=name, initials="w", relation_to_head="51", **dated)
            Membership.objects.create(id=key, person_id=key, household_id=n, start=date(2019, 1, 1), known_from=AT)
    Person.objects.create(id=300, name="韦一", **dated)
    for key, family, more in ((300, 3, {"end": date(2022, 1, 1)}), (301, 4, {"known_to": AT}), (302, 1, {})):
        Membership.objects.create(id=key, person_id=300, household_id=family, start=date(2019, 1, 1), known_from=AT, **more)
    client, seen, url = as_("worker"), [], "/households/?q=韦"
    while url:
        page = client.get(url).content.decode()
        seen += re.findall(r'href="/households/(\d+)/"><div class="a"><b>([^<]*)</b>', page)
        more = re.search(r'href="(/households/\?[^"]*after=[^"]*)"', page)
        url = more[1].replace("&amp;", "&") if more else ""
    assert [int(key) for key, _names in seen] == list(range(1, 62)), "each once, and none of the next community"
    assert dict(seen)["1"] == "韦*, 韦**" and {names for _key, names in seen[1:9]} == {"韦****, 韦**"}
    with django_assert_num_queries(7):  # type: ignore[operator]  # session, account, post, families in order, members, run, unread
        client.get("/households/?q=韦")


def test_a_number_is_found_and_stands_in_no_address(home: Household) -> None:
    answer = as_("worker").post("/households/", {"q": NUMBER.lower()})
    assert answer.status_code == 200
    assert "/households/1/" in answer.content.decode() and NUMBER not in answer.content.decode()
    assert as_("worker").get("/households/", {"q": NUMBER})["Location"] == "/households/"
    assert "/households/1/" not in as_("neighbour").post("/households/", {"q": NUMBER}).content.decode()


def test_a_stranger_finds_nobody(home: Household) -> None:
    assert search_families(STRANGER, "韦", programme()) == []


def test_the_head_is_marked_and_is_whom_the_register_names(home: Household) -> None:
    mark, dated = '<span class="tag met">Head of the household</span>', {"valid_from": AT.date(), "known_from": AT}
    mother = Person.objects.create(id=2, name="岑玉兰", birth_date=date(1960, 1, 1), relation_to_head="51", **dated)
    Membership.objects.create(id=2, person=mother, household=home, start=date(2019, 1, 1), known_from=AT)
    page = as_("worker").get("/households/1/").content.decode()
    assert page.count(mark) == 1 and f"<td>韦**</td><td>{mark}</td>" in page and "The family of 韦**" in page
    named, keys, kind = "522300196001010021", ensure_keys(), programme().identifiers[0].name
    Household.objects.update(head_digest=digest(keys, kind, named))
    page = as_("worker").get("/households/1/").content.decode()
    assert page.count(mark) == 1 and "somebody who is not a member" not in page  # whom nobody knows the register has not named
    Identifier.objects.create(id=2, person=mother, type=kind, value=Sealer(keys).seal(named), digest=digest(keys, kind, named), masked="5223*")
    page = as_("worker").get("/households/1/").content.decode()
    assert page.count(mark) == 1 and f"<td>岑**</td><td>{mark}</td>" in page and "The family of 岑**" in page
    Membership.objects.filter(person=mother).delete()
    page = as_("worker").get("/households/1/").content.decode()
    assert mark not in page and "somebody who is not a member" in page and "岑" not in page


def test_a_look_stands_in_the_journal_and_on_the_page(home: Household) -> None:
    as_("worker").get("/households/1/")
    as_("neighbour").get("/households/1/")
    bring_in()
    assert list(Line.objects.filter(about="household:1").values_list("act", "about", "by")) == [("household.see", "household:1", "worker")]
    Account.objects.filter(username="worker").update(display_name="罗春燕")
    assert "罗春燕 · opened the page" in as_("secretary").get("/households/1/").content.decode()
    assert "Who looked" not in as_("worker").get("/households/1/").content.decode()


def test_a_number_is_shown_for_a_reason_that_is_kept(home: Household) -> None:
    client = as_("secretary")
    assert client.post("/households/1/reveal/1/", {"reason": ""}).status_code == 400
    assert NUMBER in client.post("/households/1/reveal/1/", {"reason": "visit"}).content.decode()
    bring_in()
    line = Line.objects.get(act="person.reveal")
    assert (line.about, line.by, line.detail["reason"]) == ("person:1", "secretary", "visit")


def test_who_may_not_lift_the_mask_cannot(home: Household) -> None:
    assert as_("worker").post("/households/1/reveal/1/", {"reason": "visit"}).status_code == 403
    assert as_("neighbour").post("/households/1/reveal/1/", {"reason": "visit"}).status_code in (403, 404)
    bring_in()
    assert not Line.objects.filter(act="person.reveal").exists()


def test_pages_ask_the_database_a_fixed_number_of_times(home: Household, django_assert_num_queries: object) -> None:
    client = as_("worker")
    client.get("/households/1/")
    with django_assert_num_queries(13):  # type: ignore[operator]  # session, account, post, household, run, members, cases, unread; what
        # happened: alerts, events, versions of the household and its people; numbers
        client.get("/households/1/")


def test_the_families_opened_last_are_remembered_for_this_account_in_this_browser(home: Household, django_assert_num_queries: object) -> None:
    client = as_("worker")
    with django_assert_num_queries(13):  # type: ignore[operator]  # a page that only reads writes nothing, not even that it was opened
        client.get("/households/1/")
    assert "H0001" in client.get("/households/").content.decode()
    for other in ("secretary", "neighbour"):  # who signs in at the same device afterwards
        theirs = as_(other)
        theirs.cookies["last_families"] = client.cookies["last_families"].value
        assert "H0001" not in theirs.get("/households/").content.decode(), other
    forged = as_("worker")
    forged.cookies["last_families"] = "1"
    assert "H0001" not in forged.get("/households/").content.decode()
    client.post("/sign-out/")
    assert not client.cookies["last_families"].value
