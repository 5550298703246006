"""Notices, the channels they leave by, and the outbox: one message for each notice and channel, with what became of it."""

from __future__ import annotations

from django.db import models

MAIL, WECOM, DINGTALK, FEISHU = "mail", "wecom", "dingtalk", "feishu"
KINDS = (MAIL, WECOM, DINGTALK, FEISHU)
WAITING, SENDING, SENT, FAILED, UNCERTAIN = "waiting", "sending", "sent", "failed", "uncertain"
STATES = (WAITING, SENDING, SENT, FAILED, UNCERTAIN)


class Notice(models.Model):
    """`what` is a word of `words.WORDS`; `number` and `link` lead to the matter; `args` fill the sentence on the page and never leave it.
    `key` makes it one: what is told again under the same key is nothing new."""

    account = models.BigIntegerField()
    what = models.CharField(max_length=48)
    number = models.CharField(max_length=24, blank=True)
    link = models.CharField(max_length=200)
    args = models.JSONField(default=dict)
    key = models.CharField(max_length=160, unique=True)
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "made_at", "id"], name="notice_account"),
            models.Index(fields=["account"], name="notice_unread", condition=models.Q(read_at=None)),
            models.Index(fields=["made_at"], name="notice_made"),
        ]


class Channel(models.Model):
    """A way out to one account. `sealed` holds its address under the deployment's key; `masked` is what pages show of it. Nothing leaves
    by it before its holder has typed in the code that was sent by it."""

    account = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in KINDS])
    sealed = models.BinaryField()
    masked = models.CharField(max_length=160)
    enabled = models.BooleanField(default=True)
    code = models.CharField(max_length=8)
    tries = models.IntegerField(default=0)  # wrong codes
    verified_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account"], name="channel_account", condition=models.Q(removed_at=None))]


class Message(models.Model):
    """One notice by one channel. `claimed_by` is the worker that has it in hand; of a worker that died in between nobody knows whether
    it went out: `uncertain`, and never sent again by itself. `message_id` is the same at every attempt, so that a mail server can tell."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="messages")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="messages")
    state = models.CharField(max_length=12, default=WAITING)
    attempts = models.IntegerField(default=0)
    next_try = models.DateTimeField()
    claimed_by = models.CharField(max_length=64, blank=True)
    claimed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    said = models.CharField(max_length=300, blank=True)  # by the server, or why it was not reached
    message_id = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "channel"], name="message_once")]
        indexes = [
            models.Index(fields=["next_try", "id"], name="message_waiting", condition=models.Q(state=WAITING)),
            models.Index(fields=["claimed_at"], name="message_sending", condition=models.Q(state=SENDING)),
            models.Index(fields=["-id"], name="message_open", condition=models.Q(state__in=(FAILED, UNCERTAIN))),
        ]
