"""Every error lakerec raises on purpose, and the exit code each one ends a job with.

    LakerecError ............................ 1  a bug, or a case nobody foresaw
    ├── SetupError .......................... 2  nothing has started
    │   ├── SettingsError                        a setting is missing, unknown or out of range
    │   ├── LandingError                         the landing folder or a source is not there
    │   └── LakeError                            the lake cannot be written
    ├── ContractError ....................... 3  data and declaration disagree
    │   ├── SchemaMismatchError                  columns or types differ from the declaration
    │   ├── DuplicateKeyError                    two rows share a table's key
    │   ├── RebuildNeededError                   settings, transform or history moved: --rebuild
    │   ├── TrainingDataError                    nothing, or too little, to learn from
    │   ├── ReplayError                          a model cannot be made again as it is
    │   ├── LeakError                            a model saw what it is judged on
    │   └── HeldFilesError                       files were held back and --fail-on-held was given
    ├── GateError ........................... 4  a model misses its definition of done
    │   └── DataMinimumError                     the data miss a configured minimum and --strict was given
    └── BusyError ........................... 5  another run writes the same layer

A message says which thing, what is wrong with it, and what to do next. Bad rows are data, not errors: they go to a
table with their reason.
"""


class LakerecError(Exception):
    """Base of the tree; `exit_code` is what the job ends with."""

    exit_code = 1


class SetupError(LakerecError):
    """Something outside the data is missing or wrong; no work has started."""

    exit_code = 2


class SettingsError(SetupError):
    """A setting is missing, unknown, or out of its range; one line per setting."""


class LandingError(SetupError):
    """The landing folder does not exist, or no source of that name is configured."""


class LakeError(SetupError):
    """The lake cannot be created or written."""


class ContractError(LakerecError):
    """Data and declaration disagree."""

    exit_code = 3


class SchemaMismatchError(ContractError):
    """Columns or types differ from the table's declaration."""


class DuplicateKeyError(ContractError):
    """Two rows share the key that the table's declaration promises to be unique."""


class RebuildNeededError(ContractError):
    """Stored rows were shaped by other settings or another transform, or their source's history is gone."""


class TrainingDataError(ContractError):
    """There is nothing, or too little, to learn from."""


class ReplayError(ContractError):
    """A model cannot be made again here, or comes out differently."""


class LeakError(ContractError):
    """A model, an index or a calibration saw what it is judged on."""


class HeldFilesError(ContractError):
    """Delivered files were held back and the caller asked for that to be a failure."""


class GateError(LakerecError):
    """A model misses a criterion of its definition of done."""

    exit_code = 4


class DataMinimumError(GateError):
    """There is less to learn from than was asked for, or learning would cost more; one line per miss."""


class BusyError(LakerecError):
    """Another run holds the lock of a layer that this run has to write."""

    exit_code = 5
