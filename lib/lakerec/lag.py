"""How far behind the tables are: the newest event that was read, and the newest that silver believes."""

from datetime import datetime, timedelta

from lakerec.bronze.events import EVENTS as RAW_EVENTS
from lakerec.silver.events import EVENTS
from lakerec.tables import Tables


def describe_lag(tables: Tables, now: datetime) -> str:
    """One line for the console; days after tomorrow, which no clock that is right can deliver, are left out."""
    credible = now.date() + timedelta(days=1)
    read = tables.newest(RAW_EVENTS, "event_at", credible)
    believed = tables.newest(EVENTS, "occurred_at", credible)
    if read is None:
        return "no event has been read yet"
    if believed is None:
        return f"newest event read {_text(read)}; silver holds none yet"
    return f"newest event read {_text(read)}, in silver {_text(believed)}: {max(read - believed, timedelta(0))} behind"


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
