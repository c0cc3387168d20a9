"""Strong views of images, for methods that compare two."""

from typing import Any

from torch import nn

from methods.layers.token_dropout import TokenDropout


class StrongView(nn.Module):
    """The run's strong view of a batch where it makes one; else its features with a random `share` of them left out.

    Of the tokens whole positions are left out, or, where their places must stay (`in_place`), single entries, as of the
    pooled vector.
    """

    def __init__(self, share: float, in_place: bool = False):
        super().__init__()
        self.tokens = nn.Dropout(share) if in_place else TokenDropout(share)
        self.entries = nn.Dropout(share)

    def forward(self, batch: Any) -> Any:
        """Features of a `Batch`."""
        if batch.strong is not None:
            return batch.strong
        features = batch.features
        return features._replace(dense=self.tokens(features.dense), pooled=self.entries(features.pooled))
