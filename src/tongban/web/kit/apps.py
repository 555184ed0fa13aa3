from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "tongban.web.kit"
    label = "web_kit"
    verbose_name = "共用"
