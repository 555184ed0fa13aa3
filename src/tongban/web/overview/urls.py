"""The addresses of the overview, story by story: each file lists its own."""

from tongban.web.overview import drafting, landing, standards, words

urlpatterns = [
    *landing.urlpatterns,
    *standards.urlpatterns,
    *drafting.urlpatterns,
    *words.urlpatterns,
]
