from django.apps import AppConfig


class SystemConfig(AppConfig):
    name = "tongban.web.system"
    label = "web_system"
    verbose_name = "系统管理"
