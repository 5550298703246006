"""Listings and every step of them, the notices that were put up, support plans and their measures, ends of risks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from anju.apps.monitoring.states import STANDING, STATES
from anju.apps.people.models import Household

TEXT = 1_000


class Listing(models.Model):
    """A family on its way to be monitored, monitored, or no longer. The scope is where the family lives now, and where it came from.

    `due`: the last day of what comes next (listing, plan, review of the plan, watch), None where nothing is due. `version` counts
    changes: who acts on an older one is refused. `source`: 'declared', 'visit', 'screening', 'hotline', or 'case:12'."""

    household = models.ForeignKey(Household, models.PROTECT, related_name="listings")
    category = models.CharField(max_length=16)
    risk_types = models.JSONField(default=list)
    source = models.CharField(max_length=40)
    clue_on = models.DateField()
    green_channel = models.BooleanField(default=False)  # help first, paperwork after
    state = models.CharField(max_length=20, choices=STATES)
    state_on = models.DateField()
    authorisation = models.CharField(max_length=200, blank=True)  # where the signed paper lies
    authorisation_file = models.BigIntegerField(null=True)  # its attachment
    identified_on = models.DateField(null=True)
    measures_on = models.DateField(null=True)
    eliminated_on = models.DateField(null=True)
    watch_until = models.DateField(null=True)
    refused_reason = models.CharField(max_length=TEXT, blank=True)
    relapse_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="relapses")
    due = models.DateField(null=True)
    version = models.IntegerField(default=1)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["household"], condition=Q(state__in=STANDING), name="listing_standing_once")]
        indexes = [
            models.Index(fields=["state", "due", "id"], name="listing_state_due"),
            models.Index(fields=["household", "-id"], name="listing_household"),
        ]


class Step(models.Model):
    """What was done, by whom, and in which state it left the listing; never changed. `detail` holds numbers and references."""

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="steps")
    what = models.CharField(max_length=32)
    state = models.CharField(max_length=20)
    on = models.DateField()
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    account = models.BigIntegerField(null=True)
    role = models.CharField(max_length=32)
    note = models.CharField(max_length=TEXT, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["listing", "id"], name="step_listing"), models.Index(fields=["at"], name="step_at")]


class Elimination(models.Model):
    """The procedure by which a risk is declared over. `conditions`: what held when it was proposed: [name, holds]."""

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="eliminations")
    state = models.CharField(max_length=12)
    conditions = models.JSONField(default=list)
    proposed_on = models.DateField()
    made_at = models.DateTimeField()
    refused_reason = models.CharField(max_length=TEXT, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["listing"], condition=Q(state__in=("proposed", "reviewed", "noticed")), name="elimination_open_once")
        ]


class Notice(models.Model):
    """What was put up, for how long. When its time is over the text is gone: `digest` proves which one it was."""

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="notices")
    elimination = models.ForeignKey(Elimination, models.CASCADE, null=True, related_name="notices")
    text_zh = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    place = models.CharField(max_length=200)  # where it hangs
    up_from = models.DateField()
    until = models.DateField()
    put_up_by = models.CharField(max_length=150)
    taken_down_on = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["taken_down_on", "until"], name="notice_up")]


class Objection(models.Model):
    """What was said against a notice, and what was answered. Who said it is not recorded."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="objections")
    received_on = models.DateField()
    text = models.CharField(max_length=TEXT)
    recorded_by = models.CharField(max_length=150)
    answered_on = models.DateField(null=True)
    answer = models.CharField(max_length=TEXT, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    upheld = models.BooleanField(null=True)


class Plan(models.Model):
    """A support plan of one family (一户一策). Each review is a step of its listing."""

    listing = models.OneToOneField(Listing, models.CASCADE, related_name="plan")
    made_on = models.DateField()
    made_by = models.CharField(max_length=150)
    reviewed_on = models.DateField(null=True)
    review_due = models.DateField()


class Measure(models.Model):
    """One measure of a plan. `cost` in fen. Open until it is done, with its result, or dropped, with the reason."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="measures")
    kind = models.CharField(max_length=16)
    what = models.CharField(max_length=400)
    responsible = models.CharField(max_length=150)
    department = models.CharField(max_length=40, blank=True)
    due = models.DateField()
    cost = models.BigIntegerField(null=True)
    budget = models.CharField(max_length=150, blank=True)
    target = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()
    done_on = models.DateField(null=True)
    dropped_on = models.DateField(null=True)
    result = models.CharField(max_length=TEXT, blank=True)
    version = models.IntegerField(default=1)
