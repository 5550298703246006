"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.visits import calling, exporting, keeping, planning, recording, reporting, sheets, views

urlpatterns = [
    path("visits/", views.visits, name="visits"),
    path("visits/new/", recording.new, name="visit_new"),
    path("visits/call/", calling.call, name="visits_call"),
    path("visits/plan/", planning.plan, name="visits_plan"),
    path("visits/reassign/", planning.reassign, name="visits_reassign"),
    path("visits/burden/", planning.burden, name="visits_burden"),
    path("visits/sheet/", sheets.sheet, name="visits_sheet"),
    path("visits/export/", exporting.export, name="visits_export"),
    path("visits/forms/", keeping.forms, name="visit_forms"),
    path("visits/forms/<slug:name>/", keeping.form, name="visit_form"),
    path("visits/forms/<int:number>/end/", keeping.end, name="visit_form_end"),
    path("visits/<int:number>/", views.visit, name="visit"),
    path("visits/<int:number>/record/", recording.record, name="visit_record"),
    path("visits/<int:number>/not-made/", recording.not_made, name="visit_not_made"),
    path("reports/", reporting.reports, name="reports"),
    path("reports/new/", reporting.new, name="report_new"),
    path("reports/<slug:number>/", reporting.report, name="report"),
    path("reports/<slug:number>/receipt/", reporting.receipt, name="report_receipt"),
    path("reports/<slug:number>/take-up/", reporting.take_up, name="report_take_up"),
    path("reports/<slug:number>/decide/", reporting.decide, name="report_decide"),
]
