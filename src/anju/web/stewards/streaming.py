"""A file on its way into the platform goes straight to the disk, in the data folder and nowhere else: it may hold identity numbers."""

from __future__ import annotations

import tempfile
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from anju.apps.feeds.uploads import uploads_folder
from anju.lake.files import MAX_BYTES


class ToDisk(FileUploadHandler):
    """Keeps what comes in a file that vanishes with the request; of a body larger than any file taken, nothing is read."""

    file: IO[bytes]

    def handle_raw_input(self, input_data: Any, META: dict[str, str], content_length: int, boundary: Any, encoding: str | None = None) -> None:
        if content_length > MAX_BYTES + (1 << 20):
            raise StopUpload(connection_reset=True)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = tempfile.NamedTemporaryFile(dir=uploads_folder(), prefix=".", suffix=".part")  # noqa: SIM115 - closed by the request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        self.file.flush()
        self.file.seek(0)
        return UploadedFile(self.file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra)
