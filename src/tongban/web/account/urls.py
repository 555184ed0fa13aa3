"""The addresses of sign-in and of one's own account."""

from django.urls import path

from tongban.web.account import own, sign_in

urlpatterns = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign_in"),
    path("sign-in/code/", sign_in.code, name="sign_in_code"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign_out"),
    path("account/", own.page, name="account"),
    path("account/alive/", own.alive, name="account_alive"),
    path("account/password/", own.password, name="account_password"),
    path("account/factor/", own.factor, name="account_factor"),
    path("account/factor/begin/", own.begin_factor, name="account_factor_begin"),
    path("account/factor/codes/", own.renew_codes, name="account_factor_codes"),
    path("account/factor/off/", own.turn_factor_off, name="account_factor_off"),
    path("account/sessions/end/", own.end_session, name="account_session_end"),
]
