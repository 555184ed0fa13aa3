"""Everything under /api/v1/: operations, their description, and a JSON answer for whatever is not there."""

from typing import Any

from django.urls import URLPattern, path, re_path
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.renderers import JSONRenderer

from tongban.web.api import (
    admission,
    calendars,
    cases,
    catalogue,
    description,
    documentation,
    elements,
    feedback,
    forms,
    helping,
    lists,
    messages,
    off_list,
    papers,
    places,
    problems,
    queues,
    rosters,
    showing,
    standards,
    steps,
    window_feedback,
    words,
    workbooks,
    zone,
)
from tongban.web.api.auth import BEARER


class Renderer(JSONRenderer):
    """JSON that people can read too."""

    json_dumps_params = {"ensure_ascii": False}


class Api(NinjaAPI):
    """The framework's API with its description completed."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=showing.ROOT)
        description.complete(schema)
        return schema


api = Api(
    title=description.TITLE,
    version=description.VERSION,
    description=description.ABOUT,
    docs_url=None,
    auth=BEARER,
    renderer=Renderer(),
    urls_namespace="api",
)
problems.register(api)
for part in (
    catalogue,
    queues,
    cases,
    papers,
    forms,
    lists,
    elements,
    steps,
    calendars,
    places,
    words,
    standards,
    workbooks,
    off_list,
    messages,
    zone,
    feedback,
    window_feedback,
    helping,
    rosters,
):
    api.add_router("", part.router)
problems.refuse_unknown_parameters(api)
admission.guard(api)

urlpatterns = [
    path("docs", documentation.page_of(api.get_openapi_schema), name="api-docs"),
    path("docs.css", documentation.style, name="api-docs-style"),
]
# An address is held against one pattern after the other: those of cases, which are asked for most, come first.
for pattern in sorted(api.urls[0], key=lambda found: not str(found.pattern).startswith("cases")):
    if isinstance(pattern, URLPattern) and pattern.name != "api-root":
        pattern.callback = problems.as_json(pattern.callback)
        urlpatterns.append(pattern)
urlpatterns.append(re_path(r"^.*$", problems.unknown))
