from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "tongban.directory"
    verbose_name = "联络清单与日历"
