"""The addresses of the overview, story by story: each file lists its own."""

from tongban.web.overview import contact_list, landing, places, staff

urlpatterns = [
    *landing.urlpatterns,
    *places.urlpatterns,
    *contact_list.urlpatterns,
    *staff.urlpatterns,
]
