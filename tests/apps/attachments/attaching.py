"""Attaches a photo and a document in a deployment of its own, as a process: python -m apps.attachments.attaching"""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
django.setup()

from anju.apps.attachments.actions import store_attachment  # noqa: E402
from anju.apps.attachments.queries import attachments_of, content_of  # noqa: E402
from anju.apps.people.vault import FileVault  # noqa: E402
from anju.core.terms.viewer import Viewer  # noqa: E402
from apps.attachments.files import JPEG, PAPER  # noqa: E402

if __name__ == "__main__":
    for name, data in (("door.jpg", JPEG), ("paper.pdf", PAPER)):
        store_attachment(
            about="case:1", name=name, content=io.BytesIO(data), vault=FileVault(), by=Viewer("luo"), at=datetime(2023, 9, 26, tzinfo=UTC)
        )
    print([len(content_of(one, FileVault())) > 500 for one in attachments_of("case:1")])
