"""The questions of a visit, from `policy/questions.yaml`: data that officials change. They say nothing of what is promised, so they
are no part of the rules' digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from anju.apps.visits.states import PURPOSES
from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault, PolicyFaults, nearest
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Policy

FILE = "questions.yaml"
KINDS = ("yes_no", "choice", "number", "text")
SUBJECTS = ("household", "person")
YES_NO = {"yes": Bilingual("Yes", "是"), "no": Bilingual("No", "否")}
TEXT = 400
MOST = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Question:
    """`feature`: the fact of the standards that answers it, '' where only the family can; `applies`: the fact that must hold for it to be
    put at all. `standards`: an open alert about one of them puts the answer in doubt. `again_days`: an answer at the door holds so
    long. `need_to_know`: asked by, and told to, posts that may know of health only. `purposes`: () for every visit."""

    code: str
    title: Bilingual
    kind: str
    subject: str = "household"
    choices: Mapping[str, Bilingual] | None = None
    feature: str = ""
    applies: str = ""
    standards: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    again_days: int = 30
    need_to_know: bool = False

    @property
    def options(self) -> Mapping[str, Bilingual]:
        return YES_NO if self.kind == "yes_no" else self.choices or {}

    def fault_of(self, answer: str) -> str:
        """What is wrong with an answer, in a word: choice | number | length; '' where nothing is."""
        match self.kind:
            case "yes_no" | "choice":
                return "" if answer in self.options else "choice"
            case "number":
                try:
                    number = Decimal(answer)
                except InvalidOperation:
                    return "number"
                return "" if number.is_finite() and 0 <= number < MOST else "number"
            case _:
                return "" if len(answer) <= TEXT else "length"

    def words_of(self, answer: str) -> Bilingual:
        return self.options.get(answer, Bilingual(answer, answer))


def load_questions(folder: Path, policy: Policy) -> dict[str, Question]:
    """The questions by code, in the order in which they are asked. Raises PolicyFaults with every fault."""
    found, faults = read_questions(folder, policy)
    if faults:
        raise PolicyFaults(faults)
    return found


def read_questions(folder: Path, policy: Policy) -> tuple[dict[str, Question], list[Fault]]:
    """No file: no questions. Features and standards are looked up in `policy`, so that a name misspelt is found when it is read."""
    faults: list[Fault] = []
    if not (folder / FILE).exists():
        return {}, []
    root = read_document(folder / FILE, FILE, faults)
    fields = root.mapping(required=("questions",)) if root is not None else {}
    found: dict[str, Question] = {}
    for node in fields["questions"].listing() if "questions" in fields else ():
        question = _question(node, policy)
        if question is not None and question.code in found:
            node.fault(f"question '{question.code}' stands here twice", remedy="keep one of them")
        elif question is not None:
            found[question.code] = question
    return found, sorted(set(faults))


def _question(node: Node, policy: Policy) -> Question | None:
    before = len(node.faults)
    optional = ("subject", "choices", "feature", "applies", "standards", "purposes", "again_days", "need_to_know")
    fields = node.complete(("code", "title", "kind"), optional)
    if fields is None:
        return None
    code, kind = fields["code"].text() or "", fields["kind"].choice(KINDS) or "text"
    subject = (fields["subject"].choice(SUBJECTS) if "subject" in fields else None) or "household"
    choices = None
    if "choices" in fields:
        choices = {name: child.bilingual() for name, child in fields["choices"].mapping(optional=None).items()}
    if (kind == "choice") != bool(choices):
        node.fault("a choice needs 'choices'" if kind == "choice" else f"a question of kind {kind} has no choices")
    if not code.replace("_", "").isalnum():
        fields["code"].fault(f"'{code}' cannot be a code", remedy="use letters, digits and _")
    again = fields["again_days"].integer() if "again_days" in fields else 30
    if again is not None and not 0 <= again <= 3_660:
        fields["again_days"].fault(f"{again} days is out of range", remedy="0 to 3660")
    question = Question(
        code, fields["title"].bilingual(), kind, subject, choices,
        feature=_feature(fields, "feature", subject, policy), applies=_feature(fields, "applies", subject, policy),
        standards=_known(fields, "standards", policy.standards), purposes=_known(fields, "purposes", PURPOSES),
        again_days=again or 0, need_to_know=bool(fields["need_to_know"].boolean()) if "need_to_know" in fields else False,
    )  # fmt: skip
    return question if len(node.faults) == before else None


def _feature(fields: Mapping[str, Node], name: str, subject: str, policy: Policy) -> str:
    """'on_roll.status': a feature of the subject, and the column of it where it is a row."""
    text = (fields[name].text() or "") if name in fields else ""
    known = [feature for of, feature in policy.features if of == subject]
    if text and text.split(".")[0] not in known:
        fields[name].fault(f"a {subject} has no feature '{text}'", alternatives=nearest(text.split(".")[0], known))
    return text


def _known(fields: Mapping[str, Node], name: str, known: Mapping[str, object] | tuple[str, ...]) -> tuple[str, ...]:
    texts = fields[name].texts() if name in fields else ()
    for text in texts:
        if text not in known:
            fields[name].fault(f"there is no '{text}'", alternatives=nearest(text, known))
    return texts
