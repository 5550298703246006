# A mask with the last four digits, beside the day of birth, was the whole number.

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import CharField, F, Value
from django.db.models.functions import Concat, Length, Repeat, Substr


def hide_the_end(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("people", "Identifier").objects.using(schema_editor.connection.alias)
    long = rows.annotate(length=Length("masked")).filter(length__gte=15)
    hidden = Repeat(Value("*"), Length(F("masked")) - 6)
    long.update(masked=Concat(Substr("masked", 1, 6), hidden, output_field=CharField()))


class Migration(migrations.Migration):
    dependencies = [("people", "0002_both_times")]

    operations = [migrations.RunPython(hide_the_end, migrations.RunPython.noop)]
