"""Who may read findings: a scope is a range of paths, and a stranger has none."""

from __future__ import annotations

import pytest

from anju.apps.findings.models import Finding
from anju.apps.findings.queries import findings_in_scope
from anju.core.terms.viewer import STRANGER, Viewer


@pytest.fixture
def three(db: None) -> None:
    for n, path in enumerate(("/1/4/17/", "/1/4/170/", "/1/5/18/"), start=1):
        Finding.objects.create(
            standard="ED-01", subject="person", subject_id=n, path=path, breach="out", level="red", at_least=False, evidence="{}",
            opened_by_run=1, changed_by_run=1,
        )  # fmt: skip


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(("scopes", "seen"), [(("/1/4/17/",), {1}), (("/1/4/",), {1, 2}), (("/1/5/", "/1/4/17/"), {1, 3}), (("/",), {1, 2, 3})])
def test_a_viewer_sees_what_lies_below_her_places(scopes: tuple[str, ...], seen: set[int]) -> None:
    viewer = Viewer(name="worker", scopes=scopes)
    assert {f.subject_id for f in findings_in_scope(viewer)} == seen


@pytest.mark.usefixtures("three")
def test_a_stranger_sees_nothing() -> None:
    assert not findings_in_scope(STRANGER).exists()


@pytest.mark.usefixtures("three")
def test_a_page_of_findings_is_one_query(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        list(findings_in_scope(Viewer(name="bureau", scopes=("/1/",)))[:50])
