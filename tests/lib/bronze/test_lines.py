from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakerec.bronze.lines import FIRST_BYTES, LINES_AT_ONCE, CutLine, Cutter, cut_into_lines

LONG = b"x" * 3_000
LIMIT = 2_000


def lines_of(data: bytes, cut: int, limit: int | None = None) -> list[bytes | CutLine]:
    chunks = (data[at : at + cut] for at in range(0, len(data), cut))
    return [line for lines in cut_into_lines(chunks, limit) for line in lines]


@given(st.lists(st.sampled_from([b"", b"a", b"\r", LONG, b"y" * LIMIT, b"b" * (LIMIT + 1)])), st.integers(1, 5_000))
def test_a_line_above_the_limit_is_known_by_its_start_size_and_hash_wherever_the_bytes_are_cut(lines, cut):
    found = lines_of(b"".join(line + b"\n" for line in lines), cut, LIMIT)

    assert found == [
        line if len(line) <= LIMIT else CutLine(line[:FIRST_BYTES], len(line), sha256(line).hexdigest())
        for line in lines
    ]


@pytest.mark.parametrize(("data", "lines"), [(b"", []), (b"\n", [b""]), (b"a", [b"a"]), (b"a\n\nb", [b"a", b"", b"b"])])
def test_a_last_line_may_lack_its_line_feed(data, lines):
    assert lines_of(data, 1) == lines_of(data, 100) == lines


def test_short_lines_come_no_more_than_so_many_at_a_time():
    stretches = list(cut_into_lines([b"\n" * (2 * LINES_AT_ONCE + 1)]))

    assert [len(lines) for lines in stretches] == [LINES_AT_ONCE, LINES_AT_ONCE, 1]


def test_a_line_that_is_too_long_is_not_held_in_memory():
    cutter = Cutter(LIMIT)

    for _ in range(1_000):
        cutter.add(LONG)

    assert sum(map(len, cutter._parts)) == 0
    assert cutter.take() == CutLine(LONG[:FIRST_BYTES], 3_000_000, sha256(LONG * 1_000).hexdigest())
    assert cutter.take() == b""
