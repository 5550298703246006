"""Answers kept under an Idempotency-Key, so that what was asked twice is done once."""

from __future__ import annotations

from django.db import models

from anju.apps.staff.models import Token


class KeptAnswer(models.Model):
    """A key that a token has used. `claim` names the request that is at work on it, '' once that has ended. Without a `status` the
    answer is not kept (it would hold what is shown for a reason only), and asking again does it again."""

    token = models.ForeignKey(Token, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)  # keyed, of method, address and body
    claim = models.CharField(max_length=32, blank=True)
    made_at = models.DateTimeField(db_index=True)
    status = models.SmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)  # sealed with the data key

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="kept_answer_once")]
