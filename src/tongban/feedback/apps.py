from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "tongban.feedback"
    verbose_name = "评价与投诉"
