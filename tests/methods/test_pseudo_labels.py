"""What methods say of their pseudo-labels: it is what their losses used, and saying it changes nothing."""

import numpy as np
import pytest
import torch
from helpers.conformance import EPOCHS, assert_same_state, every_taught_method, make, partial, trained
from helpers.toy_world import Data, build_task, fit, hide
from torch import Tensor

from methods import METHODS, Batch, Method
from methods.losses import asymmetric_loss
from methods.pseudo_labels import PseudoLabels
from methods.trm_ml import TRMML, TRMConfig

pytestmark = pytest.mark.slow

MAKERS = {
    "trm_ml": (True, True),
    "trm_ml_first": (True, True),
    "splc": (True, False),
    "ll_ct": (True, False),
    "ll_cp": (True, False),
    "curriculum": (True, True),
    "vlpl": (True, False),
    "em_apl": (False, True),
    "scpnet": (True, False),
    "sst": (True, False),
    "hst": (True, False),
    "sr_cr": (True, True),
    "role": (True, True),
    "aevlp": (True, False),
    "cap": (True, True),
    "logicmix": (True, True),
    "lac": (True, True),
}
"""Methods that choose labels for single unknown entries: positives, negatives. All others make none: `ll_r`, `csl`,
`ignore` and `boostlu` (with `ll_r`) leave losses out, `sarb` blends labels that are known, `gr` weights both losses of
an entry, `clsl` has a soft label for every entry, of its second head's loss alone."""


def test_a_recorder_by_hand() -> None:
    """3 images of 2 classes; the middle one is noted twice, the last one never."""
    recorder = PseudoLabels(3, 2)
    assert not recorder.signs().any()
    assert (recorder.positives, recorder.negatives) == (False, False)
    labels = torch.tensor([[0, 0], [0, 1]], dtype=torch.int8)
    recorder.note(torch.tensor([1, 0]), labels, torch.tensor([[True, False], [True, True]]), None)
    assert (recorder.positives, recorder.negatives) == (True, False)
    assert recorder.signs().tolist() == [[1, 0], [1, 0], [0, 0]], "what is known is no pseudo-label"
    recorder.note(torch.tensor([1]), labels[:1], torch.tensor([[False, False]]), torch.tensor([[False, True]]))
    assert recorder.signs().tolist() == [[1, 0], [0, -1], [0, 0]], "the last that was said of an image holds"
    assert recorder.signs().dtype == np.int8
    assert (recorder.positives, recorder.negatives) == (True, True)


@every_taught_method
def test_listening_changes_nothing_and_only_makers_speak(name: str, data: Data) -> None:
    """Same parameters and buffers under the same names, to the bit; signs at unknown labels alone."""
    data = partial(data)
    recorded = make(name, build_task(data.labels))
    recorded.recorder = PseudoLabels(*data.labels.shape)
    fit(recorded, data, EPOCHS)
    assert_same_state(recorded.state_dict(), trained(name, data).state_dict())
    assert (recorded.recorder.positives, recorded.recorder.negatives) == MAKERS.get(name, (False, False))
    assert not recorded.recorder.signs()[data.labels.numpy() != 0].any()


def heard_loss(name: str, data: Data, epochs: int, **options: object) -> tuple[Method, np.ndarray, float, np.ndarray]:
    """After `epochs`, one step more, heard alone: the model, signs, that step's loss, the logits it was taken of."""
    torch.manual_seed(0)
    method = METHODS.get(name)
    model = fit(method(method.Config(**{"epochs": 10, **options}), build_task(data.labels)), data, epochs)
    model.start_epoch(epochs)
    model.recorder = PseudoLabels(*data.labels.shape)
    logits = model.score(data.features).double().numpy()
    loss = model.loss(Batch(data.features, data.labels, torch.arange(len(data.labels))))
    return model, model.recorder.signs(), loss[f"loss_{name}"].item(), logits


def softplus(z: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, z)


def test_splc_used_what_it_says(data: Data) -> None:
    data = partial(data)
    y = data.labels.numpy()
    _, signs, loss, z = heard_loss("splc", data, 4, tau=0.5)
    assert 0 < (signs == 1).sum() < (y == 0).sum()
    np.testing.assert_array_equal(signs == 1, (y == 0) & (z > 0))  # a chance above one half
    z = np.where(y == 1, z - 1, z)
    p, present = 1 / (1 + np.exp(-z)), (y == 1) | (signs == 1)
    expected = np.where(present, (1 - p) ** 2 * softplus(-z), p**2 * softplus(z)).sum()
    assert loss == pytest.approx(expected, rel=1e-4)


def test_ll_ct_used_what_it_says(data: Data) -> None:
    data = partial(data)
    y = data.labels.numpy()
    _, signs, loss, z = heard_loss("ll_ct", data, 5, delta=2.0)
    assert (signs == 1).sum() == 20, "2 % of 200 entries, five times"
    assert z[signs == 1].min() >= z[(y == 0) & (signs == 0)].max(), "the largest losses of assumed negatives"
    expected = np.where((y == 1) | (signs == 1), softplus(-z), softplus(z)).mean()
    assert loss == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["ll_cp", "boostlu"])
