"""Accounts by their keys."""

from __future__ import annotations

from anju.apps.prepared.queries import keyed
from anju.apps.staff.models import Account

accounts_by_key = keyed(Account.objects.all())
