"""What a sender's words, another sender and time do to a delivery: headers, conflicts, deletions, the file kept and expired."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidTag

from anju.apps.feeds.consistency import lake_state
from anju.apps.feeds.expiry import expire_files
from anju.apps.feeds.models import Delivery, HeaderMapping
from anju.apps.people.vault import PIECE_BYTES, FileVault
from anju.cli.main import main
from anju.lake.files import FileRefused
from anju.lake.originals import give_original, original_path
from lake.deliveries import CHILD, HEADER, PUPIL, RECEIVED, WORKER, Deployment, deployment

pytestmark = pytest.mark.django_db
ROLL = "person_id,term,school_code,status"


@pytest.fixture
def office(own_data_folder: Path, db: None) -> Deployment:
    return deployment(own_data_folder)


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def ask(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


# --- headers -------------------------------------------------------------------------------------------------------------


def test_a_header_said_once_is_remembered_for_its_feed_and_sender(office: Deployment, tmp_path: Path) -> None:
    strange = HEADER.replace("person_id", "公民证件").replace("settled_on", "哪天结的")
    first = written(tmp_path, "F14_522301_2023-07.csv", strange, f"S1,{WORKER},inpatient,2023-07-10,1.00,1.00,I10")
    mapping = {"公民证件": "person_id", "哪天结的": "settled_on"}
    with pytest.raises(FileRefused, match="settled_on"):
        office.receive(first)
    assert not HeaderMapping.objects.exists()
    assert office.receive(first, mapping=mapping).delivery.accepted == 1
    second = written(tmp_path, "F14_522301_2023-08.csv", strange, f"S2,{PUPIL},inpatient,2023-08-10,1.00,1.00,I10")
    assert office.receive(second).delivery.accepted == 1
    with pytest.raises(FileRefused, match="settled_on"):  # another sender has said nothing
        office.receive(second, unit="522302")


def test_a_mapping_to_no_column_is_refused_with_the_columns(office: Deployment, tmp_path: Path) -> None:
    path = written(tmp_path, "F14_522301_2023-07.csv", HEADER, f"S1,{WORKER},inpatient,2023-07-10,1.00,1.00,I10")
    with pytest.raises(FileRefused, match="person_id"):
        office.receive(path, mapping={"身份证": "person"})
    with pytest.raises(FileRefused, match="no column '身份证'"):
        office.receive(path, mapping={"身份证": "person_id"})
    assert not HeaderMapping.objects.exists()


def test_the_command_takes_a_mapping_and_status_shows_it(office: Deployment, tmp_path: Path) -> None:
    strange = HEADER.replace("person_id", "公民证件")
    path = written(tmp_path, "F14_522301_2023-07.csv", strange, f"S1,{WORKER},inpatient,2023-07-10,1.00,1.00,I10")
    assert ask("feeds", "import", str(path), "--map", "公民证件")[0] == 2
    code, text = ask("feeds", "import", str(path), "--received-on", "2023-09-05", "--map", "公民证件=person_id")
    assert (code, "1 accepted" in text) == (0, True)
    assert "the header '公民证件' is person_id" in ask("feeds", "status")[1]
    found = json.loads(ask("feeds", "status", "--json")[1])
    assert found["mappings"] == [{"feed": "F14", "unit": "522301", "header": "公民证件", "column": "person_id"}]


# --- conflicts and changes -------------------------------------------------------------------------------------------------


def test_a_pupil_on_the_rolls_of_two_senders_is_a_conflict_that_is_shown(office: Deployment, tmp_path: Path) -> None:
    mine = written(tmp_path, "a.csv", ROLL, f"{PUPIL},2023-2024-1,S1,enrolled", f"{WORKER},2023-2024-1,S1,enrolled")
    theirs = written(tmp_path, "b.csv", ROLL, f"{PUPIL},2023-2024-1,S9,enrolled", f"{CHILD},2023-2024-1,S9,enrolled")
    assert office.receive(mine, "F09", "522301").delivery.conflicts == 0
    later = office.receive(theirs, "F09", "522302").delivery
    assert (later.accepted, later.refused, later.conflicts) == (2, 0, 1)
    assert "1 in conflict with another sender" in ask("feeds", "status")[1]
    again = written(tmp_path, "c.csv", ROLL, f"{PUPIL},2023-2024-1,S2,enrolled", f"{WORKER},2023-2024-1,S1,enrolled")
    corrected = office.receive(again, "F09", "522301", at=RECEIVED + timedelta(days=1)).delivery
    assert corrected.conflicts == 1  # with the other's, not with one's own last roll


def test_another_term_and_a_withdrawn_roll_are_no_conflict(office: Deployment, tmp_path: Path) -> None:
    before = office.receive(written(tmp_path, "a.csv", ROLL, f"{PUPIL},2022-2023-2,S1,enrolled"), "F09", "522301").delivery
    path = written(tmp_path, "b.csv", ROLL, f"{PUPIL},2023-2024-1,S9,enrolled")
    assert office.receive(path, "F09", "522302").delivery.conflicts == 0
    Delivery.objects.exclude(pk=before.pk).update(withdrawn_at=RECEIVED)
    path = written(tmp_path, "c.csv", ROLL, f"{PUPIL},2023-2024-1,S1,enrolled")
    assert office.receive(path, "F09", "522301").delivery.conflicts == 0


def test_one_settlement_told_by_two_senders_alike_is_none(office: Deployment, tmp_path: Path) -> None:
    row = f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10"
    office.receive(written(tmp_path, "a.csv", HEADER, row), unit="522301")
    assert office.receive(written(tmp_path, "b.csv", HEADER, row), unit="522302").delivery.conflicts == 0
    other = written(tmp_path, "c.csv", HEADER, row.replace("1.00,1.00", "2.00,1.00"))
    assert office.receive(other, unit="522302", at=RECEIVED + timedelta(days=1)).delivery.conflicts == 1


# --- the file as it came ----------------------------------------------------------------------------------------------------


def test_the_file_is_kept_encrypted_and_given_back_byte_for_byte(office: Deployment, tmp_path: Path) -> None:
    path = written(tmp_path, "F14_522301_2023-08.csv", HEADER, f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10")
    receipt = office.receive(path).delivery.pk
    assert WORKER.encode() not in original_path(office.root, receipt).read_bytes()
    out = tmp_path / "out.csv"
    assert ask("feeds", "original", str(receipt), str(out))[0] == 0
    assert out.read_bytes() == path.read_bytes()
    assert ask("feeds", "original", "999", str(out))[0] == 2


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_file_of_any_size_comes_back(size: int) -> None:
    vault, data, sealed, opened = FileVault(), os.urandom(size), io.BytesIO(), io.BytesIO()
    vault.encrypt_file(io.BytesIO(data), sealed)
    vault.decrypt_file(io.BytesIO(sealed.getvalue()), opened)
    assert opened.getvalue() == data


def test_a_file_cut_off_swapped_or_altered_does_not_open() -> None:
    vault, sealed = FileVault(), io.BytesIO()
    vault.encrypt_file(io.BytesIO(os.urandom(2 * PIECE_BYTES + 10)), sealed)
    whole = sealed.getvalue()
    piece = 4 + 12 + PIECE_BYTES + 16
    head, one, two, rest = whole[:21], whole[21 : 21 + piece], whole[21 + piece : 21 + 2 * piece], whole[21 + 2 * piece :]
    for wrong in (head + one + two, head + two + one + rest, head + one + rest, b"", head, whole[:-1], whole[:40] + b"x" + whole[41:]):
        with pytest.raises(InvalidTag):
            vault.decrypt_file(io.BytesIO(wrong), io.BytesIO())


def test_after_their_time_file_and_rows_set_aside_go_and_the_counts_stay(office: Deployment, tmp_path: Path) -> None:
    bad = f"S2,{PUPIL},inpatient,2023-02-30,1.00,1.00,I10"
    old = written(tmp_path, "a.csv", HEADER, f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10", bad)
    new = written(tmp_path, "b.csv", HEADER, f"S3,{WORKER},inpatient,2023-08-11,1.00,1.00,I10", bad)
    first = office.receive(old, at=datetime(2023, 3, 1, tzinfo=UTC) + timedelta(days=180)).delivery
    second = office.receive(new, at=datetime(2024, 3, 1, tzinfo=UTC)).delivery
    day, now = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 2, tzinfo=UTC)
    tried = expire_files(office.root, day, now=now, dry_run=True)
    assert (tried.deliveries, tried.files) == (1, 2)
    assert Delivery.objects.get(pk=first.pk).expired_at is None
    assert expire_files(office.root, day, now=now) == tried
    assert expire_files(office.root, day, now=now).files == 0
    kept = Delivery.objects.get(pk=first.pk)
    assert (kept.expired_at, kept.accepted, kept.refused) == (now, 1, 1)
    assert office.files() == sorted([f"feeds/F14/{first.pk}.parquet", f"feeds/F14/{second.pk}.parquet", f"raw/{second.pk}.enc",
                                     f"refused/{second.pk}.enc"])  # fmt: skip
    assert lake_state(office.root).without_rows_set_aside == ()
    with pytest.raises(FileNotFoundError):
        give_original(office.root, first.pk, tmp_path / "out.csv", FileVault())
    code, text = ask("feeds", "refused", str(first.pk), str(tmp_path / "out.xlsx"))
    assert (code, "expired on 2024-03-02" in text) == (2, True)


def test_the_command_keeps_what_the_programme_says_must_be_kept(office: Deployment, tmp_path: Path) -> None:
    office.receive(written(tmp_path, "a.csv", HEADER, f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10"))
    code, text = ask("feeds", "expire", "--before", "2100-01-01")
    assert (code, "keep_files_days" in text) == (2, True)
    code, text = ask("feeds", "expire", "--dry-run", "--json")
    assert (code, json.loads(text)["files"]) == (0, 1)
    assert ask("feeds", "expire")[0] == 0
    assert list(office.root.glob("raw/*")) == []