def test_permanent_corrections_stay_said(name: str, data: Data) -> None:
    data, options = partial(data), {"ll": "ll_cp"} if name == "boostlu" else {}
    y = data.labels.numpy()
    model, signs, loss, z = heard_loss(name, data, 5, delta=2.0, **options)
    assert isinstance(model.rule.flipped, Tensor)
    np.testing.assert_array_equal(signs == 1, model.rule.flipped.numpy())
    assert (signs == 1).sum() > 4, "more than the 2 % of one step"
    expected = np.where((y == 1) | (signs == 1), softplus(-z), softplus(z)).mean()
    assert loss == pytest.approx(expected, rel=1e-4)


def test_em_apl_used_what_it_says(data: Data) -> None:
    data = partial(data)
    y = data.labels.numpy()
    model, signs, loss, z = heard_loss("em_apl", data, 7)
    unknown = y == 0
    quota = 3 * (0.9 * unknown.sum(axis=0) / 5).astype(int)  # the third of five selections
    np.testing.assert_array_equal((signs == -1).sum(axis=0), quota)
    assert not (signs == 1).any()
    p, soft = 1 / (1 + np.exp(-z)), model.pseudo.soft.double().numpy()
    present, absent = -np.log(p + 1e-5), -np.log(1 - p + 1e-5)
    entries = np.where(y == 1, present, np.where(y == -1, absent, -0.1 * (p * present + (1 - p) * absent)))
    entries = np.where(signs == -1, 0.9 * (soft * present + (1 - soft) * absent), entries)
    assert loss == pytest.approx(entries.mean(), rel=1e-4)


def test_vlpl_used_what_it_says(data: Data) -> None:
    data = partial(data)
    y = data.labels.numpy()
    _, signs, loss, z = heard_loss("vlpl", data, 2, threshold=0.2)
    assert 0 < (signs == 1).sum() < (y == 0).sum()
    p = 1 / (1 + np.exp(-z))
    present, absent = -np.log(p + 1e-5), -np.log(1 - p + 1e-5)
    entries = np.where(y == 1, present, np.where(y == -1, absent, -0.1 * (p * present + (1 - p) * absent)))
    entries = np.where(signs == 1, 0.7 * (0.9 * present + 0.1 * absent), entries)
    assert loss == pytest.approx(entries.mean(), rel=1e-4)


def test_curriculum_used_what_it_says(data: Data) -> None:
    data = partial(data)
    y = data.labels.numpy()
    _, signs, loss, z = heard_loss("curriculum", data, 7, threshold=0.5)
    assert {-1, 0, 1} == set(np.unique(signs))
    labels = y + signs
    weights = -4.45 * (labels != 0).mean(axis=1, keepdims=True) + 5.45
    entries = np.where(labels == 1, softplus(-z), np.where(labels == -1, softplus(z), 0))
    assert loss == pytest.approx((weights * entries).sum() / y.size, rel=1e-4)


def test_trm_ml_used_what_it_says(data: Data) -> None:
    data = partial(data)
    torch.manual_seed(0)
    config = TRMConfig(n_ctx=2, ffn=8, warmup=1, dropout=0.0, supervised="mean")
    model = fit(TRMML(config, build_task(data.labels)), data, 4)
    model.start_epoch(4)
    model.recorder = PseudoLabels(*data.labels.shape)
    logits = model.score(data.features)
    terms = model.loss(Batch(data.features, data.labels, torch.arange(40)))
    signs = torch.from_numpy(model.recorder.signs())
    assert {-1, 1} <= set(signs.unique().tolist())
    assert (signs != 0).sum().item() == round(terms["pseudo_share"].item() * (data.labels == 0).sum().item())
    expected = asymmetric_loss(logits, signs, gamma_pos=config.gamma_pos, gamma_neg=config.gamma_neg, clip=config.clip)
    torch.testing.assert_close(terms["loss_pseudo"], config.pseudo_weight * expected, rtol=1e-4, atol=1e-5)


def test_a_part_that_is_off_says_nothing(data: Data) -> None:
    data = partial(data)
    off = {
        "trm_ml": {"pseudo": False, "n_ctx": 2, "ffn": 8},
        "sr_cr": {"consistency": 0.0},
        "boostlu": {"ll": "ll_r", "delta": 2.0},
    }
    for name, options in off.items():
        method = METHODS.get(name)
        model = method(method.Config(**options), build_task(data.labels))
        model.recorder = PseudoLabels(*data.labels.shape)
        fit(model, data, 6)
        assert (model.recorder.positives, model.recorder.negatives) == (False, False), name


def test_a_kind_of_pseudo_label_that_is_off_is_not_among_ssts(data: Data) -> None:
    """Without either of its two losses there is nothing that a pseudo-label would be used for."""
    data, sst = data._replace(labels=hide(data.labels)), METHODS.get("sst")
    model = sst(sst.Config(epochs=4, intra_weight=0.0, inter_weight=0.0, margin_low=0.0), build_task(data.labels))
    model.recorder = PseudoLabels(*data.labels.shape)
    fit(model, data, 4)
    assert not model.recorder.signs().any()
