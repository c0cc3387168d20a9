"""The terminal: text is shown as it is, since names and errors hold brackets and colons that are no markup."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TextColumn


def plain_console(*, stderr: bool = False, highlight: bool = True, soft_wrap: bool = False) -> "Console":
    """A console that interprets no markup and no emoji names in what it prints."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=highlight, soft_wrap=soft_wrap, markup=False, emoji=False)


def text_console(width: int) -> "Console":
    """A console that keeps what it prints as plain text in its `file`, an `io.StringIO`."""
    from rich.console import Console

    return Console(
        file=io.StringIO(), width=width, color_system=None, force_terminal=False, force_jupyter=False,
        markup=False, emoji=False, highlight=False,
    )  # fmt: skip


def text_column(template: str) -> "TextColumn":
    """A column of a bar with plain text, such as `{task.description}`."""
    from rich.progress import TextColumn

    return TextColumn(template, markup=False)
