"""Households and persons, memberships with both times, and identifiers that can be matched but not read."""

from __future__ import annotations

from django.db import models

from anju.apps.places.models import Place


class Dated(models.Model):
    """What was said of somebody: true from a day, known since a time. The days are half-open; nothing said is overwritten."""

    valid_from = models.DateField()
    known_from = models.DateTimeField()

    class Meta:
        abstract = True


class HouseholdFacts(Dated):
    place = models.ForeignKey(Place, models.PROTECT, related_name="%(class)ss")
    origin_place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="%(class)ss_left")
    member_count = models.IntegerField(null=True)
    move_in_date = models.DateField(null=True)
    relocation_cohort = models.IntegerField(null=True)
    origin_village_code = models.CharField(max_length=32, null=True)
    origin_county_code = models.CharField(max_length=32, null=True)
    mgmt_unit_code = models.CharField(max_length=32, null=True)
    building_no = models.CharField(max_length=64, null=True)
    unit_no = models.CharField(max_length=64, null=True)
    room_no = models.CharField(max_length=64, null=True)
    is_registered_poor = models.BooleanField(null=True)
    relocation_type = models.CharField(max_length=32, null=True)
    grid_code = models.CharField(max_length=64, null=True)
    responsible_cadre_id = models.CharField(max_length=64, null=True)
    head_digest = models.CharField(max_length=64, null=True)  # of the head's number as delivered, whoever has it by now
    status = models.CharField(max_length=32, null=True)

    class Meta:
        abstract = True


class Household(HouseholdFacts):
    """The newest version of what was said; older ones are HouseholdVersion."""

    id = models.BigIntegerField(primary_key=True)
    household_code = models.CharField(max_length=64, unique=True)


class HouseholdVersion(HouseholdFacts):
    """A version that is not the newest: superseded, or said late of an earlier day. `id` grows with what was said later."""

    id = models.BigIntegerField(primary_key=True)
    household = models.ForeignKey(Household, models.CASCADE, related_name="versions")


class PersonFacts(Dated):
    sex = models.CharField(max_length=8, null=True)
    birth_date = models.DateField(null=True)
    birth_date_approximate = models.BooleanField(default=False)
    ethnic_code = models.CharField(max_length=16, null=True)
    relation_to_head = models.CharField(max_length=16, null=True)
    hukou_area_code = models.CharField(max_length=32, null=True)
    hukou_moved = models.BooleanField(null=True)
    residence_permit_no = models.CharField(max_length=64, null=True)
    residence_permit_expiry = models.DateField(null=True)
    education_level = models.CharField(max_length=16, null=True)
    is_student = models.BooleanField(null=True)
    in_military = models.BooleanField(null=True)
    labour_capacity = models.CharField(max_length=16, null=True)
    health_status = models.CharField(max_length=16, null=True)
    resident_status = models.CharField(max_length=16, null=True)
    alive = models.BooleanField(null=True)
    deceased_on = models.DateField(null=True)

    class Meta:
        abstract = True


class Person(PersonFacts):
    """The newest version of what was said; older ones are PersonVersion.

    Names stay readable to the database (prefix and pinyin are searched) and are masked where they are shown."""

    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=100, null=True, db_index=True)
    initials = models.CharField(max_length=100, null=True, db_index=True)


class PersonVersion(PersonFacts):
    """A version that is not the newest: superseded, or said late of an earlier day. `id` grows with what was said later."""

    id = models.BigIntegerField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="versions")
    name = models.CharField(max_length=100, null=True)


class RegisterDelivery(models.Model):
    """A register file that was taken in: the day it speaks of, and when it came."""

    registry = models.CharField(max_length=12)
    file_name = models.CharField(max_length=255)
    valid = models.DateField()
    received_at = models.DateTimeField()
    counts = models.JSONField(default=dict)
    recorded_by = models.CharField(max_length=100)

    class Meta:
        indexes = [models.Index(fields=["registry", "valid"], name="register_delivery_day")]


class Membership(models.Model):
    """Half-open in both times. A change closes the known time of a row and adds another; rows are never rewritten."""

    id = models.BigIntegerField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    household = models.ForeignKey(Household, models.CASCADE, related_name="memberships")
    start = models.DateField()
    end = models.DateField(null=True)
    known_from = models.DateTimeField()
    known_to = models.DateTimeField(null=True)


class Identifier(models.Model):
    """`value` is AES-GCM under data.key, `digest` HMAC-SHA256 of the normal form under index.key."""

    id = models.BigIntegerField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="identifiers")
    type = models.CharField(max_length=32)
    value = models.BinaryField()
    digest = models.CharField(max_length=64)
    masked = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "digest"], name="identifier_digest_once")]


class Phone(models.Model):
    person = models.ForeignKey(Person, models.CASCADE, related_name="phones")
    value = models.BinaryField()
    digest = models.CharField(max_length=64, db_index=True)
    masked = models.CharField(max_length=32)


class VitalEvent(models.Model):
    """An event that was taken in: the same one delivered twice changes nothing. Without a person it waits for them to be registered;
    with a `fault` it was waited for in vain. `digest` is that of the number it names, `new_value` the sealed other one of an id_change."""

    id = models.BigIntegerField(primary_key=True)
    event_id = models.CharField(max_length=64, unique=True)
    event_type = models.CharField(max_length=16)
    event_date = models.DateField()
    digest = models.CharField(max_length=64)
    new_digest = models.CharField(max_length=64, null=True)
    new_value = models.BinaryField(null=True)
    residence_permit_no = models.CharField(max_length=64, null=True)
    residence_permit_expiry = models.DateField(null=True)
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="events")
    fault = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=255)
    line = models.IntegerField()
    recorded_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
