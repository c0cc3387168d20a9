"""Properties that every method, protocol, dataset and backbone must have, each a function that raises one sentence.

`bench test` runs them on your own classes; the tests of this project run the same functions on the built-in ones.
"""

from bench.conformance.properties import Property, PropertyError, Result, check_properties

__all__ = ["Property", "PropertyError", "Result", "check_properties"]
