"""The addresses of the overview, story by story: each file lists its own."""

from tongban.web.overview import landing

urlpatterns = [
    *landing.urlpatterns,
]
