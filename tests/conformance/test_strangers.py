"""Methods from outside, each with one defect: the property that fails is named, and the sentence says what it is."""

from pathlib import Path

import pytest
from helpers.outside import GOOD, changed

from bench.conformance import check_properties
from bench.conformance.methods import PROPERTIES
from bench.settings.plugins import load_plugins
from methods import METHODS

CLASS = '@METHODS.register("outside")\n'
FACT = '    reference = "an example"\n'
HEAD = "        self.head = nn.Linear(task.dim, task.num_classes)\n"
CALL = 'binary_cross_entropy(logits, batch.labels, reduction="mean/known")'
LOSS = f'        return {{"loss_bce": {CALL}}}\n'
MEAN = "self.head(features.dense.mean(dim=1))"
SCORER = f"        return torch.no_grad()(lambda features: {MEAN})\n"

NO_EPOCHS = """from dataclasses import dataclass
from methods import MethodConfig
from bench.settings.config import setting


@dataclass(frozen=True, kw_only=True)
class Config(MethodConfig):
    epochs: int = setting(0, "training epochs", ge=0)


"""
PEEK = """        import gc, weakref
        from bench.data import Dataset
        if not hasattr(self, "peeked"):
            toys = [kind for kind in Dataset.__subclasses__() if getattr(kind, "name", "") == "toy_images"]
            alive = [d for d in gc.get_referrers(*toys) if type(d) in toys]
            self.peeked = [weakref.ref(d) for d in alive[-1:]]
        datasets = [reference() for reference in self.peeked if reference()]
        if datasets:
            batch = batch._replace(labels=torch.tensor(datasets[-1].train.labels)[batch.rows])
"""
RATES = "\n    @classmethod\n    def lr_multipliers(cls, config):\n        return {'body': 0.1}\n"
NO_TOKENS = "\n    @classmethod\n    def needs_dense(cls, config):\n        return False\n"
FORWARD = "\n    def forward(self, features, labels, rows, strong=None, mode='loss'):\n"
FORWARD += "        return super().forward(features, labels, rows, strong)\n"
SENTENCE = "        task.text.sequence(task.text.embed(torch.ones(1, 3, dtype=torch.long)))\n"
CLOCK = "        import time\n        logits = logits * (1 + time.perf_counter_ns() % 1000 / 1e4)\n"
STEPS = "        self.steps = getattr(self, 'steps', 0) + 1\n"
SHIFT = "        self.shift = self.shift + batch.labels.float().mean(dim=0)\n"

BAD = {
    "says what it is": [(FACT, "")],
    "declares the text tower": [(FACT, FACT + "    text = True\n")],
    "declares token texts": [(FACT, FACT + "    text = True\n"), (HEAD, HEAD + SENTENCE)],
    "declares the tokens": [(SCORER, SCORER + NO_TOKENS)],
    "settings and recipes are valid": [(FACT, FACT + '    recipes = {"paper": {"lr": -1}}\n')],
    "rate factors name its parameters": [(SCORER, SCORER + RATES)],
    "is trained or cannot be": [(CLASS, NO_EPOCHS + CLASS), (FACT, FACT + "    Config = Config\n")],
    "scores are float32 logits, an image a row": [(MEAN, f"{MEAN}.double()")],
    "declares whether it reads images": [(FACT, FACT + "    reads_images = False\n")],
    "scores each image alone": [(MEAN, f"{MEAN} - {MEAN}.mean(dim=0)")],
    "scoring leaves no trace": [(SCORER, "        torch.rand(3)\n" + SCORER)],
    "forward gives losses only": [(SCORER, SCORER + FORWARD)],
    "its state dict is all of it": [
        (HEAD, HEAD + "        self.shift = torch.zeros(task.num_classes)\n"),
        (LOSS, SHIFT + LOSS),
        (MEAN, f"{MEAN} + self.shift"),
    ],
    "holds no text tower": [(HEAD, HEAD + "        self.tower = task.text_tower\n")],
    "copies are equal and independent": [(HEAD, HEAD + "        self.helper = lambda x: x\n")],
    "losses are scalars": [("loss_bce", "bce")],
    "equal seeds give equal bits": [(LOSS, CLOCK + LOSS)],
    "stays finite whatever is known": [(CALL, f"{CALL} / (batch.labels > 0).sum()")],
    "trains in half precision": [(CALL, f"{CALL}.to(logits.dtype)")],
    "trains all that is trainable and nothing else": [(HEAD, HEAD + "        self.unused = nn.Linear(3, 4)\n")],
    "learns": [(CALL, CALL.replace("batch", "-batch"))],
    "hidden labels change nothing, known ones do": [(CALL, CALL.replace("batch.labels", "batch.labels.abs()"))],
    "the order of classes does not matter": [(LOSS, "        logits = logits * torch.arange(1, 6)\n" + LOSS)],
    "sees no label that its run hides": [(LOSS, PEEK + LOSS)],
    "resumes after a cut to the same bits": [(LOSS, STEPS + LOSS), (CALL, f"{CALL} * self.steps")],
}
IN_RUNS = {"sees no label that its run hides", "resumes after a cut to the same bits"}
KNOWN = "hidden labels change nothing, known ones do"
ALSO = {
    "declares the tokens": IN_RUNS,
    "is trained or cannot be": {KNOWN},
    "its state dict is all of it": {"resumes after a cut to the same bits"},
    "equal seeds give equal bits": {*IN_RUNS, KNOWN, "the order of classes does not matter"},
    KNOWN: {"learns"},
}
"""What may fail with it."""


def failing(source: str, path: Path) -> dict[str, str]:
    path.write_text(source)
    load_plugins([path])
    return {result.name: result.why for result in check_properties(METHODS.get("outside"), PROPERTIES) if not result.ok}


def test_a_good_method_has_all(tmp_path):
    assert failing(GOOD, tmp_path / "good.py") == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_a_bad_method_fails_where_it_is_bad(name, tmp_path):
    failures = failing(changed(*BAD[name]), tmp_path / "bad.py")
    assert name in failures
    if name != "losses are scalars":  # what has no loss fails in whatever trains it
        assert set(failures) <= {name, *ALSO.get(name, ())}, failures


def test_each_property_has_its_bad_method():
    others = {"works on a GPU", "without labels no label changes anything and the loss falls"}
    assert {known.name for known in PROPERTIES} - set(BAD) == others
