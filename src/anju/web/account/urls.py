"""Addresses of this room."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import path

from anju.web.account import views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/post/", views.choose_post, name="choose_post"),
    path("account/password/", login_required(views.OwnPassword.as_view()), name="password"),
    path("account/appearance/", views.appearance, name="appearance"),
    path("language/", views.language, name="language"),
]
