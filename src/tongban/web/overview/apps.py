from django.apps import AppConfig


class OverviewConfig(AppConfig):
    name = "tongban.web.overview"
    label = "web_overview"
    verbose_name = "总览"
