"""Years of the official calendar as they were loaded, and their days."""

from __future__ import annotations

from django.db import models

HOLIDAY, MAKEUP = "holiday", "makeup"
KINDS = (HOLIDAY, MAKEUP)


class CalendarYear(models.Model):
    """A year as it was loaded once. A correction is a new version, and the earlier one stays with the time at which it was superseded.
    `source` is the announcement it was loaded by, as whoever loaded it has written."""

    year = models.SmallIntegerField()
    version = models.SmallIntegerField()
    source = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    loaded_at = models.DateTimeField()
    loaded_by = models.CharField(max_length=150)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "version"], name="calendar_version"),
            models.UniqueConstraint(fields=["year"], condition=models.Q(superseded_at=None), name="calendar_one_in_force"),
        ]


class CalendarDay(models.Model):
    """A day that is off, or a day of the weekend that is worked. A holiday on a weekend changes nothing and is kept as announced."""

    loaded = models.ForeignKey(CalendarYear, models.CASCADE, related_name="days")
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=[(kind, kind) for kind in KINDS])
    name = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["loaded", "day"], name="calendar_day_once")]
