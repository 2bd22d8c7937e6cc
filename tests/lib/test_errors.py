"""The tree of errors and their exit codes."""

import inspect

from lakerec import errors


def test_every_error_ends_a_job_with_the_code_the_drawing_states() -> None:
    drawn = errors.__doc__ or ""
    codes = {name: kind.exit_code for name, kind in inspect.getmembers(errors, inspect.isclass)}

    assert all(name in drawn for name in codes)
    assert {
        name: codes[name] for name in ("LakerecError", "SetupError", "ContractError", "GateError", "BusyError")
    } == {
        "LakerecError": 1,
        "SetupError": 2,
        "ContractError": 3,
        "GateError": 4,
        "BusyError": 5,
    }
