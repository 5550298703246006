from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("discovery", "0002_hearing"),
        ("places", "0002_both_times"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="report",
            name="report_path",
        ),
        migrations.RemoveIndex(
            model_name="report",
            name="report_origin",
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["state", "path", "channel", "owner"], name="report_path_numbers"),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["state", "origin_path", "channel", "owner"], name="report_origin_numbers"),
        ),
    ]
