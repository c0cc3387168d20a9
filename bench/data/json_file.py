"""JSON files of annotations, read with errors that name file, entry and value."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import DataError
from bench.system.wording import shown

TYPE_NAMES = {str: "text", int: "a whole number", list: "a list", dict: "an object"}


class JsonObject:
    """An object within a file; `entry.get("id", int)` is its value, of that type, or a DataError that says where.

    kind: such as "no COCO instances file", for error sentences.
    """

    def __init__(self, content: Any, source: Path, kind: str, where: str = ""):
        self.source, self.kind, self.where = source, kind, where
        if not isinstance(content, Mapping):
            raise self.error(f"{where or 'it'} is {shown(content)}, not an object")
        self.content = content

    def error(self, problem: str) -> DataError:
        return DataError(f"{self.source} is {self.kind}: {problem}.")

    def path(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def get(self, key: str, kind: type) -> Any:
        if key not in self.content:
            raise self.error(f"{self.where or 'it'} has no {key!r}")
        value = self.content[key]
        if type(value) is not kind:
            raise self.error(f"{self.path(key)} is {shown(value)}, not {TYPE_NAMES[kind]}")
        return value

    def entry(self, key: str) -> "JsonObject":
        return JsonObject(self.get(key, dict), self.source, self.kind, self.path(key))

    def entries(self, key: str) -> list["JsonObject"]:
        """The objects of a list."""
        items = self.get(key, list)
        return [JsonObject(one, self.source, self.kind, f"{self.path(key)}[{i}]") for i, one in enumerate(items)]


def read_object(source: Path, kind: str) -> JsonObject:
    """The object that a JSON file holds. kind: "no COCO instances file", for error sentences."""
    try:
        content = json.loads(source.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{source} is missing; put the dataset's own file there.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{source} is {kind}: it cannot be read as JSON ({error}).") from None
    return JsonObject(content, source, kind)
