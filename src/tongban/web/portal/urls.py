"""The addresses of the public's door."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.i18n import set_language

from tongban.web.portal import (
    announcements,
    apply,
    complaints,
    contacts,
    enter,
    figures,
    items,
    kiosk,
    my,
    my_account,
    my_case,
    my_looks,
    my_mandates,
    outbox,
    progress,
    ratings,
    reading,
    views,
    windows,
)

urlpatterns = [
    *contacts.urlpatterns,
    *announcements.urlpatterns,
    *figures.urlpatterns,
    *kiosk.urlpatterns,
    *items.urlpatterns,
    *windows.urlpatterns,
    *progress.urlpatterns,
    *enter.urlpatterns,
    *my.urlpatterns,
    *apply.urlpatterns,
    *my_case.urlpatterns,
    *my_looks.urlpatterns,
    *my_account.urlpatterns,
    *my_mandates.urlpatterns,
    *ratings.urlpatterns,
    *complaints.urlpatterns,
    *reading.urlpatterns,
    *outbox.urlpatterns,
    path("", views.home, name="home"),
    path("verify/", views.verify, name="verify"),
    path("verify/key.pem", views.public_key, name="public_key"),
    # The language can be chosen before signing in, too.
    path("language/setlang/", login_not_required(set_language), name="set_language"),
]
