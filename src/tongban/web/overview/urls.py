"""The addresses of the overview, story by story: each file lists its own."""

from tongban.web.overview import (
    announcements,
    compare,
    contact_list,
    drafting,
    landing,
    off_list,
    places,
    staff,
    standards,
    words,
    workbooks,
)

urlpatterns = [
    *landing.urlpatterns,
    *standards.urlpatterns,
    *drafting.urlpatterns,
    *compare.urlpatterns,
    *places.urlpatterns,
    *contact_list.urlpatterns,
    *staff.urlpatterns,
    *words.urlpatterns,
    *announcements.urlpatterns,
    *off_list.urlpatterns,
    *workbooks.urlpatterns,
]
