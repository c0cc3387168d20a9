"""The errors that a user can cause or mend; anything else is a defect of the program."""


class BenchError(Exception):
    """Root of all errors of this package: one sentence that says what was given, what is allowed, what to do."""


class UsageError(BenchError):
    """A wrong flag, name, option or combination (exit code 2)."""


class DataError(BenchError):
    """A data set, cache or weights file that is absent, damaged or not what it claims to be (exit code 2)."""
