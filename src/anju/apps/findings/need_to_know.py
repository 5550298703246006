"""Which standards' facts are for few: health, disability, the protection of children; and each department's own."""

from __future__ import annotations

import re
from datetime import date

from anju.core.contracts.model import Contract
from anju.core.standards.model import Aggregate, Latest, Policy, Standard, Streak
from anju.core.standards.order import Key, needs_of
from anju.core.terms.viewer import Viewer

NEED_TO_KNOW = frozenset({"medical_and_health"})  # domains whose facts are for posts that may see health
NEED_TO_KNOW_CODES = frozenset({"SS-04", "SS-06", "DX-02", "DX-03"})
SECRET_OWNERS = frozenset({"health", "medical_security", "disabled_federation"})  # whose deliveries tell of it, whatever standard reads them
SECRET_COLUMNS = frozenset({"health_status", "labour_capacity"})  # of the register of persons
NAMED = re.compile(r"([A-Z]{2}-\d\d)|([a-z_][a-z_0-9]*)")  # a standard or a feature in a condition
_kept: dict[str, frozenset[Key]] = {}


def is_secret(standard: Standard) -> bool:
    return standard.domain in NEED_TO_KNOW or standard.code in NEED_TO_KNOW_CODES


def may_know(viewer: Viewer, standard: Standard, day: date) -> bool:
    """Whether the post may read the facts of a standard: of its own department where it is of one, and health only where it may."""
    version = standard.version_on(day)
    own = not viewer.departments or (version is not None and version.owner in viewer.departments)
    return own and (not is_secret(standard) or viewer.can("health.see"))


def hidden_from(viewer: Viewer, policy: Policy, code: str) -> bool:
    """Whether the facts of the standard are for few, and the viewer is none of them."""
    standard = policy.standards.get(code)
    return standard is not None and is_secret(standard) and not viewer.can("health.see")


def may_know_condition(viewer: Viewer, policy: Policy, text: str) -> bool:
    """Whether the post may read what holds of a condition, or the value of a fact, written in the language of the standards. One that
    asks for another standard's answer, or what is drawn from a health feed, tells as much as these themselves."""
    if viewer.can("health.see"):
        return True
    secret = {name for _, name in secret_features(policy)}
    for code, feature in NAMED.findall(text):
        if code and (code not in policy.standards or is_secret(policy.standards[code])):
            return False
        if feature in SECRET_COLUMNS or feature in secret:
            return False
    return True


def secret_features(policy: Policy) -> frozenset[Key]:
    """(subject, name) of every feature that is drawn from what only few may see, directly or through others."""
    if policy.digest not in _kept:
        _kept.clear()
        found: set[Key] = set()
        for key in policy.order:  # each after what it needs
            if key[0] == "standard":
                secret = is_secret(policy.standards[key[1]])
            else:
                feature = policy.features[key]
                secret = any(need in found for need in needs_of(feature, policy.contracts, policy.parameters))  # type: ignore[arg-type]
                if isinstance(feature, Latest | Aggregate | Streak):
                    contract = policy.contracts[feature.feed]
                    secret |= isinstance(contract, Contract) and contract.owner in SECRET_OWNERS
            if secret:
                found.add(key)
        _kept[policy.digest] = frozenset(found)
    return _kept[policy.digest]
