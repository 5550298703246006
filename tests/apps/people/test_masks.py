"""A mask gives away nothing that, with what stands readable beside it, would be the number."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from anju.apps.people.models import Identifier, Person
from anju.apps.people.vault import masked_identifier


@pytest.mark.parametrize(
    ("number", "mask"),
    [("522301199001010017", "522301************"), ("522301900101001", "522301*********"), ("AB12", "A***"), ("A", "*"), ("", "")],
)
def test_only_the_beginning_is_shown(number: str, mask: str) -> None:
    assert masked_identifier(number) == mask and len(mask) == len(number)


@pytest.mark.django_db
def test_masks_made_before_are_mended() -> None:
    person = Person.objects.create(id=1, valid_from="2023-01-01", known_from="2023-01-01T00:00Z")
    for n, mask in enumerate(("522301********0017", "AB******12")):
        Identifier.objects.create(id=n, person=person, type="t", value=b"", digest=str(n), masked=mask)
    migration = importlib.import_module("anju.apps.people.migrations.0003_masks_give_nothing_away")
    migration.hide_the_end(apps, SimpleNamespace(connection=connection))
    assert list(Identifier.objects.order_by("id").values_list("masked", flat=True)) == ["522301************", "AB******12"]
