"""End of the pipeline: tensors and the data sample."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS


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
        inputs = {name: torch.from_numpy(np.ascontiguousarray(results['inputs'][name]))
                  for name in results['modalities']}
        sample = ActionDataSample().set_gt_labels(results['gt_label'])
        sample.set_metainfo({key: results[key] for key in self.meta_keys})
        return dict(inputs=inputs, data_samples=sample)
