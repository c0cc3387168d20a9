"""Origin of a cell that was trained elsewhere: who made it, and when it came here. It is no part of the cell."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.records.names import printable

ORIGIN_FILE = "origin.json"
LONGEST_ORIGIN = 200


@dataclass(frozen=True)
class CellOrigin:
    """by: who made it, in their own words. exported: when. imported: when it came here.

    file: the SHA-256 of the manifest of the file that it came in.
    """

    by: str = ""
    exported: str = ""
    imported: str = ""
    file: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CellOrigin":
        """Of anybody's words those that are known, as text of bounded length."""
        words = {**data, "exported": data.get("exported", data.get("at", ""))}
        return cls(**{name: printable(str(words.get(name, "")))[:LONGEST_ORIGIN] for name in cls.__dataclass_fields__})

    def to_json(self) -> dict[str, str]:
        return asdict(self)

    @property
    def maker(self) -> str:
        return self.by or "somebody who is not named"
