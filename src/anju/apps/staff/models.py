"""Accounts, posts and tokens. A person may hold several posts and acts in one of them at a time; a token acts in one for good."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

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
