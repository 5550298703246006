"""Reports of trouble with their receipt numbers, before they become somebody's case."""

from __future__ import annotations

from django.db import models

from anju.apps.discovery.states import RECEIVED
from anju.apps.places.models import Place


class Receipts(models.Model):
    """The last number given in a year: moved by the transaction that uses it, so that none is lost and none is given twice."""

    prefix = models.CharField(max_length=16)
    year = models.IntegerField()
    last = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prefix", "year"], name="receipts_once")]


class Report(models.Model):
    """Trouble somebody told of. `household_id` is None where no family is meant, or the address named none.

    `owner`: the department of the standard it seems to be about, '' where nobody said. `address` as it was given. The declarer's
    telephone is sealed under data.key. `taken_up_as`: 'case:12'. A report is declined by one person and a second who agrees."""

    receipt = models.CharField(max_length=40, unique=True)
    channel = models.CharField(max_length=12)
    state = models.CharField(max_length=12, default=RECEIVED)
    household_id = models.BigIntegerField(null=True)
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    path = models.CharField(max_length=200)
    origin_path = models.CharField(max_length=200, null=True)
    address = models.CharField(max_length=100, blank=True)
    standard = models.CharField(max_length=8, blank=True)
    owner = models.CharField(max_length=40, blank=True)
    words = models.CharField(max_length=2000)
    anonymous = models.BooleanField(default=False)
    declarer = models.CharField(max_length=100, blank=True)
    phone = models.BinaryField(null=True)
    phone_masked = models.CharField(max_length=32, blank=True)
    about = models.CharField(max_length=40, blank=True)  # 'visit:7', where it was found there

    received_at = models.DateTimeField()
    reported_by = models.CharField(max_length=150)
    reported_account = models.BigIntegerField(null=True)
    reported_role = models.CharField(max_length=32, blank=True)
    client_key = models.CharField(max_length=64, null=True, unique=True)  # a form that is sent twice is one report
    request_id = models.CharField(max_length=64, null=True, unique=True)  # of a hotline's row

    taken_up_as = models.CharField(max_length=40, blank=True)
    taken_up_by = models.CharField(max_length=150, blank=True)
    taken_up_at = models.DateTimeField(null=True)
    decline_reason = models.CharField(max_length=400, blank=True)
    declined_by = models.CharField(max_length=150, blank=True)
    declined_account = models.BigIntegerField(null=True)
    agreed_by = models.CharField(max_length=150, blank=True)
    declined_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        indexes = [
            # with the channel and the owner: reports are counted by these without reading the words of each
            models.Index(fields=["state", "path", "channel", "owner"], name="report_path_numbers"),
            models.Index(fields=["state", "origin_path", "channel", "owner"], name="report_origin_numbers"),
            models.Index(fields=["household_id", "id"], name="report_household"),
            models.Index(fields=["reported_account", "id"], name="report_by"),
        ]


class Hearing(models.Model):
    """What became of the hotline's requests of the last `days` after a run: new reports, reports already, settled by the hotline itself,
    and such as name neither a family nor a place of ours. Its row is written with the reports, so that a run is heard once."""

    run = models.BigIntegerField(unique=True)
    day = models.DateField()
    days = models.IntegerField()
    heard_at = models.DateTimeField()
    new = models.IntegerField()
    known = models.IntegerField()
    settled = models.IntegerField()
    nowhere = models.IntegerField()

    @property
    def taken(self) -> int:
        return self.new + self.known
