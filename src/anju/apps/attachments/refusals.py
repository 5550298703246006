"""Why a file is not taken, and what to do instead; in both languages."""

from __future__ import annotations

from anju.core.standards.model import Title


class Refused(ValueError):
    """What cannot be done, why, and what to do instead. `fault` is its short name, for tests and figures."""

    def __init__(self, fault: str, en: str, zh: str) -> None:
        super().__init__(en)
        self.fault, self.title = fault, Title(en, zh)


class NoRoom(Refused):
    """The disk is full: nothing of the file was kept, and whoever runs the server must know."""

    def __init__(self) -> None:
        super().__init__(
            "no_room",
            "the file was not kept: the server's disk is full; keep it on your device, tell your administrator, and send it again later",
            "文件未保存：服务器磁盘已满。请先在本机保留该文件，告知系统管理员，稍后重新上传",
        )
