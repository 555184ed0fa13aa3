"""The addresses of the public's door."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.i18n import set_language

from tongban.web.portal import (
    apply,
    complaints,
    contacts,
    enter,
    items,
    my,
    outbox,
    progress,
    ratings,
    reading,
    views,
    windows,
)

urlpatterns = [
    *contacts.urlpatterns,
    *items.urlpatterns,
    *windows.urlpatterns,
    *progress.urlpatterns,
    *enter.urlpatterns,
    *my.urlpatterns,
    *apply.urlpatterns,
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
