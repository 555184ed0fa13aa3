"""The addresses of the overview, story by story: each file lists its own."""

from tongban.web.overview import (
    announcements,
    compare,
    complaints,
    contact_list,
    drafting,
    items,
    landing,
    lists,
    off_list,
    pilots,
    places,
    ratings,
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
    *ratings.urlpatterns,
    *complaints.urlpatterns,
    *items.urlpatterns,
    *lists.urlpatterns,
    *pilots.urlpatterns,
    *workbooks.urlpatterns,
]
