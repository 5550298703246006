"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from anju.web.cases import answers, bulk, case, evidence, handover, instructions, queue, steps, supervision

urlpatterns: list[URLPattern] = [
    path("cases/", queue.cases, name="cases"),
    path("cases/bulk/", bulk.bulk, name="cases_bulk"),
    path("cases/seen/", queue.seen, name="cases_seen"),
    path("cases/hand-over/", handover.hand_over, name="hand_over"),
    path("cases/families/", handover.families, name="my_families"),
    path("cases/families/<int:key>/lead/", handover.lead, name="family_lead"),
    path("cases/instructions/", instructions.instructions, name="instructions"),
    path("cases/instructions/<int:key>/", instructions.instruction, name="instruction"),
    path("cases/instructions/<int:key>/answer/", instructions.answer, name="instruction_answer"),
    path("supervision/", supervision.supervision, name="supervision"),
    path("supervision/cases/", supervision.marked, name="supervision_cases"),
    path("supervision/draw/", supervision.draw_again, name="supervision_draw"),
    path("cases/<int:number>/", case.case, name="case"),
    path("cases/<int:number>/attach/", evidence.attach, name="case_attach"),
    path("cases/<int:number>/make_link/", answers.link, name="case_link"),
    path("cases/<int:number>/files/<int:key>/", evidence.file, name="case_file"),
    path("cases/<int:number>/files/<int:key>/small/", evidence.small, name="case_file_small"),
    path("cases/<int:number>/files/<int:key>/withdraw/", evidence.withdraw, name="case_file_withdraw"),
    path("cases/<int:number>/<slug:step>/", steps.take_step, name="case_step"),
]
