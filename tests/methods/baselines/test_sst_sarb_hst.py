"""SST, SARB and HST as methods: when their parts begin, what they teach, and what they remember."""

import pytest
import torch
from helpers.toy_world import Data, build_task, hide

from methods import Batch, Method
from methods.baselines.hst import HST, HSTConfig, prototype_contrast
from methods.baselines.sarb import SARB, SARBConfig
from methods.baselines.sst import SST, SSTConfig
from methods.structure import trunk

SMALL = {"width": 16, "hidden": 8, "output": 8}


def terms(model: Method, data: Data, epoch: int, rows: slice = slice(None)) -> dict[str, torch.Tensor]:
    model.start_epoch(epoch)
    features = type(data.features)(data.features.dense[rows], data.features.pooled[rows])
    return model.loss(Batch(features, data.labels[rows], torch.arange(40)[rows]))


def partial(data: Data) -> Data:
    return data._replace(labels=hide(data.labels))


LATE = {
    SST: {"loss_intra", "loss_inter"},
    SARB: {"loss_instance", "loss_prototype"},
    HST: {"loss_intra", "loss_inter", "loss_intra_threshold", "loss_inter_threshold", "loss_prototype"},
}


@pytest.mark.parametrize("method", LATE)
@pytest.mark.parametrize(("epochs", "begin"), [(20, 5), (40, 10), (3, 1)])
def test_a_quarter_of_the_run_passes_before_labels_are_invented(
    method: type[Method], epochs: int, begin: int, data: Data
) -> None:
    data = partial(data)
    model = method(method.Config(epochs=epochs, **SMALL), build_task(data.labels))
    early, late = terms(model, data, begin - 1), terms(model, data, begin)
    assert not LATE[method] & set(early)
    assert LATE[method] <= set(late)


@pytest.mark.parametrize("method", LATE)
def test_extra_losses_rise_over_the_images_of_the_first_epoch(method: type[Method], data: Data) -> None:
    data = partial(data)
    model = method(method.Config(**SMALL), build_task(data.labels)).eval()
    model.start_epoch(0)
    parts = [slice(0, 10), slice(10, 20), slice(20, 40)]
    weights = [model.rise(data.labels[part]) for part in parts]
    assert weights == [0, 0.25, 0.5]
    model.start_epoch(1)
    assert model.rise(data.labels) == 1
    assert terms(model, data, 0)["loss_contrast"] == 0
    assert terms(model, data, 1)["loss_contrast"] > 0


def test_ssts_pseudo_labels_count_beside_the_known_ones(data: Data) -> None:
    """With a margin that everything reaches, each branch is the loss with all unknown labels positive."""
    data = partial(data)
    model = SST(SSTConfig(margin_high=0.0, margin_low=0.0, **SMALL), build_task(data.labels)).eval()
    model.memory.features += 1e-3  # similarities above 0 or not, scores of co-occurrence always
    losses = terms(model, data, 5)
    has_positive = (data.labels > 0).any(dim=1, keepdim=True)
    assert losses["intra_share"] == 1
    logits = model.score(data.features)
    filled = torch.where(data.labels == 0, 1, data.labels)
    torch.testing.assert_close(losses["loss_intra"], model.known_loss(logits, filled))
    assert has_positive.any()
    never = SST(SSTConfig(margin_high=1.0, margin_low=1.0, **SMALL), build_task(data.labels)).eval()
    losses = terms(never, data, 5)
    assert losses["intra_share"] == losses["inter_share"] == 0
    torch.testing.assert_close(losses["loss_intra"], losses["loss_bce"])


def test_hsts_thresholds_decide_and_are_taught(data: Data) -> None:
    data = partial(data)
    model = HST(HSTConfig(threshold=0.0, **SMALL), build_task(data.labels))
    terms(model, data, 4)
    losses = terms(model, data, 5)
    (losses["loss_intra_threshold"] + losses["loss_inter_threshold"]).backward()
    assert model.intra_threshold.grad != 0
    assert model.inter_threshold.grad != 0
    assert losses["intra_share"] > 0
    closed = HST(HSTConfig(threshold=1.0, **SMALL), build_task(data.labels))
    terms(closed, data, 4)
    losses = terms(closed, data, 5)
    assert losses["intra_share"] == losses["inter_share"] == 0
    (losses["loss_intra_threshold"] + losses["loss_inter_threshold"]).backward()
    assert closed.intra_threshold.grad == 0  # as released: nothing teaches a threshold above every score


