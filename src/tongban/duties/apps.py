from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "tongban.duties"
    verbose_name = "时限义务"
