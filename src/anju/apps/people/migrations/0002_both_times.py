# The newest version stays in its table; the versions before it get tables of their own.

from __future__ import annotations

import datetime
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import TruncDate


def day_of_receipt(apps: Any, schema_editor: object) -> None:
    """What is there already was true, as far as anybody knows, from the day it was recorded."""
    for name in ("Household", "Person"):
        model = apps.get_model("people", name)
        model.objects.update(valid_from=TruncDate("known_from", tzinfo=datetime.UTC))


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
        ("places", "0001_initial"),
    ]

    operations = [
        migrations.RenameField("household", "recorded_at", "known_from"),
        migrations.RenameField("person", "recorded_at", "known_from"),
        migrations.AddField("household", "valid_from", models.DateField(default=datetime.date(1970, 1, 1)), preserve_default=False),
        migrations.AddField("person", "valid_from", models.DateField(default=datetime.date(1970, 1, 1)), preserve_default=False),
        migrations.RunPython(day_of_receipt, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="household",
            name="origin_place",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss_left", to="places.place"),
        ),
        migrations.AlterField(
            model_name="household",
            name="place",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="places.place"),
        ),
        migrations.CreateModel(
            name="HouseholdVersion",
            fields=[
                ("valid_from", models.DateField()),
                ("known_from", models.DateTimeField()),
                ("member_count", models.IntegerField(null=True)),
                ("move_in_date", models.DateField(null=True)),
                ("relocation_cohort", models.IntegerField(null=True)),
                ("origin_village_code", models.CharField(max_length=32, null=True)),
                ("origin_county_code", models.CharField(max_length=32, null=True)),
                ("mgmt_unit_code", models.CharField(max_length=32, null=True)),
                ("building_no", models.CharField(max_length=64, null=True)),
                ("unit_no", models.CharField(max_length=64, null=True)),
                ("room_no", models.CharField(max_length=64, null=True)),
                ("is_registered_poor", models.BooleanField(null=True)),
                ("relocation_type", models.CharField(max_length=32, null=True)),
                ("grid_code", models.CharField(max_length=64, null=True)),
                ("responsible_cadre_id", models.CharField(max_length=64, null=True)),
                ("status", models.CharField(max_length=32, null=True)),
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("household", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="people.household")),
                (
                    "origin_place",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss_left", to="places.place"),
                ),
                ("place", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="places.place")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PersonVersion",
            fields=[
                ("valid_from", models.DateField()),
                ("known_from", models.DateTimeField()),
                ("sex", models.CharField(max_length=8, null=True)),
                ("birth_date", models.DateField(null=True)),
                ("birth_date_approximate", models.BooleanField(default=False)),
                ("ethnic_code", models.CharField(max_length=16, null=True)),
                ("relation_to_head", models.CharField(max_length=16, null=True)),
                ("hukou_area_code", models.CharField(max_length=32, null=True)),
                ("hukou_moved", models.BooleanField(null=True)),
                ("residence_permit_no", models.CharField(max_length=64, null=True)),
                ("residence_permit_expiry", models.DateField(null=True)),
                ("education_level", models.CharField(max_length=16, null=True)),
                ("is_student", models.BooleanField(null=True)),
                ("in_military", models.BooleanField(null=True)),
                ("labour_capacity", models.CharField(max_length=16, null=True)),
                ("health_status", models.CharField(max_length=16, null=True)),
                ("resident_status", models.CharField(max_length=16, null=True)),
                ("alive", models.BooleanField(null=True)),
                ("deceased_on", models.DateField(null=True)),
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, null=True)),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="people.person")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RegisterDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("registry", models.CharField(max_length=12)),
                ("file_name", models.CharField(max_length=255)),
                ("valid", models.DateField()),
                ("received_at", models.DateTimeField()),
                ("counts", models.JSONField(default=dict)),
                ("recorded_by", models.CharField(max_length=100)),
            ],
            options={
                "indexes": [models.Index(fields=["registry", "valid"], name="register_delivery_day")],
            },
        ),
    ]
