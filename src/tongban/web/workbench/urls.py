"""The addresses of the workbench, page area by page area."""

from tongban.web.workbench import case, general, receive

urlpatterns = [*general.urlpatterns, *receive.urlpatterns, *case.urlpatterns]
