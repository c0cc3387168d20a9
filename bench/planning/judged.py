"""The labels that held-out images are judged by, where the request leaves them open."""

from typing import Any

from bench.axes.components import options_of, protocol_component
from bench.errors import UsageError
from bench.planning.request import AUTO, Request
from bench.records.cells import Judged
from protocols import PROTOCOLS

HIDES_NOTHING = ("native", "full")


def resolved_judged(request: Request, has_unknown: bool) -> Judged:
    """`full` without held-out images; UsageError where the observed labels of held-out images can judge nothing.

    `auto` is `full`, all labels that the data has, as on the papers' clean validation images. Where some are unknown in
    the data itself, a user has no clean ones: then it is `observed`, what the protocol leaves.
    """
    if not request.holdout:
        return "full"
    unclean = has_unknown and request.protocol not in HIDES_NOTHING
    if request.judged == "full" or (request.judged == AUTO and not unclean):
        return "full"
    refuse_without_negatives(request)
    return "observed"


def refuse_without_negatives(request: Request) -> None:
    """UsageError for a protocol under whose options observed labels rank nothing."""
    if request.protocol == AUTO:
        return
    protocol = PROTOCOLS.get(request.protocol)
    options: Any = options_of(protocol_component(request.protocol, request.overrides), protocol.Options)
    if not protocol.knows_negatives(options):
        raise UsageError(
            f"Under protocol {request.protocol} no negative is known, so observed labels give any ranking an AP of "
            "100; use --holdout-labels full, and say so beside the numbers."
        )
