"""What is asked twice under one Idempotency-Key is done once.

A request claims its key in a transaction of its own, so that another sees it; then the act and its kept answer become true in one
transaction. Whoever is killed in between leaves a claim and nothing else: when the claim is too old, the next to come takes it over, and
the first, should it live after all, finds its claim gone and rolls back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.api.models import KeptAnswer
from anju.api.problems import Problem, wrong
from anju.apps.people.vault import Sealer, ensure_keys
from anju.apps.people.vault import digest as keyed
from anju.apps.staff.models import Token

HEADER = "Idempotency-Key"
LONGEST = 200
KEPT = timedelta(hours=24)
CLAIMED = timedelta(seconds=60)  # after which a request that has not ended counts as killed
HEADERS = ("Content-Type", "Location", "Link")  # of an answer, kept with it


class _Overtaken(Exception):
    """The claim was taken over: what this request did must not become true."""


def once(
    request: HttpRequest, token: Token, run: Callable[[], HttpResponse], *, kept: bool, whole: bool, digest: Callable[[HttpRequest], str]
) -> HttpResponse:
    """`run`, or the answer it gave before. An answer that refuses changed nothing, and frees its key. Raises Problem."""
    key = request.headers.get(HEADER)
    if key is None:
        return _whole(run) if whole else run()
    if not 1 <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise wrong((f"header.{HEADER}", _("is not 1 to %(most)s printable ASCII characters") % {"most": LONGEST}))
    # a body may hold a number of a person: under a plain hash it could be guessed from a stolen copy of the table
    print_ = keyed(ensure_keys(), "request", f"{request.method} {request.get_full_path()} {digest(request)}")
    found = _claim(token, key, print_, timezone.now())
    if isinstance(found, KeptAnswer):
        return _again(found)
    pk, claim = found
    try:
        with transaction.atomic() if whole else nullcontext():
            response = run()
            good = response.status_code < 400
            if good:
                _keep(pk, claim, response, kept=kept)
            elif whole:
                transaction.set_rollback(True)
    except _Overtaken:
        raise Problem("under-way", headers={"Retry-After": "1"}) from None
    except BaseException:
        _free(pk, claim)
        raise
    if not good:
        _free(pk, claim)
    return response


def _whole(run: Callable[[], HttpResponse]) -> HttpResponse:
    with transaction.atomic():
        response = run()
        if response.status_code >= 400:
            transaction.set_rollback(True)
    return response


def _claim(token: Token, key: str, print_: str, now: datetime) -> KeptAnswer | tuple[int, str]:
    """The answer kept, or the key's row and the claim on it."""
    claim = uuid4().hex
    row = KeptAnswer.objects.filter(token=token, key=key, made_at__gt=now - KEPT).first()
    if row is None:
        try:
            with transaction.atomic():
                KeptAnswer.objects.filter(made_at__lte=now - KEPT).delete()
                return KeptAnswer.objects.create(token=token, key=key, fingerprint=print_, claim=claim, made_at=now).pk, claim
        except IntegrityError:  # of two at once, this is the other
            row = KeptAnswer.objects.filter(token=token, key=key).first()
    if row is None:  # the other was refused in this very moment
        raise Problem("under-way", headers={"Retry-After": "1"})
    if row.fingerprint != print_:
        raise Problem("key-reused")
    if not row.claim and row.status is not None:
        return row
    left = (row.made_at + CLAIMED - now).total_seconds()
    if row.claim and left > 0:
        raise Problem("under-way", headers={"Retry-After": str(max(1, math.ceil(min(left, 5))))})
    if not KeptAnswer.objects.filter(pk=row.pk, claim=row.claim, status=None).update(claim=claim, made_at=now):
        raise Problem("under-way", headers={"Retry-After": "1"})
    return row.pk, claim


def _keep(pk: int, claim: str, response: HttpResponse, *, kept: bool) -> None:
    """The answer beside the act, in the same transaction. Raises _Overtaken where another has taken the key over."""
    values: dict[str, Any] = {"claim": ""}
    if kept:
        values |= {
            "status": response.status_code, "headers": {name: response.headers[name] for name in HEADERS if name in response.headers},
            "body": Sealer(ensure_keys()).seal(response.content.decode()),
        }  # fmt: skip
    if not KeptAnswer.objects.filter(pk=pk, claim=claim).update(**values):
        raise _Overtaken


def _free(pk: int, claim: str) -> None:
    KeptAnswer.objects.filter(pk=pk, claim=claim).delete()


def _again(row: KeptAnswer) -> HttpResponse:
    body = Sealer(ensure_keys()).open(bytes(row.body)) if row.body is not None else ""
    headers = {**row.headers, "Idempotency-Replayed": "true"}
    return HttpResponse(body, status=row.status, headers=headers)
