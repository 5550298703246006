"""One row for each file that was attached to something; the bytes lie encrypted on the disk, once for each content."""

from __future__ import annotations

from django.db import models

PHOTO, DOCUMENT = "photo", "document"
KINDS = (PHOTO, DOCUMENT)


class Attachment(models.Model):
    """`sha256` is of the bytes as they came, so that the same photo is known again; what is stored of a photo is written anew without
    what its camera wrote into it. `about` is what it proves: 'case:12', 'visit:3'. A withdrawn one stays, and is not shown any more."""

    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=[(kind, kind) for kind in KINDS])
    media = models.CharField(max_length=32)  # of what is stored: 'image/jpeg', 'application/pdf'
    size = models.BigIntegerField()  # bytes as they came
    name = models.CharField(max_length=160)
    about = models.CharField(max_length=80)
    by = models.CharField(max_length=150)
    account = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    width = models.IntegerField(null=True)  # of what is stored
    height = models.IntegerField(null=True)
    pages = models.IntegerField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)
    withdrawn_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["about", "sha256"], condition=models.Q(withdrawn_at=None), name="attachment_once"),
        ]
        indexes = [
            models.Index(fields=["about", "at"], name="attachment_about"),
            models.Index(fields=["sha256", "about"], name="attachment_content"),
            models.Index(fields=["at", "id"], name="attachment_at"),
        ]
