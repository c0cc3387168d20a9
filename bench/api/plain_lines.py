"""Plain lines of progress on standard error, for logs and pipes."""

from bench.api.pace import Pace
from bench.system.console import plain_console


class PlainLines:
    """Says what it is given, and now and then how far encoding is; nothing where it is quiet."""

    def __init__(self, quiet: bool = False):
        self.console = plain_console(stderr=True, highlight=False, soft_wrap=True)
        self.quiet, self.pace = quiet, Pace()

    def say(self, text: str) -> None:
        if not self.quiet:
            self.console.print(text)

    def encoding(self, title: str, done: int, total: int) -> None:
        if done == total or self.pace.due(title, done):
            self.say(self.pace.line(title, done, total))
