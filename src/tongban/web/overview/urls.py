"""The addresses of the overview, story by story: each file lists its own."""

from tongban.web.overview import contact_list, drafting, landing, places, staff, standards

urlpatterns = [
    *landing.urlpatterns,
    *standards.urlpatterns,
    *drafting.urlpatterns,
    *places.urlpatterns,
    *contact_list.urlpatterns,
    *staff.urlpatterns,
]
