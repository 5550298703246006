"""Somebody is found by every type of number that they have: by whoever searches, by a delivery, and by whoever asks why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from django.conf import settings

from anju.apps.findings.subjects import NoSuchSubject, person_by_identity
from anju.apps.people.models import Household, Identifier, Membership, Person
from anju.apps.people.numbers import persons_of
from anju.apps.people.publish import Directory
from anju.apps.people.search import is_identifying, search_people
from anju.apps.people.vault import Sealer, digest, ensure_keys, masked_identifier
from anju.apps.places.models import Place
from anju.core.contracts.model import Bilingual, IdentifierType
from anju.core.standards.read import load_policy
from anju.core.terms.viewer import Viewer
from anju.lake.identifiers import normalise_any
from anju.lake.intake import validators_of
from apps.people.test_importing import number, register_policy

pytestmark = pytest.mark.django_db
PASSPORT = IdentifierType("passport", Bilingual("Passport", "护照"), "text")
PROGRAMME = replace(register_policy()[1], identifiers=(*register_policy()[1].identifiers, PASSPORT))
SAID = {"valid_from": date(2023, 1, 1), "known_from": datetime(2023, 1, 1, tzinfo=UTC)}


@pytest.fixture(autouse=True)
def two_people() -> None:
    """One has a resident number and a passport, one a telephone as her only number."""
    place = Place.objects.create(id=1, tree="scope", level="community", code="C1", name="C1", path="/1/")
    home, keys = Household.objects.create(id=1, household_code="H1", place=place, **SAID), ensure_keys()
    for key, name in ((1, "甲"), (2, "乙")):
        person = Person.objects.create(id=key, name=name, **SAID)
        Membership.objects.create(id=key, person=person, household=home, start=date(2020, 1, 1), known_from=SAID["known_from"])
    for n, (person_id, kind, text) in enumerate([(1, "cn_resident_id", number(1)), (1, "passport", "E1234"), (2, "cn_phone", "13985912345")]):
        Identifier.objects.create(
            id=n + 1,
            person_id=person_id,
            type=kind,
            value=Sealer(keys).seal(text),
            digest=digest(keys, kind, text),
            masked=masked_identifier(text),
        )


def test_a_search_knows_every_type() -> None:
    viewer = Viewer("w", "grid_worker", ("/1/",))
    for text, who in ((number(1), 1), ("139 8591 2345", 2), (number(2), None)):
        found = [one.person.pk for one in search_people(viewer, text, PROGRAMME) if one.person is not None]
        assert found == ([who] if who else []), text
    assert persons_of("E1234", PROGRAMME) == [1] and persons_of("E9999", PROGRAMME) == []
    assert is_identifying("13985912345", PROGRAMME) and not is_identifying("韦秀英", PROGRAMME)


def test_who_asks_why_may_name_any_number() -> None:
    policy = replace(load_policy(Path(settings.POLICY)), programme=PROGRAMME)
    assert [person_by_identity(policy, text) for text in (number(1), "E1234", "13985912345")] == [1, 1, 2]
    with pytest.raises(NoSuchSubject, match="nobody in the register"):
        person_by_identity(policy, number(2))


def test_a_delivery_may_name_people_by_any_number_they_have() -> None:
    directory = Directory(*PROGRAMME.identifier_names)
    assert directory.kinds == ("cn_resident_id", "cn_phone", "passport")
    given = pa.array([number(1), "13985912345", "E1234", number(2), "E9999"])
    normal, _ = normalise_any(given, validators_of(PROGRAMME, directory))
    assert directory.people(normal).to_pylist() == [1, 2, 1, None, None]


def test_where_all_have_one_type_the_others_are_not_tried() -> None:
    Identifier.objects.exclude(type="cn_resident_id").delete()
    directory = Directory(*PROGRAMME.identifier_names)
    assert directory.kinds == ("cn_resident_id",)
    normal, reasons = normalise_any(pa.array([number(1), "12"]), validators_of(PROGRAMME, directory))
    assert normal.to_pylist() == [number(1), None] and "has 18 characters" in reasons[1].as_py()
