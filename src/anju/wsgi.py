"""The WSGI application that the server runs."""

from __future__ import annotations

import atexit
import gc
import logging
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
application = get_wsgi_application()


def ready() -> None:
    """Reads the policy before the first page asks for it, and leaves what will stay for ever out of the collector's rounds."""
    from anju.apps.findings.current import policy  # noqa: PLC0415 - models can be imported only now

    try:
        policy()
    except Exception:  # the pages that need none still open, and anju doctor says what is wrong with it
        logging.getLogger(__name__).exception("the policy cannot be read: anju standards check names its faults")
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # DuckDB complains of whatever is not given back at the end


ready()
