from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "tongban.journal"
    verbose_name = "留痕"
