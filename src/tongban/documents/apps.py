from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "tongban.documents"
    verbose_name = "文件"
