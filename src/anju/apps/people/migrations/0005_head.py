from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_vital_events"),
    ]

    operations = [
        migrations.AddField("household", "head_digest", models.CharField(max_length=64, null=True)),
        migrations.AddField("householdversion", "head_digest", models.CharField(max_length=64, null=True)),
    ]
