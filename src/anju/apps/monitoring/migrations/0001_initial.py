import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "0004_vital_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="Listing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("category", models.CharField(max_length=16)),
                ("risk_types", models.JSONField(default=list)),
                ("source", models.CharField(max_length=40)),
                ("clue_on", models.DateField()),
                ("green_channel", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("verified", "Visited and authorised"),
                            ("compared", "Data compared"),
                            ("reviewed", "Reviewed by the meeting"),
                            ("noticed", "On public notice"),
                            ("township_reviewed", "Reviewed by the street"),
                            ("listed", "Monitored"),
                            ("eliminated", "Risk over"),
                            ("refused", "Not listed"),
                            ("relapsed", "Came back"),
                        ],
                        max_length=20,
                    ),
                ),
                ("state_on", models.DateField()),
                ("authorisation", models.CharField(blank=True, max_length=200)),
                ("authorisation_file", models.BigIntegerField(null=True)),
                ("identified_on", models.DateField(null=True)),
                ("measures_on", models.DateField(null=True)),
                ("eliminated_on", models.DateField(null=True)),
                ("watch_until", models.DateField(null=True)),
                ("refused_reason", models.CharField(blank=True, max_length=1000)),
                ("due", models.DateField(null=True)),
                ("version", models.IntegerField(default=1)),
                ("made_at", models.DateTimeField()),
                ("household", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="listings", to="people.household")),
                (
                    "relapse_of",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="relapses", to="monitoring.listing"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Elimination",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(max_length=12)),
                ("conditions", models.JSONField(default=list)),
                ("proposed_on", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("refused_reason", models.CharField(blank=True, max_length=1000)),
                (
                    "listing",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="eliminations", to="monitoring.listing"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text_zh", models.TextField(blank=True)),
                ("text_en", models.TextField(blank=True)),
                ("digest", models.CharField(max_length=64)),
                ("place", models.CharField(max_length=200)),
                ("up_from", models.DateField()),
                ("until", models.DateField()),
                ("put_up_by", models.CharField(max_length=150)),
                ("taken_down_on", models.DateField(null=True)),
                (
                    "elimination",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="monitoring.elimination"
                    ),
                ),
                ("listing", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="monitoring.listing")),
            ],
        ),
        migrations.CreateModel(
            name="Objection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("received_on", models.DateField()),
                ("text", models.CharField(max_length=1000)),
                ("recorded_by", models.CharField(max_length=150)),
                ("answered_on", models.DateField(null=True)),
                ("answer", models.CharField(blank=True, max_length=1000)),
                ("answered_by", models.CharField(blank=True, max_length=150)),
                ("upheld", models.BooleanField(null=True)),
                ("notice", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="objections", to="monitoring.notice")),
            ],
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("made_on", models.DateField()),
                ("made_by", models.CharField(max_length=150)),
                ("reviewed_on", models.DateField(null=True)),
                ("review_due", models.DateField()),
                ("listing", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="plan", to="monitoring.listing")),
            ],
        ),
        migrations.CreateModel(
            name="Measure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                ("what", models.CharField(max_length=400)),
                ("responsible", models.CharField(max_length=150)),
                ("department", models.CharField(blank=True, max_length=40)),
                ("due", models.DateField()),
                ("cost", models.BigIntegerField(null=True)),
                ("budget", models.CharField(blank=True, max_length=150)),
                ("target", models.CharField(blank=True, max_length=400)),
                ("made_at", models.DateTimeField()),
                ("done_on", models.DateField(null=True)),
                ("dropped_on", models.DateField(null=True)),
                ("result", models.CharField(blank=True, max_length=1000)),
                ("version", models.IntegerField(default=1)),
                ("plan", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="measures", to="monitoring.plan")),
            ],
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=32)),
                ("state", models.CharField(max_length=20)),
                ("on", models.DateField()),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("account", models.BigIntegerField(null=True)),
                ("role", models.CharField(max_length=32)),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("detail", models.JSONField(default=dict)),
                ("listing", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="monitoring.listing")),
            ],
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(fields=["state", "due", "id"], name="listing_state_due"),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(fields=["household", "-id"], name="listing_household"),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("proposed", "verified", "compared", "reviewed", "noticed", "township_reviewed", "listed"))),
                fields=("household",),
                name="listing_standing_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="elimination",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("proposed", "reviewed", "noticed"))), fields=("listing",), name="elimination_open_once"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["taken_down_on", "until"], name="notice_up"),
        ),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(fields=["listing", "id"], name="step_listing"),
        ),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(fields=["at"], name="step_at"),
        ),
    ]
