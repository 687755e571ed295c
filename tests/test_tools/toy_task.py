"""A task small enough to train in a second, for the tests of the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from torch import Tensor

CONFIG = """
custom_imports = dict(imports=['toy_task'], allow_failed_imports=False)
default_scope = 'mmaction'
data = dict(type='ToyDataset', ann_file={ann_file!r}, data_prefix=dict())
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=data, sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=2, num_workers=0, dataset=data, sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
val_evaluator = dict(type='ToyMeanError')
test_evaluator = val_evaluator
model = dict(type='ToyModel')
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
train_cfg = dict(by_epoch=True, max_epochs=2, val_interval=1)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
randomness = dict(seed=7, diff_rank_seed=True)
"""
ANNOTATIONS = """{"metainfo": {}, "data_list": [
    {"x": 0.1, "y": 0.3}, {"x": -0.4, "y": -0.7}, {"x": 0.9, "y": 1.9}, {"x": 0.5, "y": 1.2},
    {"x": -0.8, "y": -1.5}, {"x": 0.3, "y": 0.5}]}"""


def write_task(folder: Path) -> Path:
    """Write annotations and a config into a folder.

    Args:
        folder: An existing folder.

    Returns:
        Path of the config.
    """
    (folder / 'annotations.json').write_text(ANNOTATIONS)
    config = folder / 'toy.py'
    config.write_text(CONFIG.format(ann_file=str(folder / 'annotations.json')))
    return config


@DATASETS.register_module()
class ToyDataset(BaseDataset):
    """Pairs of numbers."""

    def prepare_data(self, idx: int) -> dict[str, Any]:
        info = self.get_data_info(idx)
        return dict(inputs=torch.tensor([info['x']]), data_samples=torch.tensor([info['y']]))


@MODELS.register_module()
class ToyModel(BaseModel):
    """One linear layer. Building it leaves a file where ``TOY_MODEL_BUILT`` says."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.linear = torch.nn.Linear(1, 1)
        if 'TOY_MODEL_BUILT' in os.environ:
            Path(os.environ['TOY_MODEL_BUILT']).touch()

    def forward(self, inputs: list, data_samples: list, mode: str = 'tensor') -> Any:
        output = self.linear(torch.stack(tuple(inputs)))
        error = (output - torch.stack(tuple(data_samples))).square()
        return dict(loss=error.mean()) if mode == 'loss' else list(error)


@METRICS.register_module()
class ToyMeanError(BaseMetric):
    """Mean squared error."""

    def process(self, data_batch: dict, data_samples: list[Tensor]) -> None:
        self.results += [float(error) for error in data_samples]

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        return dict(error=sum(results) / len(results))
