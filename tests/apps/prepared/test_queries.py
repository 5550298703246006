"""A prepared query finds what Django's own finds, whatever the values, in one query and on any thread."""

from __future__ import annotations

from datetime import date
from threading import Thread
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Count, Q, QuerySet
from django.test.utils import CaptureQueriesContext

from anju.apps.places.models import Place
from anju.apps.prepared.queries import prepared
from anju.apps.staff.models import Account, Post

OF_PLACES = pytest.mark.usefixtures("places")


@prepared
def held(account: int, day: date) -> QuerySet[Post]:
    return Post.objects.filter(Q(end=None) | Q(end__gt=day), account=account, start__lte=day).select_related("place").order_by("pk")


@prepared
def named(names: list[str]) -> QuerySet[Place]:
    return Place.objects.filter(name__in=names).order_by("pk")


@prepared
def of_accounts(keys: list[int]) -> QuerySet[Post]:
    return Post.objects.filter(account__in=keys).order_by("pk")


@prepared
def inside(bounds: tuple[tuple[str, str], ...]) -> QuerySet[Place, tuple[str, int]]:
    found = Q(pk__in=[])
    for low, high in bounds:
        found |= Q(path__gte=low, path__lt=high)
    return Place.objects.filter(found).order_by("pk").values_list("name", "pk")


@prepared
def counted(level: str) -> QuerySet[Place, dict[str, Any]]:
    return Place.objects.filter(level=level).values("level").annotate(n=Count("pk")).order_by()


@pytest.fixture
def places(db: None) -> None:
    build()


def build() -> None:
    for key, name in ((1, "甲"), (2, "乙"), (3, "丙"), (4, "丁")):
        Place.objects.create(id=key, tree="scope", level="unit" if key < 4 else "street", code=f"C{key}", name=name, path=f"/{key}/")
    for key in (1, 2):
        account = Account.objects.create(id=key, username=f"a{key}")
        for place, start, end in ((1, 1, None), (2, 1, 10), (3, 20, None)):
            Post.objects.create(account=account, place_id=place, role="grid_worker", start=date(2023, 1, start), end=end and date(2023, 1, end))


@OF_PLACES
def test_the_same_rows_with_their_related_ones_for_other_values() -> None:
    for account in (1, 2, 3):
        for day in (date(2023, 1, 5), date(2023, 1, 10), date(2023, 1, 25)):
            own = list(held.build(account, day))
            with CaptureQueriesContext(connection) as asked:
                found = held(account, day)
                names = [post.place.name for post in found]
            assert found == own and names == [post.place.name for post in own]
            assert len(asked) == 1


@OF_PLACES
def test_a_list_of_any_length() -> None:
    for names in ([], ["甲"], ["甲", "丙", "无"], ["甲", "乙", "丙", "丁", "无"]):
        assert named(names) == (list(named.build(names)) if names else [])
    assert len(of_accounts([*range(1, 1_500)])) == 6 and len(of_accounts([*range(2, 1_500)])) == 3
    assert len(of_accounts([1, 2])) == 6 and len(of_accounts([2])) == 3 and of_accounts([]) == []


@OF_PLACES
def test_a_tuple_is_taken_apart_and_none_of_it_finds_nothing() -> None:
    assert inside((("/1/", "/10"), ("/3/", "/30"))) == [("甲", 1), ("丙", 3)]
    assert inside((("/2/", "/20"),)) == [("乙", 2)]
    with CaptureQueriesContext(connection) as asked:
        assert inside(()) == []
    assert len(asked) == 0


@OF_PLACES
def test_values_and_numbers_as_django_gives_them() -> None:
    assert counted("unit") == [{"level": "unit", "n": 3}]
    assert counted("street") == [{"level": "street", "n": 1}]
    assert counted.first("county") is None


@OF_PLACES
def test_none_equals_nothing() -> None:
    Account.objects.filter(pk=1).update(display_name="x")
    assert held(None, date(2023, 1, 5)) == []  # type: ignore[arg-type]


@OF_PLACES
def test_a_value_is_a_value_and_never_sql() -> None:
    assert named(["甲' OR '1'='1", '"; DROP TABLE places_place; --', "%s"]) == []
    assert Place.objects.count() == 4


@pytest.mark.usefixtures("file_database")
def test_another_thread_asks_on_its_own_connection() -> None:
    build()
    assert len(held(1, date(2023, 1, 5))) == 2
    seen: list[Any] = []

    def ask() -> None:
        seen.append([post.pk for post in held(2, date(2023, 1, 5))])
        seen.append(connections["default"])
        connections.close_all()

    thread = Thread(target=ask)
    thread.start()
    thread.join(20)
    assert len(seen[0]) == 2 and seen[1] is not connections["default"]
