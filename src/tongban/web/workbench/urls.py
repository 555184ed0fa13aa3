"""The addresses of the workbench, page area by page area."""

from tongban.web.workbench import case, feedback, general, helping, off_list, receive

urlpatterns = [
    *general.urlpatterns,
    *receive.urlpatterns,
    *off_list.urlpatterns,
    *helping.urlpatterns,
    *feedback.urlpatterns,
    *case.urlpatterns,
]
