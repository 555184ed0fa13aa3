from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("tongban_messages", "0002_codes"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="message", name="message_to_be_sent"),
        migrations.RemoveIndex(model_name="message", name="message_in_trouble"),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["not_before", "id"],
                condition=Q(("state", "queued"), ("state", "unknown"), _connector="OR"),
                name="message_to_be_sent",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["-written_at", "-id"],
                condition=Q(("state", "failed"), ("state", "unknown"), _connector="OR"),
                name="message_in_trouble",
            ),
        ),
    ]
