"""Places in two trees, the codes they had and when, and what became of any subject.

The scope tree (programme/unit/street/community/grid/building) says who is responsible; the statistical tree
(county/town/village) says where the statistics put a place. A management unit is not a statistical county.
"""

from __future__ import annotations

import datetime

from django.db import models

ALWAYS = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Place(models.Model):
    """`path` is '/1/4/17/': the keys from the root down. What lies below a place is a range of the index.

    Name, parent and path are those of the newest version, true from a day and known since a time; older ones are PlaceVersion."""

    id = models.BigIntegerField(primary_key=True)
    tree = models.CharField(max_length=12, choices=[("scope", "scope"), ("statistical", "statistical")])
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    level = models.CharField(max_length=32)
    code = models.CharField(max_length=32)  # the newest code; every code it ever had is in PlaceCode
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=200, unique=True)
    is_unit = models.BooleanField(default=False)
    valid_from = models.DateField(default=ALWAYS.date())
    known_from = models.DateTimeField(default=ALWAYS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tree", "level", "code"], name="place_code_once")]


class PlaceVersion(models.Model):
    """What a place of the scope tree was called and where it lay before. `id` grows with what was said later."""

    id = models.BigIntegerField(primary_key=True)
    place = models.ForeignKey(Place, models.CASCADE, related_name="versions")
    parent = models.ForeignKey(Place, models.PROTECT, null=True, related_name="+")
    level = models.CharField(max_length=32)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=200)
    valid_from = models.DateField()
    known_from = models.DateTimeField()


class PlaceCode(models.Model):
    """`valid_to` is the day of the first list that no longer had the code."""

    place = models.ForeignKey(Place, models.CASCADE, related_name="codes")
    scheme = models.CharField(max_length=32)
    code = models.CharField(max_length=32, db_index=True)
    name = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scheme", "code", "valid_from"], name="place_code_dated")]


class Succession(models.Model):
    """What a subject of any kind became. Applied when read; a guess stays doubtful until someone confirms it."""

    kind = models.CharField(max_length=32)
    from_key = models.CharField(max_length=64)
    to_key = models.CharField(max_length=64)
    on = models.DateField()
    how = models.CharField(max_length=10, choices=[(h, h) for h in ("renamed", "split", "merged")])
    doubtful = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["kind", "from_key"], name="succession_from")]
        constraints = [models.UniqueConstraint(fields=["kind", "from_key", "to_key"], name="succession_once")]
