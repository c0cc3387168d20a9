"""The ladder of the paper's components [P]: each step has one part more, all under the same recipe."""

from typing import Any

LADDER: dict[str, dict[str, Any]] = {
    "text-pixel baseline": {"regions": False, "kd": "none", "contrast": False, "prototypes": False, "pseudo": False},
    "+ regions": {"kd": "none", "contrast": False, "prototypes": False, "pseudo": False},
    "+ distillation": {"contrast": False, "prototypes": False, "pseudo": False},
    "+ contrast": {"prototypes": False, "pseudo": False},
    "+ prototypes and pseudo-labels": {},
}
"""Config overrides by name of the step, in order. They only switch off, so they hold on top of any recipe."""
