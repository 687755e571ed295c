"""Packing, and the way on to the data preprocessor."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import MODELS, init_default_scope

from projects.bss.datasets import (LoadClip, NVGestureDataset, PackMultiModalInputs, SampleCrop,
                                   SampleWindow)


def test_arrays_become_tensors_in_the_order_of_the_modalities() -> None:
    frames = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2).transpose(3, 0, 1, 2)
    packed = PackMultiModalInputs()(dict(
        inputs=dict(text=np.array([5, 6]), rgb=frames), modalities=dict(rgb={}, text={}),
        gt_label=3, sample_idx=9, clip_id='a/b'))
    assert list(packed['inputs']) == ['rgb', 'text']
    assert packed['inputs']['rgb'].is_contiguous()
    np.testing.assert_array_equal(packed['inputs']['rgb'].numpy(), frames)
    assert packed['inputs']['text'].tolist() == [5, 6]
    sample = packed['data_samples']
    assert sample.gt_labels.item.tolist() == [3]
    assert (sample.sample_idx, sample.clip_id) == (9, 'a/b')


def test_other_meta_keys() -> None:
    packed = PackMultiModalInputs(meta_keys=['speaker'])(
        dict(inputs={}, modalities={}, gt_label=0, speaker='s1', clip_id='x'))
    assert packed['data_samples'].metainfo == dict(speaker='s1')


def test_the_preprocessor_normalises_what_the_pipeline_packs(miniature_root: Path) -> None:
    init_default_scope('mmaction')
    pipeline = [SampleWindow(length=4), SampleCrop(resize=32, size=28), LoadClip(),
                PackMultiModalInputs()]
    dataset = NVGestureDataset(data_root=str(miniature_root), num_classes=4, pipeline=pipeline,
                               ann_file='nvgesture_train_correct_v2.lst')
    statistics = dict(rgb=([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
                      flow=([127.5, 127.5], [127.5, 127.5]), depth=([0.], [255.]))
    preprocessor = MODELS.build(dict(
        type='mmaction.MultiModalDataPreprocessor',
        preprocessors={name: dict(type='mmaction.ActionDataPreprocessor', mean=mean, std=std,
                                  format_shape='NCTHW')
                       for name, (mean, std) in statistics.items()}))
    batch = preprocessor(pseudo_collate([dataset[0], dataset[9]]))
    for name, (mean, std) in statistics.items():
        raw = torch.stack([dataset[0]['inputs'][name], dataset[9]['inputs'][name]]).double()
        shape = (1, -1, 1, 1, 1)
        expected = (raw - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)
        torch.testing.assert_close(batch['inputs'][name].double(), expected, rtol=1e-4, atol=1e-5)
    assert batch['inputs']['flow'].abs().max() <= 1
