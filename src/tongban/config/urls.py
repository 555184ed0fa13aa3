"""The doors of the product on one domain."""

from django.urls import include, path

from tongban.web.kit import metrics

# The first that fits is taken: what programs and clerks ask all day is not held against the many of the portal first.
urlpatterns = [
    path("api/v1/", include(("tongban.web.api.urls", "api"))),
    path("desk/", include("tongban.web.account.urls")),
    path("desk/", include("tongban.web.workbench.urls")),
    path("system/", include("tongban.web.system.urls")),
    path("overview/", include("tongban.web.overview.urls")),
    path("health/", include("tongban.web.kit.health")),
    path("metrics", metrics.page, name="metrics"),
    path("", include("tongban.web.portal.urls")),
    path("language/", include("django.conf.urls.i18n")),
]
handler500 = "tongban.web.kit.refusal.failed"
