"""What may stand between {{ and }} in somebody else's form: each placeholder with its words, by which it may be written too."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from anju.apps.visits.questions import Question
from anju.core.contracts.model import Bilingual

MARK = re.compile(r"[{｛]{2}\s*(.+?)\s*[}｝]{2}")
OPEN = re.compile(r"[{｛]{2}|[}｝]{2}")
MEMBERS, LIST, EXPORT, ANSWERS = "members.", "list.", "export.", "answers."

VISIT: dict[str, Bilingual] = {
    "household.code": Bilingual("Code of the household", "户编号"), "household.place": Bilingual("Community or grid", "社区"),
    "household.address": Bilingual("Address", "住址"), "household.building": Bilingual("Building", "楼栋"),
    "household.unit": Bilingual("Entrance", "单元"), "household.room": Bilingual("Room", "房号"),
    "household.members": Bilingual("Members", "家庭人口"), "household.moved_in": Bilingual("Moved in on", "搬入日期"),
    "head.name_masked": Bilingual("Head of household, masked", "户主"),
    "visit.number": Bilingual("Number of the visit", "走访编号"), "visit.day": Bilingual("Day of the visit", "走访日期"),
    "visit.due_on": Bilingual("Due on", "计划日期"), "visit.mode": Bilingual("How", "走访方式"),
    "visit.outcome": Bilingual("Outcome", "走访结果"),
    "visit.purpose": Bilingual("Purpose", "走访目的"), "visit.why": Bilingual("Why", "走访事由"),
    "visit.findings": Bilingual("Found", "发现的问题"), "visit.note": Bilingual("Note", "备注"), "visit.minutes": Bilingual("Minutes", "用时"),
    "visit.photos": Bilingual("Photos", "照片数"), "visit.visitor": Bilingual("Visitor", "走访人"),
}  # fmt: skip
MEMBER: dict[str, Bilingual] = {
    "members.number": Bilingual("Running number", "成员.序号"), "members.name_masked": Bilingual("Name, masked", "成员.姓名"),
    "members.relation": Bilingual("Relation to the head", "成员.关系"), "members.age": Bilingual("Age", "成员.年龄"),
}  # fmt: skip
EXPORTS: dict[str, Bilingual] = {
    "export.day": Bilingual("Day of the export", "导出日期"), "export.by": Bilingual("Who exported", "导出人"),
    "export.count": Bilingual("Visits in it", "走访户数"),
}  # fmt: skip


def placeholders(questions: Mapping[str, Question]) -> dict[str, Bilingual]:
    """Every placeholder with its words. `members.…` stand in a row that is repeated for each member, `list.…` in one for each visit."""
    asked = {ANSWERS + code: one.title for code, one in questions.items()}
    of_members = {MEMBERS + ANSWERS + code: one.title for code, one in questions.items() if one.subject == "person"}
    each = {LIST + name: Bilingual(words.en, "每户." + words.zh) for name, words in VISIT.items()}
    each |= {LIST + name: words for name, words in asked.items()}
    numbered = {LIST + "number": Bilingual("Running number", "每户.序号")}
    return {**VISIT, **asked, **MEMBER, **of_members, **numbered, **each, **EXPORTS}


def by_words(known: Mapping[str, Bilingual]) -> dict[str, str]:
    """The Chinese words of a placeholder -> its name: a clerk need not learn ours. Questions are written by name alone."""
    return {words.zh: name for name, words in known.items() if ANSWERS not in name}


def named(text: str, aliases: Mapping[str, str]) -> Iterator[str]:
    """The names of the placeholders in a text; what is written in our words by its name."""
    for found in MARK.finditer(text):
        yield aliases.get(found[1], found[1])


def is_broken(text: str) -> bool:
    """'{{visit.day' is opened and never closed."""
    return OPEN.search(MARK.sub("", text)) is not None


def nearest_of(name: str, known: Collection[str], aliases: Mapping[str, str], most: int = 3) -> tuple[str, ...]:
    """The names most like this one; () where none is alike."""
    close = difflib.get_close_matches(name, [*sorted(known), *aliases], n=most, cutoff=0.6)
    last = [one for one in sorted(known) if one.rpartition(".")[2] == name.rpartition(".")[2]]
    return tuple(dict.fromkeys([*close, *last]))[:most]
