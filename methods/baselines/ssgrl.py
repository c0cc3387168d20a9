"""SSGRL: semantic-specific features of every class, and a graph between classes."""

from torch import Tensor

from methods.base import METHODS, Batch
from methods.structure import StructureMethod


@METHODS.register("ssgrl")
class SSGRL(StructureMethod):
    """SSGRL (Chen et al., ICCV 2019): semantic decoupling by class words and a gated graph over classes, with BCE.

    f_c = sum_t softmax_t(w4 . W3 tanh(W1 x_t * W2 g_c)) x_t over tokens x_t, with g_c the word of class c
    h = three gated steps along P(j | i) of the observed labels;  z_c = w_c . tanh(W [h_c, f_c]) + b_c
    loss = BCE(z, y) averaged over the known labels of the batch
    """

    reference = (
        "Chen et al., Learning Semantic-Specific Graph Representation for Multi-Label Image Recognition, ICCV 2019"
    )
    equation = "f_c = sum_t softmax_t(w . tanh(W1 x_t * W2 g_c)) x_t; z = classifier(gated graph(f), f); BCE if known"
    defaults_from = "HCP-MLR-PL's code (SSGRL with missing labels); sizes, epochs and rate ours, for frozen features"
    note = (
        "text features in the place of GloVe unless a file is given; unknown labels left out of loss and graph; the "
        "reset gate as in HCP's code, not SSGRL's; the paper trains the backbone with it"
    )

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.trunk.classify(self.trunk.features(batch.features.dense))
        return {"loss_bce": self.known_loss(logits, batch.labels)}
