"""Accounts, posts and tokens. A person may hold several posts and acts in one of them at a time; a token acts in one for good."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac

from anju.apps.places.models import Place
from anju.apps.staff.permissions import ROLES


class Account(AbstractUser):
    """Who signs in. `display_name` is what colleagues read; `must_change_password` after an administrator has set one."""

    display_name = models.CharField(max_length=100)
    phone = models.CharField(max_length=32, blank=True)
    language = models.CharField(max_length=8, blank=True)
    theme = models.CharField(max_length=8, blank=True)
    large_text = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False)
    session_salt = models.CharField(max_length=32, blank=True)  # changed to end every session at once

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to be valid: Django's own, over the password, and over the salt once there is one."""
        own: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return salted_hmac("anju.staff.session", own + self.session_salt, algorithm="sha256").hexdigest() if self.session_salt else own

    def __str__(self) -> str:
        return self.display_name or self.username


class Post(models.Model):
    """A role at a place, held from a day to a day. `department` is empty where the role is of no department."""

    DESTINATION, ORIGIN = "destination", "origin"

    account = models.ForeignKey(Account, models.CASCADE, related_name="posts")
    role = models.CharField(max_length=32, choices=[(code, role.title.en) for code, role in ROLES.items()])
    place = models.ForeignKey(Place, models.PROTECT, related_name="posts")
    side = models.CharField(max_length=12, choices=[(DESTINATION, "destination"), (ORIGIN, "origin")], default=DESTINATION)
    department = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=100, blank=True)
    start = models.DateField()
    end = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["role", "place"], name="post_role_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role", "place", "side", "department"], condition=models.Q(end=None), name="post_held_once"
            ),
        ]


class Token(models.Model):
    """What a program shows to act in one post. Only its hash is kept: the text was shown once, when it was made."""

    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=100)  # what it is for
    post = models.ForeignKey(Post, models.CASCADE, related_name="tokens")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    expires = models.DateField()  # the first day on which it no longer serves
    last_used = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=150, blank=True)


class SignIn(models.Model):
    """One sign-in: when, on what, and until when its session stood. The last few of each account are kept."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40)
    at = models.DateTimeField()
    device = models.CharField(max_length=200, blank=True)  # as the browser calls itself
    address = models.CharField(max_length=45, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="sign_in_account")]


class SecondFactor(models.Model):
    """An authenticator app. `sealed` holds its secret and the seed of the recovery codes under the deployment's data.key.

    `last_step`: the half minute of the last code taken, so that no code is good twice. `used`: a bit for each recovery code."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="second_factor")
    sealed = models.BinaryField()
    started_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    used = models.IntegerField(default=0)