def test_scores_do_not_depend_on_how_many_images_are_scored_at_once(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SST(SSTConfig(**SMALL), build_task(data.labels)).eval()
    whole, sizes = model.score(data.features), []
    monkeypatch.setattr(trunk, "STATES_AT_ONCE", 16 * data.labels.shape[1] * 7)
    model.trunk.graph.register_forward_pre_hook(lambda _, states: sizes.append(len(states[0])))
    torch.testing.assert_close(model.score(data.features), whole)
    assert sizes == [7, 7, 7, 7, 7, 5]


def test_the_sign_of_the_prototype_contrast() -> None:
    similarity, labels = torch.tensor([[0.5, -0.25, 0.9]]), torch.tensor([[1, -1, 0]], dtype=torch.int8)
    assert prototype_contrast(similarity, labels, attract=True).item() == pytest.approx((0.5 + 0.75 + 1) / 3)
    assert prototype_contrast(similarity, labels, attract=False).item() == pytest.approx((1.5 + 1.25 + 1) / 3)


@pytest.mark.parametrize("method", [SARB, HST])
def test_prototypes_are_renewed_at_each_quarter(method: type[Method], data: Data) -> None:
    data = partial(data)
    model = method(method.Config(epochs=20, **SMALL), build_task(data.labels))
    changed = []
    for epoch in range(1, 20):
        before = model.memory.centres.clone()
        terms(model, data, epoch)
        model.trunk.project.weight.data.mul_(torch.rand(16, 1))  # as if it had learned
        if not torch.equal(before, model.memory.centres):
            changed.append(epoch)
    assert changed == [5, 10, 15]


WEIGHTS = [
    (SST, "cooccurrence_weight", "loss_cooccurrence"),
    (SST, "contrast_weight", "loss_contrast"),
    (SST, "intra_weight", "loss_intra"),
    (SST, "inter_weight", "loss_inter"),
    (SARB, "contrast_weight", "loss_contrast"),
    (SARB, "instance_weight", "loss_instance"),
    (SARB, "prototype_weight", "loss_prototype"),
    (HST, "cooccurrence_weight", "loss_cooccurrence"),
    (HST, "contrast_weight", "loss_contrast"),
    (HST, "intra_weight", "loss_intra_threshold"),
    (HST, "inter_weight", "loss_inter_threshold"),
    (HST, "prototype_weight", "loss_prototype"),
]


@pytest.mark.parametrize(("method", "weight", "term"), WEIGHTS)
def test_each_weight_is_that_of_its_own_term(method: type[Method], weight: str, term: str, data: Data) -> None:
    data = partial(data)

    def losses(factor: float) -> dict[str, float]:
        torch.manual_seed(0)
        default = getattr(method.Config(), weight)
        config = method.Config(epochs=20, **{**SMALL, weight: factor * default})
        return {
            name: value.item()
            for name, value in terms(method(config, build_task(data.labels)), data, epoch=5).items()
            if "loss" in name
        }

    once, thrice = losses(1.0), losses(3.0)
    assert once[term] > 0
    assert thrice == pytest.approx({**once, term: 3 * once[term]}, rel=1e-4)


def test_ssts_memory_takes_a_batch_in_before_it_is_asked(data: Data) -> None:
    """An image that equals a known positive of the same batch is found at once."""
    dense = data.features.dense.clone()
    dense[1] = dense[0]
    labels = torch.zeros_like(data.labels)
    labels[0, 3], labels[2, 0] = 1, -1
    twins = Data(data.features._replace(dense=dense), labels)
    model = SST(SSTConfig(epochs=20, memory=1, margin_high=0.999, margin_low=0.999, **SMALL), build_task(labels))
    losses = terms(model, twins, epoch=5)["inter_share"].item()
    assert losses == pytest.approx(1 / (labels == 0).sum().item())
    assert model.memory.count.tolist() == [0, 0, 0, 1, 0]


def test_ssts_memory_holds_the_first_images_of_a_batch_longest(data: Data) -> None:
    """HCP's code puts a batch in front of what it holds, its first image first, and cuts the end off."""
    data = partial(data)
    model = SST(SSTConfig(memory=2, **SMALL), build_task(data.labels)).eval()
    features = model.trunk.features(data.features.dense).detach()
    terms(model, data, 0)
    for c in range(data.labels.shape[1]):
        first = features[data.labels[:, c] > 0, c][:2]
        torch.testing.assert_close(model.memory.features[c].sort(dim=0).values, first.sort(dim=0).values)


def test_learned_shares_of_blends_stay_between_none_and_all(data: Data) -> None:
    data = partial(data)
    model = SARB(SARBConfig(**SMALL), build_task(data.labels))
    with torch.no_grad():
        model.alpha.fill_(1.5)
        model.beta.fill_(-0.5)
    terms(model, data, 5)
    assert (model.alpha, model.beta) == (1, 0)
