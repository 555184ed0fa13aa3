from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "tongban.notices"
    verbose_name = "文书"
