"""Cases and all that belongs to one: what happened, measures, what was asked of a second person, approvals, answers, look-backs."""

from __future__ import annotations

from django.db import models

from anju.apps.alerts.models import Episode
from anju.core.casework.states import ALERTED


class Case(models.Model):
    """One trouble of one subject in somebody's hands. `id` is its public number.

    `standard` is '' where a family or a worker told of trouble that no standard judges. `level` is that in force: it rises with what runs
    find (`found_level` is the gravest they ever said) and is lowered by judgement only. `waits_on` says whose move is next ('verify',
    'judge', 'sign', 'close:street' …); with `urgency` (smaller is more urgent), `sort_on`, `overdue` and `deadline` it follows from the rest
    and is kept for the index. `version` grows with every write: of two people at once one wins."""

    standard = models.CharField(max_length=8, blank=True)
    subject = models.CharField(max_length=32)
    subject_id = models.BigIntegerField()
    subject_key = models.CharField(max_length=200, null=True)
    household_id = models.BigIntegerField(null=True)
    place_id = models.BigIntegerField(null=True)
    path = models.CharField(max_length=200)
    origin_path = models.CharField(max_length=200, null=True)
    owner = models.CharField(max_length=40)
    households = models.IntegerField(null=True)  # of a site: how many families live there

    source = models.CharField(max_length=12)  # alert, or a channel of discovery
    receipt = models.CharField(max_length=32, blank=True)
    words = models.CharField(max_length=1000, blank=True)  # as told, where no run found it

    state = models.CharField(max_length=10, default=ALERTED)
    level = models.CharField(max_length=8)
    rank = models.SmallIntegerField()
    found_level = models.CharField(max_length=8)
    found_rank = models.SmallIntegerField()
    breach = models.CharField(max_length=64, blank=True)
    eased_since = models.DateField(null=True)
    doubted_since = models.DateField(null=True)
    over_since = models.DateField(null=True)  # no open alert is left: cleared or no longer in the programme

    opened_on = models.DateField()
    opened_at = models.DateTimeField()
    assignee = models.BigIntegerField(null=True)
    assignee_name = models.CharField(max_length=150, blank=True)
    assigned_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    judged_at = models.DateTimeField(null=True)
    judged_by = models.BigIntegerField(null=True)
    judgement = models.CharField(max_length=12, blank=True)
    measured_on = models.DateField(null=True)
    fed_back_at = models.DateTimeField(null=True)
    fed_back_on = models.DateField(null=True)
    signed_by = models.CharField(max_length=150, blank=True)
    observing = models.BooleanField(default=False)
    observed_since = models.DateField(null=True)
    ready_on = models.DateField(null=True)
    clearing = models.CharField(max_length=8, blank=True)  # what the last run said of the condition for closing
    fresh = models.BooleanField(default=False)  # … on rows later than the last measure
    seen_run = models.BigIntegerField(null=True)  # the run that said so

    closed_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=16, blank=True)
    end_cause = models.CharField(max_length=8, blank=True)
    watch_until = models.DateField(null=True)
    reopened_on = models.DateField(null=True)
    reopened = models.SmallIntegerField(default=0)
    returned = models.SmallIntegerField(default=0)
    passed_on = models.SmallIntegerField(default=0)  # from department to department
    contested = models.BooleanField(default=False)  # an arbiter must decide
    extended = models.BooleanField(default=False)
    round = models.SmallIntegerField(default=1)  # of handling: approvals of an earlier one no longer count
    follows = models.ForeignKey("self", models.SET_NULL, null=True, related_name="followed_by")

    verify_due = models.DateField(null=True)
    judge_due = models.DateField(null=True)
    handle_due = models.DateField(null=True)
    close_due = models.DateField(null=True)
    escalated = models.SmallIntegerField(default=0)  # ranks told of the deadline that runs

    waits_on = models.CharField(max_length=32)
    deadline = models.DateField(null=True)
    overdue = models.BooleanField(default=False)
    urgency = models.SmallIntegerField()
    sort_on = models.DateField()
    version = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["standard", "subject_id"],
                condition=~models.Q(standard="") & ~models.Q(state__in=["closed", "ended"]),
                name="one_open_case",
            ),
        ]
        indexes = [
            models.Index(fields=["assignee", "waits_on", "urgency", "sort_on", "id"], name="case_mine"),
            models.Index(fields=["waits_on", "urgency", "sort_on", "id"], name="case_waits"),
            models.Index(fields=["urgency", "sort_on", "id"], name="case_open"),
            models.Index(fields=["urgency", "closed_on", "id"], name="case_over"),
            models.Index(fields=["state", "path"], name="case_path"),
            models.Index(fields=["path", "waits_on"], name="case_path_waits"),
            models.Index(fields=["origin_path", "waits_on"], name="case_origin_waits"),
            models.Index(fields=["household_id", "id"], name="case_household"),
            models.Index(fields=["standard", "subject_id", "id"], name="case_subject"),
            models.Index(fields=["deadline", "overdue"], name="case_deadline"),
            models.Index(fields=["closed_on", "id"], name="case_closed"),
            models.Index(fields=["receipt"], name="case_receipt"),
            *(
                models.Index(fields=["urgency", "sort_on", "id"], condition=models.Q(**{f"{name}__gt": 0}), name=f"case_{name}")
                for name in ("returned", "reopened", "passed_on")
            ),
            models.Index(fields=["urgency", "sort_on", "id"], condition=models.Q(contested=True), name="case_contested"),
            models.Index(fields=["urgency", "sort_on", "id"], condition=models.Q(escalated__gt=1), name="case_escalated"),
        ]

    @property
    def number(self) -> int:
        return int(self.pk)


