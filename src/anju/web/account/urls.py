"""Addresses of this room."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import path

from anju.web.account import factor, notices, signing, views

urlpatterns = [
    path("sign-in/", signing.SignIn.as_view(), name="sign_in"),
    path("sign-in/code/", signing.sign_in_code, name="sign_in_code"),
    path("sign-in/kept/", signing.kept_form, name="kept"),
    path("sign-out/", signing.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/post/", views.choose_post, name="choose_post"),
    path("account/password/", login_required(signing.OwnPassword.as_view()), name="password"),
    path("account/app/", factor.factor, name="factor"),
    path("account/sessions/end/", signing.end_other_sessions, name="end_other_sessions"),
    path("account/sessions/<int:key>/end/", signing.end_one_session, name="end_one_session"),
    path("account/tokens/<int:key>/revoke/", views.revoke_own_token, name="revoke_own_token"),
    path("account/appearance/", views.appearance, name="appearance"),
    path("notices/", notices.notices, name="notices"),
    path("notices/<int:key>/", notices.open_notice, name="notice_open"),
    path("account/channels/", notices.channels, name="channels"),
    path("language/", views.language, name="language"),
]
