from dataclasses import fields, replace
from datetime import UTC, datetime

from lakerec.bronze.files import (
    COUNTS,
    FILES,
    DeliveredFile,
    FileEntry,
    Status,
    changed_since_read,
    describe_file,
    files_to_read,
    judge_files,
    ledger_of,
    make_file_id,
    split_into_batches,
    unfinished_files,
)

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2024, 3, 1, 13, tzinfo=UTC)


def a_file(path: str, size: int = 100) -> DeliveredFile:
    return DeliveredFile(make_file_id("shop", path), path, "event", size)


def found(
    path: str, content: str | None = None, *, reason: str | None = None, size: int = 100, records: int = 3, at=NOON
):
    """What the reader says of a file in batch 5."""
    counts = dict.fromkeys(COUNTS, None if reason else records)
    stated = {"content_hash": None if reason else content or path, "reason": reason, **counts}
    return describe_file(a_file(path, size), stated, source="shop", batch=5, ingested_at=at)


def ledger(*entries: FileEntry) -> dict[str, FileEntry]:
    return {entry.file_id: entry for entry in entries}


def test_an_entry_has_the_columns_of_the_table_in_order():
    assert [field.name for field in fields(FileEntry)] == FILES.names


def test_a_ledger_is_the_same_again_from_its_rows():
    kept = ledger(found("a"), found("b", reason="truncated"))
    rows = [dict(zip(FILES.names, entry.as_row(), strict=True)) for entry in kept.values()]

    assert ledger_of(rows) == kept


def test_a_file_is_known_by_its_source_and_path():
    assert (
        make_file_id("shop", "a")
        == make_file_id("shop", "a")
        != make_file_id("other", "a")
        != make_file_id("shop", "b")
    )


def test_new_and_held_files_are_read_in_path_order_and_read_ones_are_not():
    known = ledger(found("b"), replace(found("c", reason="cut short"), batch=None))

    wanted = files_to_read([a_file("d"), a_file("c"), a_file("b"), a_file("a")], known)

    assert [file.path for file in wanted] == ["a", "c", "d"]


def test_a_duplicate_is_read_again_only_once_it_has_changed():
    known = ledger(replace(found("b"), status=Status.DUPLICATE, batch=None))

    assert files_to_read([a_file("b")], known) == []
    assert files_to_read([a_file("b", size=101)], known) == [a_file("b", size=101)]


def test_a_file_that_changed_after_it_was_read_is_held_once_and_never_read_twice():
    known = ledger(found("a"))
    grown = a_file("a", size=150)

    [entry] = changed_since_read([grown], known)

    assert (entry.status, entry.size_bytes, entry.accepted_record_count, entry.batch) == ("held", 100, 3, 5)
    assert entry.reason == "changed after it was read: the rows read then stay, what changed is not in the lake"
    assert files_to_read([grown], known) == files_to_read([grown], ledger(entry)) == []
    assert changed_since_read([grown], ledger(entry)) == []


def test_a_changed_file_that_is_back_at_the_size_it_was_read_with_is_no_longer_held():
    read = found("a")
    [held] = changed_since_read([a_file("a", size=101)], ledger(read))

    assert changed_since_read([a_file("a", size=100)], ledger(held)) == [read]


def test_the_same_bytes_of_another_source_or_kind_are_no_repetition():
    elsewhere = replace(found("b", "same"), source="other")
    items = replace(found("c", "same"), kind="item")

    judged = judge_files([elsewhere, items, found("d", "same")], ledger(found("a", "same")))

    assert [(entry.path, entry.status) for entry in judged] == [("b", "read"), ("c", "read"), ("d", "duplicate")]


def test_batches_are_consecutive_files_within_both_bounds():
    files = [
        a_file("a", 40),
        a_file("b", 40),
        a_file("c", 40),
        a_file("d", 500),
        a_file("e", 1),
        a_file("f", 1),
        a_file("g", 1),
    ]

    batches = list(split_into_batches(files, max_files=2, max_bytes=100))

    assert [[file.path for file in batch] for batch in batches] == [["a", "b"], ["c"], ["d"], ["e", "f"], ["g"]]
    assert list(split_into_batches([], max_files=2, max_bytes=100)) == []


def test_a_readable_file_is_read_with_its_counts():
    [entry] = judge_files([found("a")], {})

    assert (entry.status, entry.reason, entry.batch, entry.accepted_record_count) == ("read", None, 5, 3)


def test_of_equal_contents_the_first_is_read_and_the_others_name_it():
    within = judge_files([found("b", "same"), found("a", "same")], {})
    across = judge_files([found("b", "same")], ledger(found("z", "same")))

    assert [(e.path, e.status, e.reason, e.batch) for e in within] == [
        ("a", "read", None, 5),
        ("b", "duplicate", "same content as a", None),
    ]
    assert [(e.status, e.reason) for e in across] == [("duplicate", "same content as z")]


def test_a_held_file_makes_no_other_its_duplicate():
    held = replace(found("z", "same"), status=Status.HELD, batch=None)

    [entry] = judge_files([found("a", "same")], ledger(held))

    assert entry.status == "read"


def test_files_without_any_record_are_no_duplicates_of_each_other():
    judged = judge_files([found("a", "empty", records=0), found("b", "empty", records=0)], {})

    assert [entry.status for entry in judged] == ["read", "read"]


def test_a_held_file_that_is_as_it_was_keeps_its_entry():
    [first] = judge_files([found("a", reason="cut short")], {})

    [same] = judge_files([found("a", reason="cut short", at=LATER)], ledger(first))
    [other] = judge_files([found("a", reason="it may not be read", at=LATER)], ledger(first))

    assert (first.status, first.batch, first.line_count) == ("held", None, None)
    assert same == first
    assert (other.reason, other.ingested_at) == ("it may not be read", LATER)


def test_an_unfinished_batch_is_the_pending_files_of_its_source_as_they_were():
    pending = replace(found("a"), status=Status.PENDING)
    others = replace(pending, file_id="x", source="other")

    assert unfinished_files(ledger(pending, others, found("b")), "shop") == [a_file("a")]
    assert files_to_read([a_file("a")], ledger(pending)) == []


def test_a_pending_file_that_is_what_it_was_becomes_read_and_any_other_is_held():
    pending = replace(found("a"), status=Status.PENDING)

    [same] = judge_files([found("a", at=LATER)], ledger(pending))
    [changed] = judge_files([found("a", "other")], ledger(pending))
    [gone] = judge_files([found("a", reason="it vanished before it was read")], ledger(pending))

    assert same == replace(pending, status=Status.READ)
    assert (changed.status, changed.reason) == (
        "held",
        "changed while batch 5 was being written: its content is another",
    )
    assert gone.reason == "changed while batch 5 was being written: it vanished before it was read"
    assert changed.has_rows
    assert gone.has_rows