class CaseAlert(models.Model):
    """An episode of alerts that a case holds. One episode belongs to one case; a relapse adds another to the case it reopens."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="alerts")
    episode = models.OneToOneField(Episode, models.CASCADE, related_name="case_alert")
    attached_on = models.DateField()


class CaseEvent(models.Model):
    """What happened to a case: a step of a person, or what the platform saw. Only ever added to. `reason` is what a person wrote."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="events", db_index=False)  # by the index of case, word and moment
    what = models.CharField(max_length=20)
    before = models.CharField(max_length=10, blank=True)
    after = models.CharField(max_length=10, blank=True)
    day = models.DateField()
    at = models.DateTimeField()
    who = models.CharField(max_length=150, blank=True)
    account = models.BigIntegerField(null=True)
    role = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["at", "id"], name="case_event_at"),
            models.Index(fields=["what", "at"], name="case_event_what"),
            models.Index(fields=["account", "at"], name="case_event_account"),
            models.Index(fields=["case", "what", "at"], name="case_event_case"),
        ]


class Measure(models.Model):
    """What is done about a case: planned with an owner and a due date, then done with its result and cost (whole minor units)."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="measures")
    round = models.SmallIntegerField(default=1)
    text = models.CharField(max_length=400)
    department = models.CharField(max_length=40, blank=True)
    owner = models.CharField(max_length=150)
    due_on = models.DateField()
    cost = models.BigIntegerField(null=True)
    planned_by = models.CharField(max_length=150)
    planned_at = models.DateTimeField()
    done_on = models.DateField(null=True)
    done_by = models.CharField(max_length=150, blank=True)
    done_account = models.BigIntegerField(null=True)
    result = models.CharField(max_length=1000, blank=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["case", "id"], name="measure_case")]


class Asked(models.Model):
    """What one person asks and another decides: another end, more time, an exception from the condition, a contested return."""

    END, EXTENSION, EXCEPTION, ARBITER = "end", "extension", "exception", "arbiter"

    case = models.ForeignKey(Case, models.CASCADE, related_name="asked")
    kind = models.CharField(max_length=10)
    detail = models.JSONField(default=dict)
    reason = models.CharField(max_length=1000)
    asked_by = models.CharField(max_length=150)
    asked_account = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True)
    decided_account = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    granted = models.BooleanField(null=True)
    answer = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "kind"], condition=models.Q(decided_at=None), name="asked_once")]
        indexes = [models.Index(fields=["kind", "decided_at", "id"], name="asked_kind")]


class Decision(models.Model):
    """A decision recorded on a case, which standards read by `recorded('…')`: assistance paid, a choice that is settled, a refusal on paper."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="decisions")
    code = models.CharField(max_length=40)
    on = models.DateField()
    reason = models.CharField(max_length=1000)
    by = models.CharField(max_length=150)
    account = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "code", "on"], name="decision_once")]
        indexes = [models.Index(fields=["at", "id"], name="decision_at")]


class CaseVisit(models.Model):
    """A visit that speaks for a case: made about it, or to its family while it was open."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="visits")
    visit = models.BigIntegerField()
    on = models.DateField()
    mode = models.CharField(max_length=8)  # door, phone, video
    met = models.BooleanField()
    account = models.BigIntegerField(null=True)
    name = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "visit"], name="case_visit_once")]


class Approval(models.Model):
    """One of the approvals that closing needs, given in a role, for one round of handling."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="approvals")
    round = models.SmallIntegerField()
    role = models.CharField(max_length=32)
    account = models.BigIntegerField(null=True)
    name = models.CharField(max_length=150)
    at = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "round", "role"], name="approved_once")]


