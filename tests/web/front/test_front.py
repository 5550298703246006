"""The first screen, the doors of a sample deployment and the week that may pass on it; and that no other deployment has them."""

from __future__ import annotations

import html
import json
import re
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from anju.apps.findings.models import FamilyCount, Run
from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account
from anju.apps.staff.permissions import ROLES
from anju.sample.accounts import CAST, make_accounts
from anju.sample.families import GIRL
from anju.web.front import week

pytestmark = pytest.mark.django_db
AT = datetime(2023, 1, 1, tzinfo=UTC)
PASSWORD = "a long pass-phrase"


@pytest.fixture
def places() -> dict[str, Place]:
    found: dict[str, Place] = {}
    above_of = {"programme": "", "unit": "programme", "street": "unit", "community": "street", "grid": "community"}
    for n, (level, above) in enumerate(above_of.items(), start=1):
        parent = found.get(above)
        path = f"{parent.path if parent else '/'}{n}/"
        found[level] = Place.objects.create(id=n, tree="scope", level=level, code=level, name=f"a {level}", parent=parent, path=path)
    return found


@pytest.fixture
def run(places: dict[str, Place]) -> Run:
    run = Run.objects.create(
        day=date(2023, 9, 26), known_at=AT, policy_digest="p", registry_digest="r", manifest_digest="m", folder="runs/1", started_at=AT,
        finished_at=AT, started_by="test", current=True,
    )  # fmt: skip
    FamilyCount.objects.create(run=run, place_id=places["programme"].pk, in_place=1200, put_right=30, not_known=4)
    for level in ("community", "grid"):
        FamilyCount.objects.create(run=run, place_id=places[level].pk, in_place=20, put_right=7, not_known=0)
    return run


@pytest.fixture
def sample(run: Run, places: dict[str, Place], settings: Any) -> Client:
    """A sample deployment with its accounts, asked from the machine itself."""
    Household.objects.create(id=1, household_code=GIRL.code, place=places["grid"], valid_from=AT.date(), known_from=AT)
    assert make_accounts(by="test") == len(CAST)
    settings.SAMPLE = True
    settings.DATA.mkdir(parents=True, exist_ok=True)
    return Client(HTTP_HOST="127.0.0.1:8000")


def signed_in(role: str, place: Place) -> Client:
    account = open_account(username="someone", display_name="Someone", password=None, by="test", at=AT)
    department = "education" if ROLES[role].of_department else ""
    give_post(account=account, role=role, place=place, by="test", at=AT, department=department)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(account, backend="anju.apps.staff.signed_in.Backend")
    return client


def test_everybody_may_look_at_the_first_screen_of_a_sample(sample: Client) -> None:
    text = sample.get("/").content.decode()
    for shown in ("1,234 resettled families", "1,200", "2023-09-26", "Sample data", "7 families have something to put right", "Let a week pass"):
        assert shown in text


def test_the_first_screen_in_chinese(sample: Client) -> None:
    sample.cookies["django_language"] = "zh-hans"
    text = sample.get("/").content.decode()
    assert "1,234\u00a0户搬迁家庭" in text  # the number and its word stay on one line
    assert "演示数据" in text


def test_a_stranger_sees_nothing_of_a_real_deployment_but_the_way_to_sign_in(run: Run, settings: Any) -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert client.get("/week/").status_code == 404


def test_a_sample_asked_from_elsewhere_is_like_a_real_deployment(sample: Client) -> None:
    assert sample.get("/", REMOTE_ADDR="10.0.0.7")["Location"] == "/sign-in/"
    assert sample.get("/", HTTP_X_FORWARDED_FOR="10.0.0.7")["Location"] == "/sign-in/"


@pytest.mark.parametrize("role", [part.role for part in CAST])
def test_a_door_lets_in_as_the_sample_account_of_its_role(sample: Client, role: str) -> None:
    answer = sample.post("/come-in/", {"role": role})
    assert answer.status_code == 302
    assert Account.objects.get(pk=sample.session["_auth_user_id"]).posts.get().role == role
    line = Line.objects.get(act="account.sample_door")
    assert line.detail == {"role": role}


