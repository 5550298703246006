"""The rules in force and the files of the current run, as apps/findings keeps them for every door."""

from __future__ import annotations

from anju.apps.findings.current import answers_folder as answers_folder
from anju.apps.findings.current import dossier as dossier
from anju.apps.findings.current import policy as policy
from anju.apps.findings.current import programme as programme
