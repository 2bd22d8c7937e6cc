"""How one producer's records become ours: the declaration that conf/sources/<name>.toml fills."""

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


class JsonLinesFormat(Settings):
    """One JSON object (RFC 8259, UTF-8) in each line."""

    kind: Literal["jsonl"]


class CsvFormat(Settings):
    """Separated values (RFC 4180, UTF-8): the first record names the columns, or `columns` does."""

    kind: Literal["csv"]
    header: bool = Field(description="whether the first record names the columns")
    columns: tuple[str, ...] = Field(default=(), description="names of the columns, in order, of files without header")
    delimiter: str = Field(min_length=1, max_length=1, description="what stands between fields; one character")
    quote: str = Field(min_length=1, max_length=1, description="what encloses a field, doubled within; one character")

    @model_validator(mode="after")
    def _names_come_from_one_place(self) -> Self:
        if self.header == bool(self.columns):
            raise ValueError("columns are named by the header or by 'columns': give exactly one")
        return self


Format = Annotated[JsonLinesFormat | CsvFormat, Field(discriminator="kind")]


class TimeRule(Settings):
    """How a delivered time is read.

    `iso` is a date and time with its offset (`2024-03-01T10:00:00.5Z`, `...+01:00`). Anything else is a strptime
    format; without `%z` the zone of its local times must be stated.
    """

    format: str = Field(min_length=1, description="'iso', or a strptime format such as %Y-%m-%d %H:%M:%S")
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
        carries_offset = self.format == "iso" or "%z" in self.format
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


class EventMapping(Settings):
    """Which files hold events, and how their records map to bronze.events."""

    files: tuple[str, ...] = Field(min_length=1, description="patterns of paths below the landing folder")
    fields: dict[str, str] = Field(description="their field by our column")
    time: TimeRule
    action: ActionRule = ActionRule()
    identity: Identity | None = None

    @field_validator("fields")
    @classmethod
    def _are_ours(cls, fields: dict[str, str]) -> dict[str, str]:
        return _known(fields, EVENT_FIELDS, required=("occurred_at",))

    @model_validator(mode="after")
    def _has_one_identity(self) -> Self:
        if ("event_id" in self.fields) == (self.identity is not None):
            raise ValueError("an event is identified by fields.event_id or by identity.fields: give exactly one")
        if "action" not in self.fields and not self.action.default:
            raise ValueError("an action comes from fields.action or is action.default: give one")
        return self


class ItemMapping(Settings):
    """Which files hold catalogue records, and how they map to bronze.items."""

    files: tuple[str, ...] = Field(min_length=1, description="patterns of paths below the landing folder")
    fields: dict[str, str] = Field(description="their field by our column")
    time: TimeRule

    @field_validator("fields")
    @classmethod
    def _are_ours(cls, fields: dict[str, str]) -> dict[str, str]:
        return _known(fields, ITEM_FIELDS, required=("item_id", "changed_at"))


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
    def _names_columns_that_exist(self) -> Self:
        columns = set(self.format.columns) if isinstance(self.format, CsvFormat) else set()
        for kind in ("event", "item") if columns else ():
            if unknown := sorted(self.required_fields(kind) - columns):
                raise ValueError(f"{kind} fields {unknown} are not among format.columns {sorted(columns)}")
        return self

    def fields(self, kind: str) -> dict[str, str]:
        """Their field by our column, of records of one kind (event, item)."""
        if kind == "event":
            return self.events.fields
        return self.items.fields if self.items else {}

    def required_fields(self, kind: str) -> set[str]:
        """Names that a table of records of one kind has to have as columns."""
        identity = self.events.identity.fields if kind == "event" and self.events.identity else ()
        return {*self.fields(kind).values(), *identity}


def _known(fields: dict[str, str], ours: tuple[str, ...], required: tuple[str, ...]) -> dict[str, str]:
    if unknown := sorted(fields.keys() - set(ours)):
        raise ValueError(f"unknown columns {unknown}; known are {sorted(ours)}")
    if missing := sorted(set(required) - fields.keys()):
        raise ValueError(f"{missing} must be mapped")
    return fields
