import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_applicants")]

    operations = [
        migrations.AlterField(
            model_name="scan",
            name="material",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="scans",
                to="cases.casematerial",
                verbose_name="材料",
            ),
        ),
        migrations.AddField(
            model_name="scan",
            name="field_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=60, verbose_name="表单项"),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.CheckConstraint(
                condition=Q(material__isnull=False, field_key="")
                | Q(material__isnull=True) & ~Q(field_key=""),
                name="a_scan_is_of_a_material_or_of_a_form_field",
            ),
        ),
    ]
