"""Where one's work begins: the page that a role finds itself on when it has signed in."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

# the first of these pages that exists; for roles that work on cases it is their queue
HOMES: dict[str, tuple[str, ...]] = {
    "street_head": ("report_new",),
    "grid_worker": ("cases", "work", "households"),
    "cadre": ("cases", "work", "households"),
    "first_secretary": ("cases", "work", "households"),
    "street": ("cases", "work", "households"),
    "county_department": ("cases", "work", "households"),
    "county_bureau": ("cases", "work", "households"),
    "prefecture_bureau": ("situation", "households"),
    "prefecture_department": ("situation",),
    "leader": ("situation",),
    "above": ("situation",),
    "policy_officer": ("standards",),
    "data_steward": ("deliveries",),
    "auditor": ("journal",),
    "administrator": ("accounts",),
}


def home_of(role: str) -> str:
    """The address where the role's work begins; '' where none of its pages exists, and for who holds no post."""
    return next((url for name in HOMES.get(role, ()) if (url := address_of(name))), "")


def address_of(name: str) -> str:
    """The address of a page; '' where there is none of that name."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
