"""Episodes and what happened to them, what holds them back, and counts by place so that no page ever counts."""

from __future__ import annotations

from django.db import models

from anju.apps.places.models import Place

OPEN, CLEARED, ENDED = "open", "cleared", "ended"

TODO, TAKEN, MUTED, MERGED, HELD, REMINDER, DONE = "todo", "taken", "muted", "merged", "held", "reminder", "done"
QUEUES = (TODO, TAKEN, MUTED, MERGED, HELD, REMINDER, DONE)
"""Where an episode stands: to be taken on, taken on by somebody, put off, merged into a graver one, held as a baseline or by the
guard, a mere reminder (blue), over. Written by the pipeline, never worked out by a page."""


class Followed(models.Model):
    """A run that was folded into the episodes, in the order of the days judged. `counts`: standard -> event -> number."""

    run_id = models.BigIntegerField(unique=True)
    day = models.DateField()
    at = models.DateTimeField()
    counts = models.JSONField(default=dict)


class Hold(models.Model):
    """Alerts of one standard in one unit that wait for a named person's word: the first that a new standard or feed brings
    (a baseline, 存量), or more at once than the rule ever brought (the volume guard). `usual`: how many a run opens otherwise."""

    BASELINE, GUARD = "baseline", "guard"

    kind = models.CharField(max_length=8, choices=[(BASELINE, "baseline"), (GUARD, "guard")])
    standard = models.CharField(max_length=8)
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="+")  # the unit; None: of the whole programme
    owner = models.CharField(max_length=40)
    run_id = models.BigIntegerField()
    day = models.DateField()
    alerts = models.IntegerField(default=0)
    usual = models.IntegerField(default=0)
    released_by = models.CharField(max_length=150, blank=True)
    released_at = models.DateTimeField(null=True)
    comment = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "standard", "place", "run_id"], name="hold_once")]
        indexes = [models.Index(fields=["released_at", "standard"], name="hold_waiting")]


class Mute(models.Model):
    """Reminders put off (暂缓提醒) for what matches every matcher that is set, until the end of a day; with an owner and a reason."""

    owner = models.CharField(max_length=150)
    account = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=400)
    made_at = models.DateTimeField()
    until = models.DateField()
    ended_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)
    standard = models.CharField(max_length=8, blank=True)
    path = models.CharField(max_length=200)  # the place and everything below it
    household_id = models.BigIntegerField(null=True)
    department = models.CharField(max_length=40, blank=True)  # of the post that muted: hides nothing of other departments
    hits = models.IntegerField(default=0)  # alerts it has held back

    class Meta:
        indexes = [models.Index(fields=["ended_at", "until"], name="mute_standing")]


class Episode(models.Model):
    """One trouble of one subject with one standard, from the day it was found to the day it was over. `id` is its public number.

    `level` is the gravest so far. `rank` of the level (1 blue to 4 red), `urgency` (smaller is more urgent) and `queue` follow from
    the rest and are kept for the index. `cluster` is the family 'H…', the site 'P…' or the thing 'S…:…' it belongs to; one
    line of a queue stands for the alerts of one cluster: `lead` (for whoever sees all departments) and `owner_lead`, with how many
    lines each stands for."""

    standard = models.CharField(max_length=8)
    subject = models.CharField(max_length=32)
    subject_id = models.BigIntegerField()
    subject_key = models.CharField(max_length=200, null=True)
    household_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField(null=True)
    path = models.CharField(max_length=200)
    origin_path = models.CharField(max_length=200, null=True)

    state = models.CharField(max_length=8, default=OPEN)
    level = models.CharField(max_length=8)
    rank = models.SmallIntegerField()
    breach = models.CharField(max_length=64)
    at_least = models.BooleanField(default=False)
    opened_on = models.DateField()
    opened_run = models.BigIntegerField()
    seen_on = models.DateField()
    seen_run = models.BigIntegerField()
    eased_since = models.DateField(null=True)
    doubted_since = models.DateField(null=True)
    closed_on = models.DateField(null=True)
    closed_run = models.BigIntegerField(null=True)
    end_reason = models.CharField(max_length=24, blank=True)
    relapse_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="relapses")

    owner = models.CharField(max_length=40)
    cluster = models.CharField(max_length=64)
    lead = models.BooleanField(default=False)
    lines = models.IntegerField(default=1)
    owner_lead = models.BooleanField(default=False)
    owner_lines = models.IntegerField(default=1)
    households = models.IntegerField(null=True)  # of a site: how many families live there

    inhibited_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="inhibits")
    mute = models.ForeignKey(Mute, models.SET_NULL, null=True, related_name="episodes")
    hold = models.ForeignKey(Hold, models.SET_NULL, null=True, related_name="episodes")
    queue = models.CharField(max_length=8, default="")
    urgency = models.SmallIntegerField(default=99)
    sort_on = models.DateField(null=True)  # due_verify, else opened_on
    overdue = models.BooleanField(default=False)

    routed_place_id = models.BigIntegerField(null=True)
    routed_department = models.CharField(max_length=40, blank=True)
    dispatched_on = models.DateField(null=True)
    due_verify = models.DateField(null=True)
    repeat_on = models.DateField(null=True)
    reminders = models.SmallIntegerField(default=0)

    acknowledged_by = models.CharField(max_length=150, blank=True)
    acknowledged_account = models.BigIntegerField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_comment = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["standard", "subject_id"], condition=models.Q(state=OPEN), name="one_open_episode"),
        ]
        indexes = [
            models.Index(fields=["standard", "subject_id", "id"], name="episode_key"),
            models.Index(fields=["queue", "urgency", "sort_on", "id"], name="episode_urgent"),
            models.Index(fields=["queue", "path"], name="episode_path"),
            models.Index(fields=["queue", "origin_path"], name="episode_origin"),
            models.Index(fields=["household_id"], name="episode_household"),
            models.Index(fields=["cluster", "queue"], name="episode_cluster"),
            models.Index(fields=["queue", "closed_on", "id"], name="episode_closed"),
        ]

    @property
    def number(self) -> int:
        return int(self.pk)


class EpisodeEvent(models.Model):
    """What happened to an episode, when, and by which run or whom. `reason` is a word that pages translate, or what a person wrote."""

    episode = models.ForeignKey(Episode, models.CASCADE, related_name="events")
    what = models.CharField(max_length=16)
    day = models.DateField()
    at = models.DateTimeField()
    run_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes = [models.Index(fields=["at", "id"], name="event_at")]


class AlertCount(models.Model):
    """How many episodes of an owner's stand in a queue, in a place and below it. `side`: where families live, or whence they came."""

    DESTINATION, ORIGIN = "destination", "origin"

    side = models.CharField(max_length=12, default=DESTINATION)
    place_id = models.BigIntegerField()
    owner = models.CharField(max_length=40)
    standard = models.CharField(max_length=8)
    level = models.CharField(max_length=8)
    queue = models.CharField(max_length=8)
    overdue = models.BooleanField(default=False)
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["side", "place_id", "owner", "standard", "level", "queue", "overdue"], name="alert_count_once"),
        ]


class Looked(models.Model):
    """Until when somebody has read what changed."""

    account = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
