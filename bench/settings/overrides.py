"""Overrides of settings as a command line states them: NAME.OPTION=VALUE."""

from bench.errors import UsageError
from bench.system.wording import shown, unquoted


def parse_overrides(assignments: list[str]) -> dict[str, dict[str, str]]:
    """`["scenes.world=7", "scenes.n_train=500"]` -> `{"scenes": {"world": "7", "n_train": "500"}}`."""
    parsed: dict[str, dict[str, str]] = {}
    for assignment in assignments:
        target, equals, value = assignment.partition("=")
        owner, dot, option = target.strip().partition(".")
        if not (equals and dot and owner and option):
            raise UsageError(
                f"{shown(assignment)} is not an option; write NAME.OPTION=VALUE, for instance scenes.world=7."
            )
        if option in parsed.setdefault(owner, {}):
            raise UsageError(f"{unquoted(target)} is set twice; give it once.")
        parsed[owner][option] = value.strip()
    return parsed
