"""What the tests that kill do in a deployment of its own:  python -m apps.notices.outbox tell N  |  send NAME"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from anju.apps.notices.actions import Told, notify_many  # noqa: E402
from anju.apps.notices.channels import add_channel, verify_channel  # noqa: E402
from anju.apps.notices.models import Channel, Message, Notice  # noqa: E402
from anju.apps.notices.sending import send_due  # noqa: E402
from anju.apps.people.vault import Sealer, ensure_keys  # noqa: E402
from anju.core.terms.viewer import Viewer  # noqa: E402

AT = datetime(2023, 9, 26, 12, tzinfo=UTC)


def tell(many: int) -> None:
    Path(settings.DATA).mkdir(parents=True, exist_ok=True, mode=0o700)
    call_command("migrate", verbosity=0)
    if not Channel.objects.exists():
        by = Viewer("luo", account=7)
        made = add_channel(kind="mail", address="luo@office.example", sealer=Sealer(ensure_keys()), by=by, at=AT)
        verify_channel(channel=made.pk, code=made.code, by=by, at=AT)
        Notice.objects.all().delete()
    notify_many([Told(7, "case.overdue", f"C-{n}", f"/cases/{n}/", f"case:{n}") for n in range(many)], at=AT)
    print(Message.objects.count())


def send(name: str) -> None:
    """Begins when two of them are ready, however long one takes to start."""
    sealer = Sealer(ensure_keys())
    (Path(settings.DATA) / f"ready-{name}").touch()
    given_up = time.monotonic() + 120
    while len(list(Path(settings.DATA).glob("ready-*"))) < 2 and time.monotonic() < given_up:
        time.sleep(0.01)
    print(send_due(sender=name, sealer=sealer).sent)


if __name__ == "__main__":
    tell(int(sys.argv[2])) if sys.argv[1] == "tell" else send(sys.argv[2])
