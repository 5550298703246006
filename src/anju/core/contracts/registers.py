"""What the registry keeps of households and persons, so that a register's contract promises nothing else.

The columns are the same in every programme; a programme's contracts name those it has, with titles and codes of its own.
Whatever else is known of somebody is a feed.
"""

from __future__ import annotations

from anju.core.contracts.document import Node
from anju.core.contracts.faults import nearest
from anju.core.contracts.model import Contract

TEXT = ("text", "code")
BOOL, INT, DATE = ("bool",), ("int",), ("date",)
REGISTERS: dict[str, dict[str, tuple[str, ...]]] = {
    "household": {
        "household_code": ("household",), "dest_community_code": ("place",), "head_person_id": ("person",), "member_count": INT,
        "move_in_date": DATE, "relocation_cohort": INT, "origin_village_code": TEXT, "origin_county_code": TEXT, "mgmt_unit_code": TEXT,
        "building_no": TEXT, "unit_no": TEXT, "room_no": TEXT, "is_registered_poor": BOOL, "relocation_type": TEXT, "grid_code": TEXT,
        "responsible_cadre_id": TEXT, "status": TEXT,
    },
    "person": {
        "person_id": ("person",), "household_code": ("household",), "name": TEXT, "sex": TEXT, "birth_date": DATE,
        "birth_date_approximate": BOOL, "ethnic_code": TEXT, "relation_to_head": TEXT, "hukou_area_code": TEXT, "hukou_moved": BOOL,
        "residence_permit_no": TEXT, "residence_permit_expiry": DATE, "education_level": TEXT, "is_student": BOOL, "in_military": BOOL,
        "labour_capacity": TEXT, "health_status": TEXT, "resident_status": TEXT, "alive": BOOL, "deceased_on": DATE,
    },
    "event": {
        "event_id": TEXT, "person_id": ("person",), "event_type": ("code",), "event_date": DATE, "new_person_id": ("person",),
        "residence_permit_no": TEXT, "residence_permit_expiry": DATE,
    },
}  # fmt: skip
"""Register -> column -> the types a contract may give it."""

NEEDED = {
    "household": ("household_code", "dest_community_code"),
    "person": ("person_id",),
    "event": ("event_id", "person_id", "event_type", "event_date"),
}


def check_register(contract: Contract, nodes: dict[str, Node], whole: Node) -> None:
    """Records a fault for every column that the registry does not keep, or not as that type."""
    known = REGISTERS.get(contract.registry or "")
    if known is None:
        return
    for column in contract.columns:
        node = nodes[column.name]
        if column.name not in known:
            node.fault(f"the registry of {contract.registry}s keeps no '{column.name}'", "its columns are the same in every programme",
                       "deliver it as a feed", nearest(column.name, known))  # fmt: skip
        elif column.type not in known[column.name]:
            node.fault(f"'{column.name}' is a {column.type} here", f"the registry keeps a {' or '.join(known[column.name])}")
    names = {column.name for column in contract.columns}
    for needed in NEEDED[contract.registry or ""]:
        if needed not in names:
            whole.fault(f"a register of {contract.registry}s needs '{needed}'", remedy=f"add it, of type {known[needed][0]}")
