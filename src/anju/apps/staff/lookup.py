"""Accounts by their keys, and what they are called."""

from __future__ import annotations

from django.db.models import Case, F, OuterRef, Subquery, When

from anju.apps.prepared.queries import keyed
from anju.apps.staff.models import Account

accounts_by_key = keyed(Account.objects.all())

_SHOWN = Case(When(display_name="", then=F("username")), default=F("display_name"))


def called(column: str, of: str = "pk") -> Subquery:
    """What the account is called whose key, or by `of` whose user name, stands in a column."""
    return Subquery(Account.objects.filter(**{of: OuterRef(column)}).annotate(shown=_SHOWN).values("shown")[:1])
