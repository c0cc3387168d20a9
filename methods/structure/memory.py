"""Memories of features of known positives: the last ones of each class, and the centres of their clusters."""

import warnings

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn import functional as F


class PositiveMemory(nn.Module):
    """Buffers `features` (C, M, F), the last M features of each class's known positives, zeros before; `count` (C,)."""

    features: Tensor
    count: Tensor

    def __init__(self, num_classes: int, size: int, dim: int):
        super().__init__()
        self.size = size
        self.register_buffer("features", torch.zeros(num_classes, size, dim))
        self.register_buffer("count", torch.zeros(num_classes, dtype=torch.int64))

    @torch.no_grad()
    def update(self, features: Tensor, labels: Tensor) -> None:
        """Features (B, C, F), of which those with a positive label (B, C) are kept in the order of the images."""
        positive = labels > 0
        order = positive.cumsum(dim=0)
        new = order[-1]
        place = (self.count + order - 1) % self.size
        kept = positive & (order > new - self.size)  # more than there is room for: the last ones, each place once
        image, which = kept.nonzero(as_tuple=True)
        self.features[which, place[image, which]] = features.detach().float()[image, which]
        self.count += new

    def similarity(self, features: Tensor) -> Tensor:
        """(B, C): the mean cosine of features (B, C, F) to all M places; an empty one counts as 0."""
        return mean_cosine(features, self.features)


class ClusterMemory(PositiveMemory):
    """Prototypes: a buffer `centres` (C, clusters, F) of the clusters among the positives that one epoch has shown.

    HCP's code goes through all training images once more, in evaluation mode, before it looks for clusters. Methods
    here see batches alone, so it is the last M features of each class in the epoch before, as training saw them.
    """

    centres: Tensor

    def __init__(self, num_classes: int, size: int, dim: int, clusters: int):
        super().__init__(num_classes, size, dim)
        self.clusters = clusters
        self.register_buffer("centres", torch.zeros(num_classes, clusters, dim))

    @torch.no_grad()
    def start_epoch(self, epoch: int, every: int) -> None:
        """New centres before each epoch that `every` divides, from what was held; held anew in the epoch before it."""
        if epoch and epoch % every == 0:
            held = self.count.clamp(max=self.size).tolist()
            for c, n in enumerate(held):
                self.centres[c] = kmeans_centres(self.features[c, :n], self.clusters)
        if (epoch + 1) % every == 0:
            self.features.zero_()
            self.count.zero_()


def kmeans_centres(features: Tensor, clusters: int) -> Tensor:
    """(clusters, F): centres of features (n, F). With fewer features than clusters: these, over and over; or zeros.

    The seed is fixed, and one thread adds up in one order: equal features give equal bits.
    """
    if len(features) <= clusters:
        if not len(features):
            return features.new_zeros(clusters, features.shape[1])
        return features[torch.arange(clusters, device=features.device) % len(features)]
    from sklearn.cluster import KMeans  # a second of start-up, which only a training should pay
    from sklearn.exceptions import ConvergenceWarning

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal features: some centres are equal then
        kmeans = KMeans(n_clusters=clusters, n_init=1, random_state=0).fit(features.cpu().numpy())
    return torch.from_numpy(kmeans.cluster_centers_).to(features)


def mean_cosine(features: Tensor, examples: Tensor) -> Tensor:
    """(B, C): mean over M of the cosine between features (B, C, F) and examples (C, M, F); zero examples count as 0."""
    with torch.autocast(features.device.type, enabled=False):
        direction = F.normalize(examples.float(), dim=-1, eps=1e-9).mean(dim=1)
        return (F.normalize(features.float(), dim=-1, eps=1e-9) * direction).sum(dim=-1)
