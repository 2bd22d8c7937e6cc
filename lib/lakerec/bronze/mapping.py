"""How one producer's records become ours: the declaration that conf/sources/<name>.toml fills."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from lakerec.contract import Settings

EVENT_FIELDS = (
    "event_id",
    "user_id",
    "session_id",
    "item_id",
    "item_name",
    "item_category",
    "action",
    "occurred_at",
    "quantity",
    "price",
    "list_id",
    "position",
    "surface",
    "propensity",
)
ITEM_FIELDS = ("item_id", "name", "category", "attributes", "price", "is_available", "changed_at")


# Formats of times that have a name, and whether such a time says by itself which moment it is.
NAMED_TIMES = {"iso": True, "iso_local": False, "epoch_s": True, "epoch_ms": True, "epoch_us": True}

EXPLODE = Field(default="", description="path of the array whose elements are the records; empty: there is none")


class JsonLinesFormat(Settings):
    """One JSON object (RFC 8259, UTF-8) in each line: a record, or the holder of an array of records."""

    kind: Literal["jsonl"]
    explode: str = EXPLODE

    def is_flat(self, names: Iterable[str]) -> bool:
        """Whether each line is one record, and these fields are its own members."""
        return not self.explode and not any("." in name for name in names)


class JsonFormat(Settings):
    """A file is one JSON document: an object like a line of JsonLinesFormat, or an array of such objects."""

    kind: Literal["json"]
    explode: str = EXPLODE


class ParquetFormat(Settings):
    """A row is a line, and a record or the holder of a list of records."""

    kind: Literal["parquet"]
    explode: str = EXPLODE


class CsvFormat(Settings):
    """Separated values (RFC 4180, UTF-8): the first record names the columns, or `columns` does."""

    kind: Literal["csv"]
    header: bool = Field(description="whether the first record names the columns")
    columns: tuple[str, ...] = Field(default=(), description="names of the columns, in order, of files without header")
    delimiter: str = Field(min_length=1, max_length=1, description="what stands between fields; one character")
    quote: str = Field(max_length=1, description="what encloses a field, doubled within; one character, or none")

    @model_validator(mode="after")
    def _names_come_from_one_place(self) -> Self:
        if self.header == bool(self.columns):
            raise ValueError("columns are named by the header or by 'columns': give exactly one")
        if self.quote == self.delimiter:
            raise ValueError(f"quote and delimiter are both '{self.quote}'")
        if repeated := sorted({name for name in self.columns if self.columns.count(name) > 1}):
            raise ValueError(f"columns names {repeated} more than once")
        return self


Format = Annotated[JsonLinesFormat | JsonFormat | CsvFormat | ParquetFormat, Field(discriminator="kind")]


class TimeRule(Settings):
    """How a delivered time is read.

    `iso` is a date and time with its offset (`2024-03-01T10:00:00.5Z`, `...+01:00`), `iso_local` one without, and
    `epoch_s`, `epoch_ms`, `epoch_us` count seconds, milliseconds or microseconds since 1970 in UTC. Anything else is a
    strptime format, such as `%d/%m/%Y %H:%M`. Local times need their zone stated.
    """

    format: str = Field(min_length=1, description="iso, iso_local, epoch_s, epoch_ms, epoch_us, or a strptime format")
    zone: str = Field(default="", description="time zone of local times, such as Europe/London")

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        try:
            return zone and ZoneInfo(zone).key
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"'{zone}' is no known time zone") from error

    @model_validator(mode="after")
    def _states_one_zone(self) -> Self:
        if self.format not in NAMED_TIMES and "%" not in self.format:
            raise ValueError(f"'{self.format}' is neither one of {sorted(NAMED_TIMES)} nor a strptime format")
        carries_offset = NAMED_TIMES.get(self.format, "%z" in self.format)
        if carries_offset and self.zone:
            raise ValueError(f"times of format '{self.format}' carry their offset: leave out zone")
        if not carries_offset and not self.zone:
            raise ValueError(f"times of format '{self.format}' are local: state their zone, such as Europe/London")
        return self


class ActionRule(Settings):
    """How the delivered value becomes an action: an exact value, else a prefix, else the default, else as delivered."""

    values: dict[str, str] = Field(default={}, description="action by delivered value")
    prefixes: dict[str, str] = Field(default={}, description="action by how the delivered value starts")
    default: str = Field(default="", description="action of every other value; empty: as delivered")


class Identity(Settings):
    """An event whose producer gives no id is known by these fields and by which occurrence in its file it is."""

    fields: tuple[str, ...] = Field(min_length=1, description="their names of the identifying fields")


CONSTANTS: dict[str, str] = Field(default={}, description="value by our column, the same in every record")


class EventMapping(Settings):
    """Which files hold events, and how their records map to bronze.events."""

    files: tuple[str, ...] = Field(min_length=1, description="patterns of paths below the landing folder")
    fields: dict[str, str] = Field(description="their field by our column; a.b is member b of the object a")
    constants: dict[str, str] = CONSTANTS
    time: TimeRule
    action: ActionRule = ActionRule()
    identity: Identity | None = None

    @field_validator("fields")
    @classmethod
    def _are_ours(cls, fields: dict[str, str]) -> dict[str, str]:
        return _known(fields, EVENT_FIELDS, required=("occurred_at",))

    @field_validator("constants")
    @classmethod
    def _fill_ours(cls, constants: dict[str, str]) -> dict[str, str]:
        return _known(constants, EVENT_FIELDS)

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        _require_apart(self.fields, self.constants)
        if ("event_id" in self.fields) == (self.identity is not None):
            raise ValueError("an event is identified by fields.event_id or by identity.fields: give exactly one")
        if "event_id" in self.constants:
            raise ValueError("constants.event_id: every event would be the same one")
        if "action" not in {*self.fields, *self.constants} and not self.action.default:
            raise ValueError("an action comes from fields.action or is action.default: give one")
        return self


class ItemMapping(Settings):
    """Which files hold catalogue records, and how they map to bronze.items."""

    files: tuple[str, ...] = Field(min_length=1, description="patterns of paths below the landing folder")
    format: Format | None = Field(default=None, description="how they are read; left out: as the events are")
    fields: dict[str, str] = Field(description="their field by our column; a.b is member b of the object a")
    constants: dict[str, str] = CONSTANTS
    time: TimeRule

    @field_validator("fields")
    @classmethod
    def _are_ours(cls, fields: dict[str, str]) -> dict[str, str]:
        return _known(fields, ITEM_FIELDS, required=("item_id", "changed_at"))

    @field_validator("constants")
    @classmethod
    def _fill_ours(cls, constants: dict[str, str]) -> dict[str, str]:
        return _known(constants, ITEM_FIELDS)

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        _require_apart(self.fields, self.constants)
        return self


class Source(Settings):
    """One producer."""

    name: str = Field(min_length=1, description="name of the source, as its file is called")
    id_namespace: str = Field(
        default="", description="whose user and item ids these are; empty: the lake's common ones"
    )
    format: Format
    events: EventMapping
    items: ItemMapping | None = None

    @model_validator(mode="after")
    def _names_fields_that_exist(self) -> Self:
        for kind in ("event", "item") if self.items else ("event",):
            names, layout = self.required_fields(kind), self.format_of(kind)
            if isinstance(layout, CsvFormat):
                if layout.columns and (unknown := sorted(names - set(layout.columns))):
                    raise ValueError(f"{kind} fields {unknown} are not among format.columns {sorted(layout.columns)}")
            elif layout.explode and not any(name.startswith(f"{layout.explode}.") for name in names):
                raise ValueError(f"no {kind} field lies in format.explode: name them '{layout.explode}.<field>'")
        return self

    def format_of(self, kind: str) -> Format:
        """How files of one kind (event, item) are read."""
        return self.items.format if kind == "item" and self.items and self.items.format else self.format

    def mapping(self, kind: str) -> EventMapping | ItemMapping:
        """How records of one kind (event, item) map to ours."""
        return self.items if kind == "item" and self.items else self.events

    def fields(self, kind: str) -> dict[str, str]:
        """Their field by our column, of records of one kind (event, item)."""
        if kind == "event":
            return self.events.fields
        return self.items.fields if self.items else {}

    def plain_fields(self, kind: str) -> tuple[str, ...]:
        """Fields of records that may be read without a parser; none where these lie deeper or are known by values."""
        layout, fields = self.format_of(kind), dict.fromkeys(self.fields(kind).values())
        is_flat = isinstance(layout, JsonLinesFormat) and layout.is_flat(fields)
        is_identified = kind == "event" and self.events.identity is not None
        return tuple(fields) if is_flat and not is_identified else ()

    def required_fields(self, kind: str) -> set[str]:
        """Names that a table of records of one kind has to have as columns."""
        identity = self.events.identity.fields if kind == "event" and self.events.identity else ()
        return {*self.fields(kind).values(), *identity}


def _known(values: dict[str, str], ours: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, str]:
    if unknown := sorted(values.keys() - set(ours)):
        raise ValueError(f"unknown columns {unknown}; known are {sorted(ours)}")
    if missing := sorted(set(required) - values.keys()):
        raise ValueError(f"{missing} must be mapped")
    return values


def _require_apart(fields: dict[str, str], constants: dict[str, str]) -> None:
    if twice := sorted(fields.keys() & constants.keys()):
        raise ValueError(f"{twice} come from fields and are constants: give one")
