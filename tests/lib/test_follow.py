"""Doing a job again and again until the process is told to stop."""

import os
import signal

import pytest

from lakerec.follow import PID_FILE, is_stopping, rounds, seconds_of


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("0.5", 0.5), (" 2 ", 2)])
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


def test_anything_else_is_no_duration() -> None:
    with pytest.raises(ValueError, match="'soon' is no duration such as 30s, 5m or 1h"):
        seconds_of("soon")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_rounds_after_the_one_at_work(number: signal.Signals) -> None:
    done = []

    for nth in rounds(seconds=0):
        done.append((nth, is_stopping()))
        if nth == 2:
            os.kill(os.getpid(), number)
            done.append(("still at work", is_stopping()))

    assert done == [(1, False), (2, False), ("still at work", True)]


def test_the_pause_ends_with_the_signal() -> None:
    signal.signal(signal.SIGALRM, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.05)

    assert list(rounds(seconds=60)) == [1]


def test_who_stands_in_between_learns_whom_to_tell(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(PID_FILE, str(tmp_path / "pid"))

    for _ in rounds(seconds=0):
        os.kill(os.getpid(), signal.SIGTERM)

    assert (tmp_path / "pid").read_text() == str(os.getpid())


def test_handlers_are_what_they_were_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)

    for _ in rounds(seconds=0):
        os.kill(os.getpid(), signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) is before
