"""What cannot be done, why, and who can do it or what to do instead: in both languages, for a page shows it as it is."""

from __future__ import annotations

from collections.abc import Iterable

from anju.apps.staff.permissions import ROLES
from anju.core.contracts.model import Bilingual


class Refused(ValueError):
    """`said` in both languages; the text of the error is the English one."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.said = Bilingual(en, zh)


def not_there(numbers: Iterable[int]) -> Refused:
    """One answer for what does not exist and for what lies outside the post."""
    told = ", ".join(str(number) for number in numbers)
    return Refused(
        f"there is no case No. {told} in the places and departments of your post", f"您的岗位范围内没有编号为 {told} 的帮扶事项"
    )  # fmt: skip


def roles_that(*acts: str) -> Bilingual:
    """'Street or town, County migration bureau': whose posts may do one of the acts."""
    return titles_of([code for code, role in ROLES.items() if role.may & set(acts)])


def titles_of(roles: Iterable[str]) -> Bilingual:
    found = [ROLES[role].title for role in roles if role in ROLES]
    return Bilingual(", ".join(title.en for title in found), "、".join(title.zh for title in found))
