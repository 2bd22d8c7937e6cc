"""Parsed JSON to flat records: named members of inner objects are lifted up, elements of an array become records."""

from collections.abc import Collection
from typing import Any

from lakerec.bronze.strict_json import member, parse_exactly, split_array

NOT_AN_OBJECT = "not an object"
NO_ARRAY = "no array to explode"
EMPTY_ARRAY = "empty array to explode"

Record = dict[str, Any]


def split_value(value: Any, explode: str, names: Collection[str]) -> list[Record | str]:
    """The records of one line, row or document; a string stands for what is no record and says why.

    A record holds each of `names` that was sent under exactly this name, be it `a.b` for member b of a; all else stays
    where it was. What an object holds beside its exploded array is on its first record alone, but for the names.

    Args:
        value: an object, or an array of objects; it is taken apart.
        explode: path of the array whose elements are the records; empty: an object is one.
        names: fields that are mapped.
    """
    found: list[Record | str] = []
    for parent in value if type(value) is list else [value]:
        if type(parent) is not dict:
            found.append(NOT_AN_OBJECT)
        elif explode:
            found += _explode(parent, explode, names)
        else:
            found.append(_lift(parent, names))
    return found


def record_exactly(raw: bytes, number: int, explode: str, names: Collection[str]) -> Record:
    """One record of a line, counted from 1, with every number as the text of its digits."""
    record = split_value(parse_exactly(raw), explode, names)[number - 1]
    return record if isinstance(record, dict) else {}


def element_bytes(raw: bytes, value: Any, explode: str) -> list[bytes]:
    """The exact bytes of every record of a line, in the order of `split_value`.

    Args:
        value: the line's, whole.
    """
    parents = list(zip(value, split_array(raw), strict=True)) if type(value) is list else [(value, raw)]
    found: list[bytes] = []
    for parent, text in parents:
        elements = _get(parent, explode.split(".")) if explode and type(parent) is dict else None
        found += split_array(member(text, explode.split("."))) if type(elements) is list and elements else [text]
    return found


def _explode(parent: Record, path: str, names: Collection[str]) -> list[Record | str]:
    elements = _pop(parent, path.split("."))
    if type(elements) is not list or not elements:
        return [EMPTY_ARRAY if elements == [] else NO_ARRAY]
    inner = {name: name.removeprefix(f"{path}.") for name in names if name.startswith(f"{path}.")}
    _lift(parent, [name for name in names if name not in inner])
    shared = {name: parent[name] for name in names if name in parent}
    found: list[Record | str] = []
    for element in elements:
        if type(element) is not dict:
            found.append(NOT_AN_OBJECT)
            continue
        _lift(element, inner.values())
        record, parent = {**shared, **parent}, {}
        record |= {name: element.pop(theirs) for name, theirs in inner.items() if theirs in element}
        found.append(record | {path: element} if element else record)
    return found


def _lift(record: Record, names: Collection[str]) -> Record:
    """Bring `a.b` up from the object a, unless the record has a field of exactly that name."""
    for name in names:
        if "." in name and name not in record:
            path = name.split(".")
            if (value := _pop(record, path)) is not None:
                record[name] = value
    return record


def _get(record: Any, path: list[str]) -> Any:
    for name in path:
        record = record.get(name) if type(record) is dict else None
    return record


def _pop(record: Record, path: list[str]) -> Any:
    """Take a member of an inner object out; objects that this leaves empty go, too."""
    name, *deeper = path
    if not deeper:
        return record.pop(name, None)
    inner = record.get(name)
    if type(inner) is not dict or not inner:
        return None
    value = _pop(inner, deeper)
    if not inner:
        del record[name]
    return value
