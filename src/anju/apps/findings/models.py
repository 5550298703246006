"""Runs, the breaches of the last whole run, and counts by standard and place. Every answer lies in the run's Parquet."""

from __future__ import annotations

from django.db import models


class Run(models.Model):
    """A run is whole when `finished_at` is set; `current` marks the one whose findings stand in the table."""

    day = models.DateField()
    known_at = models.DateTimeField()
    policy_digest = models.CharField(max_length=64)
    registry_digest = models.CharField(max_length=64)
    manifest_digest = models.CharField(max_length=64)
    folder = models.CharField(max_length=300)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=100)
    replay = models.BooleanField(default=False)  # of a day before the current one: changes no finding
    current = models.BooleanField(default=False)
    counts = models.JSONField(default=dict)
    seconds = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["current"], condition=models.Q(current=True), name="one_current_run")]


class Finding(models.Model):
    """A breach as of the current run. `path` scopes it; `opened_by_run` is the first run in a row that found it."""

    standard = models.CharField(max_length=8)
    subject = models.CharField(max_length=32)
    subject_id = models.BigIntegerField()
    subject_key = models.CharField(max_length=200, null=True)
    household_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField(null=True)
    path = models.CharField(max_length=200)
    breach = models.CharField(max_length=64)
    level = models.CharField(max_length=8)
    at_least = models.BooleanField()
    clears = models.BooleanField(null=True)
    evidence = models.TextField()
    opened_by_run = models.BigIntegerField()
    changed_by_run = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["standard", "subject_id"], name="finding_once")]
        indexes = [
            models.Index(fields=["path", "id"], name="finding_path"),
            models.Index(fields=["household_id"], name="finding_household"),
        ]


class Attainment(models.Model):
    """How a standard stands in a place and everything below it, in one run."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="attainment")
    standard = models.CharField(max_length=8)
    place_id = models.BigIntegerField()
    met = models.IntegerField(default=0)
    breached = models.IntegerField(default=0)
    unknown = models.IntegerField(default=0)
    not_applicable = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "standard", "place_id"], name="attainment_once")]


class FamilyCount(models.Model):
    """How families stand in a place and everything below it, in one run; `lights` counts 'water:out', 'water:not_known' and so on."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="families")
    place_id = models.BigIntegerField()
    in_place = models.IntegerField(default=0)
    put_right = models.IntegerField(default=0)
    not_known = models.IntegerField(default=0)
    lights = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "place_id"], name="family_count_once")]