def test_a_door_leads_to_the_page_asked_for_and_never_off_the_site(sample: Client) -> None:
    assert sample.post("/come-in/", {"role": "first_secretary", "next": "/households/1/"})["Location"] == "/households/1/"
    assert sample.post("/come-in/", {"role": "first_secretary", "next": "//elsewhere.example/"})["Location"].startswith("/")
    assert "elsewhere" not in sample.post("/come-in/", {"role": "first_secretary", "next": "https://elsewhere.example/"})["Location"]


@pytest.mark.parametrize(
    "sent",
    [{"REMOTE_ADDR": "10.0.0.7"}, {"HTTP_X_FORWARDED_FOR": "10.0.0.7"}, {"HTTP_HOST": "anju.example"}],
    ids=["another machine", "through a proxy", "under another name"],
)
def test_doors_are_closed_to_whoever_is_not_at_the_machine(sample: Client, settings: Any, sent: dict[str, str]) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "anju.example"]
    for path in ("/come-in/", "/week/pass/"):
        assert sample.post(path, {"role": "leader"}, **sent).status_code == 404
    assert "_auth_user_id" not in sample.session


def test_doors_are_closed_on_a_real_deployment(sample: Client, settings: Any) -> None:
    settings.SAMPLE = False
    assert sample.post("/come-in/", {"role": "leader"}).status_code == 404
    assert sample.post("/week/pass/").status_code == 404


def test_a_door_opens_no_account_that_has_a_password(sample: Client) -> None:
    account = Account.objects.get(username="sample-leader")
    account.set_password(PASSWORD)
    account.save()
    assert sample.post("/come-in/", {"role": "leader"}).status_code == 404


def test_accounts_are_made_once_with_the_place_of_their_role(sample: Client, places: dict[str, Place]) -> None:
    assert make_accounts(by="test") == 0
    assert {part.role for part in CAST} == set(ROLES)
    grid = Account.objects.get(username="sample-grid")
    assert (grid.posts.get().place, grid.has_usable_password()) == (places["grid"], False)
    assert "演示" in grid.display_name


