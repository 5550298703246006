"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.stewards import due, receipts, sending, setaside

urlpatterns = [
    path("deliveries/", due.deliveries, name="deliveries"),
    path("deliveries/receipts/", receipts.receipts, name="receipts"),
    path("deliveries/new/", sending.upload_new, name="upload_new"),
    path("deliveries/sent/<int:key>/", sending.upload, name="upload"),
    path("deliveries/sent/<int:key>/drop/", sending.upload_drop, name="upload_drop"),
    path("deliveries/<int:number>/", receipts.receipt, name="receipt"),
    path("deliveries/<int:number>/confirm/", receipts.confirm, name="receipt_confirm"),
    path("deliveries/<int:number>/withdraw/", receipts.withdraw, name="receipt_withdraw"),
    path("deliveries/<int:number>/rows/", setaside.set_aside, name="set_aside"),
    path("deliveries/<int:number>/rows/reveal/", setaside.reveal, name="set_aside_reveal"),
    path("deliveries/<int:number>/rows/mend/", setaside.mend, name="set_aside_mend"),
    path("deliveries/<int:number>/rows/sheet/", setaside.sheet, name="set_aside_sheet"),
    path("deliveries/<int:number>/original/", setaside.original, name="receipt_original"),
]
