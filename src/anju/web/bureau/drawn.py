"""What follows from runs alone, drawn once: a run never changes, so what it says to somebody of the same rights stays the same text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from threading import Lock

from django.utils.safestring import SafeString

from anju.core.terms.viewer import Viewer

MOST = 256  # texts that a process keeps, of about twenty kilobytes each
_kept: OrderedDict[Hashable, SafeString] = OrderedDict()
_lock = Lock()


def drawn_once(viewer: Viewer, what: Hashable, draw: Callable[[], SafeString]) -> SafeString:
    """The text of `what` for whoever has the rights of this viewer: role, places, departments and everything the post may do. `what`
    must name all else that the text depends on, the language too."""
    key = (replace(viewer, name="", account=None, post=None), what)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    text = draw()
    with _lock:
        _kept[key] = text
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return text
