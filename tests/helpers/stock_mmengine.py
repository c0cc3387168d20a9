"""A training by MMEngine itself: a small model, a metric, and its runner."""

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner as Stock
from torch import nn
from torch.utils.data import DataLoader

from bench.training.mmengine_repairs import Runner

CPU = torch.device("cpu")


class Model(BaseModel):
    """Linear with dropout."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))

    def forward(self, x, mode="loss"):
        out = self.layers(x)
        return {"loss": out.square().mean()} if mode == "loss" else [out.mean()]


class Mean(BaseMetric):
    default_prefix = "mean"

    def process(self, data_batch, data_samples):
        self.results.extend(float(sample) for sample in data_samples)

    def compute_metrics(self, results):
        return {"value": sum(results) / len(results)}


def batches() -> DataLoader:
    data = [{"x": x} for x in torch.randn(12, 4, generator=torch.Generator().manual_seed(0))]
    return DataLoader(data, batch_size=4, shuffle=True)


def stock(folder, runner_class=Stock, epochs=2, val_interval=None, **more) -> Stock:
    evaluation = {"val_dataloader": batches(), "val_cfg": {}, "val_evaluator": [Mean()]} if val_interval else {}
    torch.manual_seed(0)
    return runner_class(
        model=Model(),
        work_dir=folder if runner_class is Runner else str(folder),
        train_dataloader=batches(),
        train_cfg={"by_epoch": True, "max_epochs": epochs, "val_interval": val_interval or 1},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}},
        randomness={"seed": 0},
        default_hooks={"checkpoint": {"type": "mmengine.CheckpointHook", "interval": 1}, "logger": None},
        **evaluation,
        **more,
    )
