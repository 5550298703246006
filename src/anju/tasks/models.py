"""Tickets, the workers that work on them, and which time of the schedule was kept last.

The queue itself is django-tasks' own table: it gives a task to one worker and forgets one whose worker was killed. What it does not
know stands in the ticket beside it: who asked, how often it was tried, how far it is, and why it came to nothing.
"""

from __future__ import annotations

from django.db import models
from django_tasks_db.models import DBTaskResult


class Worker(models.Model):
    """A process that works, or did. While it lives it holds the lock on ANJU_DATA/workers/<name>.lock; elsewhere its beat is looked at."""

    name = models.CharField(max_length=64, unique=True)
    host = models.CharField(max_length=200)
    process = models.IntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    died = models.BooleanField(default=False)  # found dead by the reaper


class Ticket(models.Model):
    """One matter for the workers. Of two with the same key that are not over yet there is only one."""

    task = models.OneToOneField(DBTaskResult, models.CASCADE, related_name="ticket")
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=100)
    about = models.CharField(max_length=255, blank=True)  # a file's name, a day
    asked_by = models.CharField(max_length=100)
    asked_account = models.IntegerField(null=True)
    asked_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    worker = models.ForeignKey(Worker, models.SET_NULL, null=True)
    step = models.CharField(max_length=200, blank=True)
    done = models.IntegerField(default=0)
    of = models.IntegerField(default=0)
    outcome = models.JSONField(null=True)  # what came of it, as soon as that is settled: a later attempt only tidies up
    reason = models.TextField(blank=True)  # why the last attempt came to nothing
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], condition=models.Q(ended_at=None), name="ticket_open_once")]
        indexes = [
            models.Index(fields=["kind", "ended_at"], name="ticket_kind_ended"),
            models.Index(fields=["key"], name="ticket_key"),
        ]


class Due(models.Model):
    """The last time of the schedule that was kept, by kind. `timing` is how the time was written then."""

    kind = models.CharField(max_length=16, primary_key=True)
    timing = models.CharField(max_length=255)
    last = models.DateTimeField()
