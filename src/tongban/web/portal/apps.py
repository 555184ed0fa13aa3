from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "tongban.web.portal"
    label = "web_portal"
    verbose_name = "门户"
