from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "tongban.messages"
    label = "tongban_messages"  # Django's own flash messages hold the short one
    verbose_name = "消息"
