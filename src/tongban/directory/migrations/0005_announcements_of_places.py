import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_announcements_kiosks_figures")]

    operations = [
        migrations.RenameField("announcement", "province", "place"),
        migrations.AlterField(
            "announcement",
            "place",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.division",
                verbose_name="地方",
            ),
        ),
    ]
