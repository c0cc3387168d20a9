"""The sections of a report, one topic each."""
