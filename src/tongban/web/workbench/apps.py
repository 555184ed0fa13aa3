from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    name = "tongban.web.workbench"
    label = "web_workbench"
    verbose_name = "工作台"
