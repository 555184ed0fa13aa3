"""The addresses of the workbench, page area by page area."""

from tongban.web.workbench import case, general, helping, off_list, receive

urlpatterns = [
    *general.urlpatterns,
    *receive.urlpatterns,
    *off_list.urlpatterns,
    *helping.urlpatterns,
    *case.urlpatterns,
]
