"""The five stories of the sample, under codes that do not change: which families and places they are about."""

from __future__ import annotations

from dataclasses import dataclass

from anju.sample.families import CLOSING_WORKSHOP, COUSIN, GIRL, ILLNESS, LATE_COMMUNITY, THRIVING, WATER_COMMUNITY
from anju.sample.plan import Spell, World
from anju.sample.timeline import in_month
from anju.sample.work import expect_no_work


@dataclass(frozen=True, slots=True)
class Story:
    """`households`, `places` and `employers` are what a page links to; `standards` what is found about them."""

    code: str
    title_en: str
    title_zh: str
    households: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    employers: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()


def found_in(w: World) -> tuple[Story, ...]:
    water = w.p.community_code[w.p.community(*WATER_COMMUNITY)]
    late = w.p.community_code[w.p.community(*LATE_COMMUNITY)]
    return (
        Story("girl-off-the-roll", "The girl off the roll", "不在学籍上的女孩", (GIRL.code, COUSIN.code), standards=("ED-01",)),
        Story("illness-and-lost-work", "Illness and lost work", "大病与失业", (ILLNESS.code,), standards=("EM-01", "MH-02", "MW-02")),
        Story("bad-water", "Bad water", "不合格的水", places=(water, late), standards=("HS-04",)),
        Story("workshop-closes", "The workshop closes", "关门的车间", employers=(CLOSING_WORKSHOP,), standards=("EM-05",)),
        Story("family-that-thrives", "A family that thrives", "红火的一家", (THRIVING.code,)),
    )


def plan_stories(w: World) -> None:
    """The father falls ill in June, nobody of the family works from July until the mother has a post in November. The other stories are
    planned where they belong: at school, in the water supply, in the workshops; the family that thrives has no trouble at all."""
    family = w.p.stories[ILLNESS.code]
    july = in_month(w.t.last - 1, 1)
    first = july.year * 12 + july.month - 1
    expect_no_work(w, w.add(Spell("no_work_long", first, first + 3, family)))
