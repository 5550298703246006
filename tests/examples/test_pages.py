"""Another programme on the screen: its own places, feeds and standards, no rules of cases, visits or monitoring. Every page answers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner
from django.test import Client

from anju.apps.findings import current
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.actions import open_account
from anju.apps.staff.models import Account, Post
from anju.cli.main import main
from anju.web.front import story
from anju.web.visits import known
from examples.test_household_survey import EXAMPLE, SMALL

PAGES = ("/", "/situation/", "/situation/families/", "/standards/", "/standards/WS-01/", "/households/", "/households/?q=bbb", "/work/",
         "/work/baselines/", "/cases/", "/supervision/", "/deliveries/", "/deliveries/receipts/", "/visits/", "/monitoring/", "/reports/",
         "/reports/new/")  # fmt: skip


@pytest.mark.django_db
def test_every_page_of_another_programme_answers(settings: object, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (current, known, story):  # a process reads its policy once
        monkeypatch.setattr(module, "_kept", {})
    settings.POLICY = EXAMPLE / "policy"  # type: ignore[attr-defined]
    files, mapping = [str(file) for file in sorted(SMALL.glob("*.csv"))], str(EXAMPLE / "mapping.yaml")
    for words in (["people", "import", *files, "--mapping", mapping, "--received-at", "2024-01-15"], ["run", "--as-of", "2023-12-31"]):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
    open_account(username="wei", display_name="wei", password="set by the office", by="test", at=datetime.now(UTC))
    Account.objects.update(must_change_password=False)
    root = Place.objects.get(tree="scope", parent=None)
    Post.objects.create(account=Account.objects.get(), role="prefecture_bureau", place=root, side="destination", start=date(2023, 1, 1))
    client.force_login(Account.objects.get())
    homes = [f"/households/{home}/" for home in Household.objects.values_list("pk", flat=True)]
    assert {page: client.get(page, follow=True).status_code for page in (*PAGES, *homes)} == dict.fromkeys((*PAGES, *homes), 200)
