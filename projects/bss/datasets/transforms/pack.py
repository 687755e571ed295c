"""End of the pipeline: tensors and the data sample."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS
from torch import Tensor


@TRANSFORMS.register_module()
class PackMultiModalInputs(BaseTransform):
    """Turn a sample into ``dict(inputs={name: tensor}, data_samples=ActionDataSample)``.

    Args:
        meta_keys: Entries of the sample that go into the data sample's meta information.
    """

    def __init__(self, meta_keys: Sequence[str] = ('sample_idx', 'clip_id')) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one sample.

        Args:
            results: Holds ``inputs`` (stream name -> array), ``gt_label`` and the meta keys.

        Returns:
            Tensors in the order of ``results['modalities']``, label and meta information.
        """
        inputs = {name: _contiguous(results['inputs'][name]) for name in results['modalities']}
        sample = ActionDataSample().set_gt_labels(torch.tensor([results['gt_label']]))
        for key in self.meta_keys:
            # set_metainfo would copy every value deeply; they are of this sample alone.
            sample.set_field(results[key], key, field_type='metainfo')
        return dict(inputs=inputs, data_samples=sample)


def _contiguous(array: np.ndarray | Tensor) -> Tensor:
    if isinstance(array, Tensor):
        return array.contiguous()
    return torch.from_numpy(np.ascontiguousarray(array))
