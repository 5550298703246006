# Nothing wrote vital events before: the table is made anew.

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_masks_give_nothing_away"),
    ]

    operations = [
        migrations.DeleteModel("VitalEvent"),
        migrations.CreateModel(
            name="VitalEvent",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.CharField(max_length=64, unique=True)),
                ("event_type", models.CharField(max_length=16)),
                ("event_date", models.DateField()),
                ("digest", models.CharField(max_length=64)),
                ("new_digest", models.CharField(max_length=64, null=True)),
                ("new_value", models.BinaryField(null=True)),
                ("residence_permit_no", models.CharField(max_length=64, null=True)),
                ("residence_permit_expiry", models.DateField(null=True)),
                ("fault", models.CharField(blank=True, max_length=200)),
                ("file_name", models.CharField(max_length=255)),
                ("line", models.IntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="events", to="people.person"),
                ),
            ],
        ),
    ]
