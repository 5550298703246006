"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.office import accounts, calendar, importing, journal, looks, messages, tasks

urlpatterns = [
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/new/", accounts.new_account, name="account_new"),
    path("accounts/import/", importing.import_list, name="accounts_import"),
    path("accounts/import/list.xlsx", importing.template, name="accounts_template"),
    path("accounts/<int:key>/", accounts.one_account, name="account_of"),
    path("accounts/<int:key>/<slug:act>/", accounts.act_on_account, name="account_act"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/load/", calendar.load_calendar, name="calendar_load"),
    path("calendar/days.xlsx", calendar.calendar_sheet, name="calendar_sheet"),
    path("messages/", messages.messages, name="messages"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<int:number>/<slug:do>/", tasks.act, name="task_act"),
    path("journal/", journal.journal, name="journal"),
    path("journal/check/", journal.check, name="journal_check"),
    path("journal/export/", journal.export, name="journal_export"),
    path("journal/looks/", looks.by_account, name="journal_looks"),
]