class Answer(models.Model):
    """The household's own word on whether it is solved: by a link, on paper, by phone, at the door."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="answers")
    round = models.SmallIntegerField()
    answer = models.CharField(max_length=8)  # solved, partly, not
    channel = models.CharField(max_length=8)  # link, paper, phone, visit
    words = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150, blank=True)
    account = models.BigIntegerField(null=True)


class AnswerLink(models.Model):
    """A link that serves once. Only its hash is kept: the text was shown when it was made."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    round = models.SmallIntegerField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    expires_on = models.DateField()
    used_at = models.DateTimeField(null=True)


class LookBack(models.Model):
    """A look at a closed case: by the calendar of its level, or drawn at random for another team. `team`: who must not be the one."""

    SCHEDULED, RANDOM = "scheduled", "random"

    case = models.ForeignKey(Case, models.CASCADE, related_name="look_backs")
    kind = models.CharField(max_length=10, default=SCHEDULED)
    due_on = models.DateField()
    path = models.CharField(max_length=200)
    not_account = models.BigIntegerField(null=True)
    draw = models.ForeignKey("Draw", models.SET_NULL, null=True, related_name="look_backs")
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=150, blank=True)
    account = models.BigIntegerField(null=True)
    holds = models.BooleanField(null=True)
    words = models.CharField(max_length=1000, blank=True)
    visit = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "kind", "due_on"], name="look_back_once")]
        indexes = [
            models.Index(fields=["done_at", "path"], name="look_back_path"),
            models.Index(fields=["done_at", "due_on"], name="look_back_due"),
        ]


class Draw(models.Model):
    """A draw of closed cases to be visited again by another team. Whoever has the seed, the days and the share draws the same."""

    path = models.CharField(max_length=200)
    seed = models.CharField(max_length=80)
    since = models.DateField()
    until = models.DateField()
    percent = models.SmallIntegerField()
    closed = models.IntegerField()
    drawn = models.IntegerField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["path", "id"], name="draw_path")]


class FamilyLead(models.Model):
    """The one person who answers for a family: its responsible cadre (包保干部), and the lead of all its cases."""

    household_id = models.BigIntegerField(unique=True)
    path = models.CharField(max_length=200)
    account = models.BigIntegerField()
    name = models.CharField(max_length=150)
    since = models.DateField()
    named_by = models.CharField(max_length=150)

    class Meta:
        indexes = [models.Index(fields=["account", "path"], name="family_lead_account")]


class Instruction(models.Model):
    """What a leader instructs (批示): to whose place, about which case or matter, until when, and the reply."""

    path = models.CharField(max_length=200)
    place_id = models.BigIntegerField()
    case = models.ForeignKey(Case, models.SET_NULL, null=True, related_name="instructions")
    text = models.CharField(max_length=1000)
    given_by = models.CharField(max_length=150)
    given_account = models.BigIntegerField(null=True)
    given_at = models.DateTimeField()
    due_on = models.DateField()
    reply = models.CharField(max_length=2000, blank=True)
    replied_by = models.CharField(max_length=150, blank=True)
    replied_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["path", "accepted_at"], name="instruction_path")]


class CaseCount(models.Model):
    """How many cases of an owner's stand in a state, in a place and below it, so that no page ever counts."""

    DESTINATION, ORIGIN = "destination", "origin"

    side = models.CharField(max_length=12, default=DESTINATION)
    place_id = models.BigIntegerField()
    owner = models.CharField(max_length=40)
    standard = models.CharField(max_length=8, blank=True)
    level = models.CharField(max_length=8)
    waits_on = models.CharField(max_length=32)
    overdue = models.BooleanField(default=False)
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["side", "place_id", "owner", "standard", "level", "waits_on", "overdue"], name="case_count_once"),
        ]


class CaseMark(models.Model):
    """How many cases of an owner's in a place and below it bear a mark of supervision: 'open', 'overdue', 'returned', 'reopened',
    'contested', 'passed', 'escalated'; and how handling ended by the month of its deadline: 'in_time:2023-09', 'late:2023-09'."""

    place_id = models.BigIntegerField()
    owner = models.CharField(max_length=40)
    what = models.CharField(max_length=24)
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place_id", "owner", "what"], name="case_mark_once")]


class CaseLooked(models.Model):
    """Until when somebody has read what changed in the cases."""

    account = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
