"""Visits: planned, made, missed or dropped; what was asked, what was answered and what was seen."""

from __future__ import annotations

from django.db import models

from anju.apps.places.models import Place
from anju.apps.visits.states import DOOR, DROPPED, MADE, PLANNED


class Visit(models.Model):
    """One visit at one door, or at a site where no family is meant. `id` is its public number.

    `path` and `origin_path` are those of the family when it was planned. `door` sorts in walking order. `about` is what it is for
    ('case:12'), '' for nothing in particular. `way`: how to go about it (a telephone call after nobody was home). `department`: whose
    visit it is, '' where it is the area's own. `asked` and `spared` are what the server counted, never what a telephone claims."""

    household_id = models.BigIntegerField(null=True)
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    path = models.CharField(max_length=200)
    origin_path = models.CharField(max_length=200, null=True)
    door = models.CharField(max_length=120, blank=True)
    department = models.CharField(max_length=40, blank=True)

    state = models.CharField(max_length=8, default=PLANNED)
    purpose = models.CharField(max_length=12, default="routine")
    about = models.CharField(max_length=40, blank=True)
    why = models.CharField(max_length=200, blank=True)
    way = models.CharField(max_length=8, default=DOOR)
    planned_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    assignee = models.CharField(max_length=150, blank=True)
    assignee_account = models.BigIntegerField(null=True)
    planned_by = models.CharField(max_length=150, blank=True)
    planned_at = models.DateTimeField(null=True)
    after = models.ForeignKey("self", models.SET_NULL, null=True, related_name="followed_by")  # nobody was home at that one

    made_on = models.DateField(null=True)
    mode = models.CharField(max_length=8, blank=True)
    met = models.BooleanField(null=True)  # False: nobody was home, or nobody answered
    refused = models.BooleanField(default=False)  # somebody was there, and did not want to speak: then `met` is False
    answered_by = models.CharField(max_length=100, blank=True)
    findings = models.JSONField(default=list)
    answers = models.JSONField(default=dict)  # question, or question:person -> answer
    coded = models.JSONField(default=list)  # [question_answer, person or null] of those from closed lists: what the lake is told
    asked = models.IntegerField(default=0)
    spared = models.JSONField(default=list)  # [question, reason, source, day]: not asked again
    spared_count = models.IntegerField(default=0)
    note = models.CharField(max_length=2000, blank=True)
    minutes = models.IntegerField(null=True)
    photos = models.IntegerField(default=0)
    reason = models.CharField(max_length=400, blank=True)  # why it was missed or dropped

    client_key = models.CharField(max_length=64, null=True, unique=True)  # a form that is sent twice is one visit
    recorded_by = models.CharField(max_length=150, blank=True)
    recorded_account = models.BigIntegerField(null=True)
    recorded_role = models.CharField(max_length=32, blank=True)
    recorded_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["household_id", "purpose", "about"],
                condition=models.Q(state=PLANNED, household_id__isnull=False),
                name="visit_planned_once",
            ),
        ]
        indexes = [
            models.Index(fields=["assignee_account", "state", "path", "door", "id"], name="visit_doors"),
            models.Index(fields=["state", "path", "door", "id"], name="visit_path"),
            models.Index(fields=["state", "origin_path"], name="visit_origin"),
            models.Index(fields=["household_id", "id"], name="visit_household"),
            models.Index(fields=["about"], name="visit_about"),
            models.Index(fields=["recorded_account", "made_on"], name="visit_worker"),
            models.Index(fields=["made_on", "path"], name="visit_made_on"),
        ]

    @property
    def number(self) -> int:
        return int(self.pk)

    @property
    def outcome(self) -> str:
        """met | refused | nobody_home | no_answer; '' where it was not made."""
        if self.met is None or self.state != MADE:
            return ""
        return "met" if self.met else "refused" if self.refused else "nobody_home" if self.mode == DOOR else "no_answer"

    @property
    def is_over(self) -> bool:
        return self.state in (MADE, DROPPED)


class FormTemplate(models.Model):
    """Somebody else's form, as a workbook with placeholders that was looked at whole before it was taken. One of the same title replaces
    the one before, which is kept: what was handed in by it can be made again."""

    title = models.CharField(max_length=100)
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()
    ended_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["title"], condition=models.Q(ended_at=None), name="form_title_once")]
