"""Deliveries and what they cover. Cell values live in the lake and in encrypted files, never here."""

from __future__ import annotations

from django.db import models


class Delivery(models.Model):
    """A file that was taken in. `receiving` until all of it is written: a killed intake leaves no accepted row.

    With `retry_of` it is no file, but rows of that delivery which were set aside because nobody knew whom they are about, tried
    again and usable since `received_at`. The counts of the first are those of now; these say by how much they changed:
    accepted and duplicates went from refused, `unknown_people` fewer rows name somebody unknown."""

    feed = models.CharField(max_length=8)
    unit = models.CharField(max_length=64, blank=True)  # who sent it; '' for the programme as a whole
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=12, choices=[(s, s) for s in ("receiving", "accepted")], default="receiving")
    received_at = models.DateTimeField()
    valid = models.DateField()
    rows = models.IntegerField(default=0)
    accepted = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    duplicates = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    unknown_people = models.IntegerField(default=0)
    conflicts = models.IntegerField(default=0)  # keys of which another sender says something else; shown, both rows kept
    matched_rate = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    reasons = models.JSONField(default=dict)
    messages = models.JSONField(default=list)
    columns = models.JSONField(default=dict)  # header of the file -> column it was read as
    held_reason = models.TextField(blank=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=100, blank=True)
    confirmed_reason = models.TextField(blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=100, blank=True)
    withdrawn_reason = models.TextField(blank=True)
    recorded_by = models.CharField(max_length=100)
    retry_of = models.ForeignKey("self", models.CASCADE, null=True, related_name="retries")
    expired_at = models.DateTimeField(null=True)  # the file and its rows set aside are gone since; the counts stay

    class Meta:
        indexes = [
            models.Index(fields=["feed", "unit", "received_at"], name="delivery_feed_unit"),
            models.Index(fields=["sha256"], name="delivery_sha256"),
        ]


class Coverage(models.Model):
    """The delivery speaks for this unit (and period), with so many accepted rows."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="coverage")
    unit = models.CharField(max_length=64)
    period = models.IntegerField(null=True)
    rows = models.IntegerField()


class RejectedRow(models.Model):
    """A row set aside about somebody we know: that feature is unknown for them, not absent."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="rejected_rows")
    person_id = models.BigIntegerField(null=True)
    household_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField(null=True)
    period = models.IntegerField(null=True)
    valid = models.DateField(null=True)
    settled_at = models.DateTimeField(null=True)  # the row was taken in after all


class HeaderMapping(models.Model):
    """A header that a sender uses, confirmed once and remembered."""

    feed = models.CharField(max_length=8)
    unit = models.CharField(max_length=64, blank=True)
    header = models.CharField(max_length=200)
    column = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "unit", "header"], name="header_mapping_once")]


class Upload(models.Model):
    """A file sent through the pages, from its arrival to its receipt. Its bytes lie encrypted beside the database until they are taken in.

    With `mends` it is a sheet of rows set aside of `delivery`; otherwise `delivery` is what it became (or `repeats`)."""

    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=[(s, s) for s in ("waiting", "working", "done", "refused", "failed")], default="waiting")
    feed = models.CharField(max_length=8, blank=True)
    unit = models.CharField(max_length=64, blank=True)  # who sends it; '' for the programme as a whole
    valid = models.DateField(null=True)  # the day a list speaks of; null: the day it was received
    received_on = models.DateField(null=True)  # null: the day it is taken in
    first = models.CharField(max_length=40, blank=True)  # the periods a file of events speaks for
    last = models.CharField(max_length=40, blank=True)
    mapping = models.JSONField(default=dict)  # header -> column, as the sender said
    mends = models.BooleanField(default=False)
    by = models.CharField(max_length=100)
    account = models.BigIntegerField(null=True)
    post = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    refusal = models.JSONField(default=dict)  # what, why, remedy, alternatives
    result = models.JSONField(default=dict)
    repeats = models.BooleanField(default=False)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, null=True, related_name="uploads")

    class Meta:
        indexes = [models.Index(fields=["account", "-id"], name="upload_account")]
