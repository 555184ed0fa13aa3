"""The addresses of the three administrators, one area after the other."""

from tongban.web.system import accounts, audit, landing, running, security, wordings

urlpatterns = [
    *landing.urlpatterns,
    *accounts.urlpatterns,
    *running.urlpatterns,
    *wordings.urlpatterns,
    *security.urlpatterns,
    *audit.urlpatterns,
]
