"""The addresses of the overview, story by story: each file lists its own."""

from tongban.web.overview import landing, words

urlpatterns = [
    *landing.urlpatterns,
    *words.urlpatterns,
]
