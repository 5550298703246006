"""What cannot be done, why, and who can do it or what to do instead: in both languages, for a page shows it as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from anju.apps.staff.permissions import ROLES
from anju.core.contracts.model import Bilingual

TOLD = 3  # of several refusals, in one sentence


class Refused(ValueError):
    """`said` in both languages; the text of the error is the English one."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.said = Bilingual(en, zh)


class Several(Refused):
    """Of many cases at once some cannot be done, so none is: `each` says why, by number."""

    def __init__(self, each: Mapping[int, Refused]) -> None:
        self.each = dict(each)
        first = [f"No. {number}: {refused.said.en}" for number, refused in list(self.each.items())[:TOLD]]
        first_zh = [f"编号 {number}：{refused.said.zh}" for number, refused in list(self.each.items())[:TOLD]]
        super().__init__(f"{len(self.each)} of them cannot be done, so none was: {'; '.join(first)}",
                         f"其中 {len(self.each)} 件不能办理，故均未办理：{'；'.join(first_zh)}")  # fmt: skip


def unless_any(refused: Mapping[int, Refused], among: int) -> None:
    """Raises what stands in the way of any `among` so many cases: of a single one its own refusal, else all of them by number."""
    if refused and among == 1:
        raise next(iter(refused.values()))
    if refused:
        raise Several(refused)


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
