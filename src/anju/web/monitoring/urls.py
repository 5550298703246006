"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.monitoring import acting, papers, views

urlpatterns = [
    path("monitoring/", views.monitored, name="monitoring"),
    path("monitoring/propose/", views.propose, name="monitoring_propose"),
    path("monitoring/<int:number>/", views.listing, name="monitoring_listing"),
    path("monitoring/<int:number>/verify/", acting.verify, name="monitoring_verify"),
    path("monitoring/<int:number>/compare/", acting.compare, name="monitoring_compare"),
    path("monitoring/<int:number>/review/", acting.review, name="monitoring_review"),
    path("monitoring/<int:number>/notice/", papers.notice_new, name="monitoring_notice_new"),
    path("monitoring/<int:number>/township/", acting.township, name="monitoring_township"),
    path("monitoring/<int:number>/approve/", acting.approve, name="monitoring_approve"),
    path("monitoring/<int:number>/refuse/", acting.refuse, name="monitoring_refuse"),
    path("monitoring/<int:number>/objection/", acting.objection, name="monitoring_objection"),
    path("monitoring/<int:number>/answer/", acting.answer, name="monitoring_answer"),
    path("monitoring/<int:number>/end/", acting.end, name="monitoring_end"),
    path("monitoring/<int:number>/plan/", papers.plan, name="monitoring_plan"),
    path("monitoring/<int:number>/plan/measure/", acting.measure_add, name="monitoring_measure_add"),
    path("monitoring/<int:number>/plan/review/", acting.plan_review, name="monitoring_plan_review"),
    path("monitoring/measures/<int:number>/", papers.measure, name="monitoring_measure"),
    path("monitoring/notices/<int:number>/", papers.notice, name="monitoring_notice"),
]