@pytest.mark.parametrize("role", ROLES)
def test_every_link_of_the_first_screen_opens_for_whoever_sees_it(run: Run, places: dict[str, Place], role: str) -> None:
    """A grid worker sees no situation, a leader no list of families and no case."""
    client = signed_in(role, places["grid"])
    main = client.get("/").content.decode().split("<main")[1]
    links = {html.unescape(one) for one in re.findall(r'<a class="(?:tile|door)" href="([^"]+)"', main)}
    assert links and {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
    if "situation.see" not in ROLES[role].may and "household.see" in ROLES[role].may:
        assert 'href="/situation/?' not in client.get("/situation/families/?state=in_place").content.decode()


def test_who_is_signed_in_on_a_sample_stays_who_she_is(sample: Client) -> None:
    sample.post("/come-in/", {"role": "grid_worker"})
    text = sample.get("/").content.decode()
    assert "27 resettled families" in text and '<a class="tile" href="/situation/families/?state=in_place"' in text
    assert "Come in as" in text  # and may become another, by its door


def test_one_sees_the_numbers_of_ones_own_place(run: Run, places: dict[str, Place]) -> None:
    text = signed_in("first_secretary", places["community"]).get("/").content.decode()
    assert "27 resettled families" in text
    assert "1,234" not in text


def test_the_administrator_sees_no_families(run: Run, places: dict[str, Place]) -> None:
    text = signed_in("administrator", places["programme"]).get("/").content.decode()
    assert "it sees no families" in text
    assert "1,234" not in text


def test_the_first_screen_asks_the_database_for_little(sample: Client, django_assert_num_queries: Any) -> None:
    sample.get("/")
    with django_assert_num_queries(6):  # the run, the programme, its alerts, posts of the doors, their families, deliveries held
        sample.get("/")


def test_before_the_first_run_the_page_says_how_far_the_sample_is(settings: Any, places: dict[str, Place]) -> None:
    settings.SAMPLE = True
    settings.DATA.mkdir(parents=True)
    client = Client(HTTP_HOST="127.0.0.1")
    assert "No day has been judged yet" in client.get("/").content.decode()
    (settings.DATA / "progress.json").write_text(json.dumps({"title": "taking in", "done": 12, "of": 30}))
    assert week.start([sys.executable, "-c", "import time; time.sleep(3)"])
    text = client.get("/").content.decode()
    assert "The sample is being prepared" in text
    assert 'http-equiv="refresh"' in text
    assert "minutes left" not in text
    begun = time.time() - 200
    said = {"title": "taking in", "done": 12, "of": 30, "begun": begun, "since": begun + 30}
    (settings.DATA / "progress.json").write_text(json.dumps(said))
    text = client.get("/").content.decode()
    assert text.count('<li class="done">') == 2 and '<li class="now">Taking files in</li>' in text
    assert "About 5 minutes left" in text


def finished() -> None:
    for _ in range(200):
        if not week.at_work():
            return
        time.sleep(0.05)
    raise AssertionError("the work did not end")


def test_while_the_days_before_its_own_are_lived_no_page_of_theirs_is_shown(sample: Client, settings: Any) -> None:
    """A run of May stands already, and is not the sample."""
    assert week.start([sys.executable, "-c", "import time; time.sleep(3)"], week.PREPARED)
    assert "The sample is being prepared" in sample.get("/").content.decode()
    for _ in range(100):
        if not week.at_work():
            break
        time.sleep(0.1)
    assert (settings.DATA / week.PREPARED).exists()
    assert "1,234 resettled families" in sample.get("/").content.decode()


def test_a_small_prefecture_says_how_far_the_whole_one_is(sample: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    monkeypatch.setenv(week.WHOLE, str(whole))
    assert "It has just begun." in sample.get("/").content.decode()
    (whole / week.PROGRESS).write_text(json.dumps({"title": "taking in", "done": 86, "of": 343}), encoding="utf-8")
    assert "86 of 343" in sample.get("/").content.decode()
    assert "86 of 343" in sample.get("/whole/").content.decode()
    assert "86／343" in sample.get("/", headers={"accept-language": "zh-hans"}).content.decode()


def test_a_small_prefecture_says_why_the_whole_one_does_not_come(sample: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(week.WHOLE, str(tmp_path))
    (tmp_path / f".{week.PREPARED}").touch()
    (tmp_path / week.COMPLAINT).write_text("…\nthe disk is full\n", encoding="utf-8")
    assert "the disk is full" in sample.get("/whole/").content.decode()


def test_the_whole_one_in_its_place_has_the_page_loaded_anew(sample: Client, settings: Any) -> None:
    assert 'id="whole"' not in sample.get("/").content.decode()
    assert sample.get("/whole/").headers["HX-Refresh"] == "true"
    settings.SAMPLE = False
    assert sample.get("/whole/").status_code == 404


def test_one_week_at_a_time_and_then_what_changed(sample: Client, settings: Any, tmp_path: Path) -> None:
    gate, result = (
        tmp_path / "gate",
        {"day": "2023-10-03", "deliveries": {"new": 5, "rows": 1200, "set_aside": 3}, "counts": {"opened": 2, "ended": 1}},
    )
    script = f"import pathlib,time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)\nprint({json.dumps(result)!r})"
    assert week.start([sys.executable, "-c", script])
    assert not week.start([sys.executable, "-c", script])
    folder = settings.DATA / "sample" / "20000-24-1"
    folder.mkdir(parents=True)
    (folder / "truth.json").write_text("{}")
    refused = sample.post("/week/pass/")
    assert refused.status_code == 409
    assert "A week is passing already" in refused.content.decode()
    assert 'http-equiv="refresh"' in sample.get("/week/").content.decode()
    gate.touch()
    finished()
    text = sample.get("/week/").content.decode()
    for shown in ("2023-10-03", "1,200 rows", "2 matters are new"):
        assert shown in text


def test_a_week_that_fails_says_why(sample: Client) -> None:
    assert week.start([sys.executable, "-c", "import sys; sys.exit('the disk is full')"])
    finished()
    assert "the disk is full" in sample.get("/week/").content.decode()


def test_the_command_asks_for_the_sample_that_was_built() -> None:
    command = week.command_of(Path("sample/338506-24-2-drafts"))
    assert command[2:] == ["anju", "demo", "--people", "338506", "--months", "24", "--monthly", "2", "--drafts", "--advance", "7", "--json"]
