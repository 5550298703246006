"""The public notice about a family: built from a template, and screened so that no number and no health can stand in it.

What may be said: the head's name masked as is the custom (韦*英), the address down to the building, the category, and grounds in neutral
words. The screen reads the finished text again and trusts nobody: neither the template nor whoever typed the address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from anju.core.contracts.model import Bilingual

MOST_DIGITS = 6  # in a row: seven and more may be a telephone, a card, an identity number
NUMERALS = str.maketrans("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两弌弍弎貳參陸", "0012345678912345678912123236")
COMPOUND = frozenset(
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 长孙 宇文 司徒 夏侯 端木 南宫 独孤 轩辕 司空 闻人 百里 东郭 呼延 澹台".split()
)

HEALTH_ZH = (
    "病", "医", "癌", "瘤", "症", "疾", "残", "孕", "产妇", "流产", "艾滋", "精神", "抑郁", "智力", "痴呆", "自闭", "瘫", "聋", "哑", "盲",
    "手术", "住院", "诊断", "诊疗", "门诊", "就诊", "治疗", "透析", "化疗", "放疗", "移植", "用药", "药费", "药品", "药物", "服药", "吸毒",
    "康复", "护理", "失能", "卧床", "生活不能自理", "健康", "体检", "传染", "感染", "结核", "肝炎", "尿毒", "糖尿", "血压", "血友", "白血",
    "中风", "脑梗", "心梗", "骨折", "烧伤", "受伤", "伤情", "工伤", "生育", "不孕", "卫生院", "救护",
)  # fmt: skip
HEALTH_EN = (
    "illness", "illnesses", "ill", "sick", "sickness", "disease", "diseases", "hospital", "clinic", "cancer", "tumour", "tumor", "surgery",
    "surgical", "disable", "disability", "handicap", "patient", "medic", "health", "chronic", "dialysis", "hiv", "aids", "mental", "psychiatr",
    "pregnan", "diagnos", "treatment", "therap", "chemo", "stroke", "diabet", "hepatitis", "tubercul", "depress", "schizo", "paraly", "injur",
    "wound", "infect", "rehabilit", "nursing", "doctor", "drug", "transplant", "leukaemia", "leukemia", "blind", "deaf", "dementia",
)  # fmt: skip
WHOLE = frozenset({"ill", "aids", "hiv", "deaf", "sick", "drug"})  # these would be found within or across other words: will, made after

GROUNDS: dict[str, Bilingual] = {
    "illness": Bilingual("a large necessary expense", "重大支出"),
    "disability": Bilingual("a large necessary expense", "重大支出"),
    "education": Bilingual("costs of schooling", "就学支出"),
    "disaster": Bilingual("a natural disaster", "自然灾害"),
    "accident": Bilingual("an unforeseen event", "突发变故"),
    "employment": Bilingual("unsteady income from work", "务工收入不稳"),
    "industry": Bilingual("a loss in business or farming", "生产经营受损"),
    "no_labour": Bilingual("unsteady income", "收入不稳"),
    "other": Bilingual("other hardship", "其他困难"),
}
CATEGORIES: dict[str, Bilingual] = {
    "unstable": Bilingual("No longer poor, not yet stable", "脱贫不稳定户"),
    "marginal": Bilingual("Close to poverty", "边缘易致贫户"),
    "sudden": Bilingual("Sudden severe hardship", "突发严重困难户"),
}
LISTING, ELIMINATION = "listing", "elimination"
OPENING = {
    LISTING: Bilingual(
        "After a visit, a comparison of data and a review meeting, it is proposed to take the family below into monitoring and support.",
        "经入户核实、数据比对和民主评议，拟将下列家庭纳入防返贫监测帮扶，现予公示。",
    ),
    ELIMINATION: Bilingual(
        "After a visit, a comparison of data and a review meeting, it is proposed to declare the risk of the family below over.",
        "经入户核实、数据比对和民主评议，拟将下列家庭风险消除，现予公示。",
    ),
}


@dataclass(frozen=True, slots=True)
class Unfit:
    """What must not be printed: `line` and `column` count from 1, `what` names the kind and never the thing itself."""

    line: int
    column: int
    what: Bilingual

    def __str__(self) -> str:
        return f"line {self.line}, character {self.column}: {self.what.en}"


class Unprintable(ValueError):
    """Raised instead of a notice. `faults` holds every one."""

    def __init__(self, faults: Iterable[Unfit]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "the notice cannot be put up: "
            + "; ".join(map(str, self.faults))
            + ". Say the building otherwise; numbers and health never stand there"
        )


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """`head` is the full name: only its mask is printed. `address` goes down to the building and no further. `office` takes objections."""

    purpose: str
    head: str
    address: str
    category: str
    risks: tuple[str, ...]
    up_from: date
    until: date
    working_days: int
    office: str


def masked_by_custom(name: str) -> str:
    """'韦秀英' -> '韦*英', '韦英' -> '韦*', '欧阳秀英' -> '欧阳*英'; of other scripts the initials: 'M* L*'."""
    plain = "".join(name.split()) if not name.isascii() else name.strip()
    if not plain:
        return "*"
    if plain.isascii():
        return " ".join(f"{word[0]}*" for word in plain.split())
    family = plain[:2] if plain[:2] in COMPOUND and len(plain) > 2 else plain[0]
    given = plain[len(family) :]
    return f"{family}*" if len(given) < 2 else f"{family}{'*' * (len(given) - 1)}{given[-1]}"


def grounds_of(risks: Sequence[str]) -> Bilingual:
    """In neutral words, each once: illness and disability are a large expense and nothing else."""
    said = list(dict.fromkeys(GROUNDS[risk] for risk in risks if risk in GROUNDS)) or [GROUNDS["other"]]
    return Bilingual(", ".join(one.en for one in said), "、".join(one.zh for one in said))


def build_notice(facts: NoticeFacts, *, never: Mapping[str, Bilingual] | None = None) -> Bilingual:
    """The finished text in both languages. Raises Unprintable, naming every place, where the screen finds something."""
    text = Bilingual(_english(facts), _chinese(facts))
    faults = [*screen(text.zh, never=never), *screen(text.en, never=never)]
    if faults:
        raise Unprintable(faults)
    return text


def _chinese(facts: NoticeFacts) -> str:
    return "\n".join([
        "公示",
        OPENING[facts.purpose].zh,
        f"户主：{masked_by_custom(facts.head)}",
        f"住址：{facts.address}",
        f"类别：{CATEGORIES[facts.category].zh}",
        *([f"原因：{grounds_of(facts.risks).zh}"] if facts.purpose == LISTING else []),
        f"公示期：{_day(facts.up_from)}至{_day(facts.until)}（{facts.working_days}个工作日）",
        f"如有异议，请在公示期内向{facts.office}当面或书面反映，收到后逐一答复。",
        _day(facts.up_from),
    ])  # fmt: skip


def _english(facts: NoticeFacts) -> str:
    return "\n".join([
        "Public notice",
        OPENING[facts.purpose].en,
        f"Head of the family: {masked_by_custom(facts.head)}",
        f"Address: {facts.address}",
        f"Category: {CATEGORIES[facts.category].en}",
        *([f"Grounds: {grounds_of(facts.risks).en}"] if facts.purpose == LISTING else []),
        f"On display from {_named(facts.up_from)} to {_named(facts.until)} ({facts.working_days} working days)",
        f"Whoever objects may tell {facts.office} in person or in writing until then; each objection is answered.",
        _named(facts.up_from),
    ])  # fmt: skip


MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _named(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


# --- the screen ----------------------------------------------------------------------------------------------------------


def screen(text: str, *, never: Mapping[str, Bilingual] | None = None) -> tuple[Unfit, ...]:
    """Everything in `text` that must not be printed: numbers of seven digits and more however they are written, and words of health.
    `never`: further texts that must not stand there (a name in full, a room) and what each of them is."""
    found: list[tuple[int, Bilingual]] = []
    letters = list(_plain(text))
    found += _numbers(letters)
    found += _health(letters)
    for word, what in (never or {}).items():
        found += [(at, what) for at in _places_of(letters, [c for c, _ in _plain(word)])]
    return tuple(Unfit(*_position(text, at), what) for at, what in sorted(found, key=lambda one: (one[0], one[1].en)))


def _plain(text: str) -> Iterator[tuple[str, int]]:
    """Each character that says something, in its plainest form, with where it stands: full width and circled become half width,
    digits of other scripts and Chinese numerals become 0 to 9; blanks, signs and what is invisible are left out."""
    for at, written in enumerate(text):
        for char in unicodedata.normalize("NFKC", written):
            kind = unicodedata.category(char)
            if kind[0] in "ZPSCM":
                continue
            if kind == "Nd":
                yield str(unicodedata.digit(char)), at
            else:
                yield char.lower().translate(NUMERALS), at


def _numbers(letters: Sequence[tuple[str, int]]) -> Iterator[tuple[int, Bilingual]]:
    joined = "".join(char if len(char) == 1 else "?" for char, _ in letters)
    for run in re.finditer(rf"[0-9]{{{MOST_DIGITS + 1},}}x?", joined):
        yield letters[run.start()][1], _kind_of_number(run[0])


def _kind_of_number(run: str) -> Bilingual:
    n = len(run)
    if n in (15, 18) or run.endswith("x"):
        return Bilingual(f"{n} digits, like an identity number", f"{n}位数字，疑似身份证号")
    if n == 11 and run[0] == "1":
        return Bilingual("11 digits, like a mobile number", "11位数字，疑似手机号")
    if 12 <= n <= 19 and luhn(run):
        return Bilingual(f"{n} digits, like a bank account", f"{n}位数字，疑似银行账号")
    return Bilingual(f"{n} digits in a row, like a telephone or account", f"连续{n}位数字，疑似电话或账号")


def luhn(number: str) -> bool:
    """Whether the last digit is the check digit of a bank card."""
    total = 0
    for nth, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if nth % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _health(letters: Sequence[tuple[str, int]]) -> Iterator[tuple[int, Bilingual]]:
    what = Bilingual("a word of health", "涉及健康的词语")
    joined = "".join(char if len(char) == 1 else "?" for char, _ in letters)
    for word in HEALTH_ZH:
        yield from ((letters[at][1], what) for at in _all(joined, word.translate(NUMERALS)))
    for word in HEALTH_EN:
        for at in _all(joined, word):
            if word not in WHOLE or _stands_alone(letters, at, at + len(word)):
                yield letters[at][1], what


def _stands_alone(letters: Sequence[tuple[str, int]], start: int, end: int) -> bool:
    """Whether no letter touches it on either side as it is written."""
    before = start > 0 and letters[start - 1][1] == letters[start][1] - 1 and letters[start - 1][0].isascii() and letters[start - 1][0].isalpha()
    after = end < len(letters) and letters[end][1] == letters[end - 1][1] + 1 and letters[end][0].isascii() and letters[end][0].isalpha()
    return not before and not after


def _all(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _places_of(letters: Sequence[tuple[str, int]], word: Sequence[str]) -> Iterator[int]:
    chars = [char for char, _ in letters]
    for start in range(len(chars) - len(word) + 1) if word else ():
        if chars[start : start + len(word)] == word:
            yield letters[start][1]


def _position(text: str, at: int) -> tuple[int, int]:
    before = text[:at]
    line = before.count("\n")
    return line + 1, at - (before.rfind("\n") + 1) + 1
