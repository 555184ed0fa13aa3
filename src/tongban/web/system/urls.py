"""The addresses of the three administrators, one area after the other."""

from tongban.web.system import accounts, audit, landing, running, security

urlpatterns = [
    *landing.urlpatterns,
    *accounts.urlpatterns,
    *running.urlpatterns,
    *security.urlpatterns,
    *audit.urlpatterns,
]
