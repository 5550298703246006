"""Lines of the journal and the heads of its chain. A line holds keys and never values, so that erasure stays possible."""

from __future__ import annotations

from django.db import models


class Line(models.Model):
    """One act or look. `seq` and `hash` are given when it is sealed, by the chain's own sequence and never by ids: a line
    that was committed late is sealed later, and nothing that was sealed before is touched."""

    token = models.CharField(max_length=32, unique=True)  # so that a look that is brought in twice is one line
    at = models.DateTimeField()
    act = models.CharField(max_length=64)  # 'feeds.withdraw', 'household.see'
    about = models.CharField(max_length=80)  # 'person:17', 'delivery:4'
    by = models.CharField(max_length=150)  # an account's name, or the command's user
    account = models.BigIntegerField(null=True)
    post = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)
    seq = models.BigIntegerField(null=True, unique=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["about", "at"], name="journal_about"),
            models.Index(fields=["account", "at"], name="journal_account"),
            models.Index(fields=["at"], name="journal_at"),
            models.Index(fields=["act", "at"], name="journal_act"),
            models.Index(fields=["by", "at"], name="journal_by"),
            models.Index(fields=["seq"], name="journal_unsealed", condition=models.Q(seq=None)),
        ]


class Head(models.Model):
    """Where the chain stood: one row that sealing locks, and one for each day, of which a copy goes to a second place."""

    day = models.DateField(unique=True, null=True)  # None: the present head
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()


class Check(models.Model):
    """The chain looked over inside the deployment, piece by piece: the lines from after `first` up to `seq`, whose hash this is.
    Pieces follow one another up to `goal`, where the chain ended when the first line was looked at; then it begins again there."""

    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    first = models.BigIntegerField()
    seq = models.BigIntegerField()
    goal = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    broken = models.JSONField(default=list)  # [seq, what]; empty where nothing was found
