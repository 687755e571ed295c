"""A small classifier of vectors and batches for it."""
from __future__ import annotations

from typing import Any, Callable

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate

from projects.bss.models import MultiModalClassifier

WIDTHS = dict(rgb=4, flow=2, depth=3)
FEATURES = dict(rgb=5, flow=5, depth=6)


def classifier_config(**head: Any) -> dict:
    """Give the arguments of a three-modal classifier of vectors with three classes."""
    return dict(
        encoders={
            name: dict(type='MLPEncoder', in_channels=WIDTHS[name], hidden=[7],
                       out_channels=FEATURES[name])
            for name in WIDTHS
        },
        fusion=dict(type='ConcatFusion', in_channels=FEATURES),
        head={**dict(type='JointHead', num_classes=3, in_channels=FEATURES, fused_channels=16),
              **head},
        data_preprocessor=dict(
            type='StreamPreprocessor',
            preprocessors={name: dict(type='ActionDataPreprocessor') for name in WIDTHS}))


def collated_batch(labels: list[int], seed: int = 0) -> dict:
    """Collate one random sample per label as a loader does."""
    generator = torch.Generator().manual_seed(seed)
    return pseudo_collate([
        dict(
            inputs={name: torch.randn(width, generator=generator)
                    for name, width in WIDTHS.items()},
            data_samples=ActionDataSample(metainfo=dict(sample_idx=i)).set_gt_labels(label))
        for i, label in enumerate(labels)
    ])


@pytest.fixture
def config() -> Callable[..., dict]:
    """The function that gives the arguments of the small classifier."""
    return classifier_config


@pytest.fixture
def batch() -> Callable[..., dict]:
    """The function that collates a batch."""
    return collated_batch


@pytest.fixture
def model() -> MultiModalClassifier:
    """The small classifier with fixed weights."""
    torch.manual_seed(0)
    return MultiModalClassifier(**classifier_config())
