"""Preprocessor of batches of several streams."""
from __future__ import annotations

from typing import Any, Mapping

from mmaction.models import MultiModalDataPreprocessor
from mmengine.registry import MODELS
from mmengine.utils import apply_to
from torch import Tensor


@MODELS.register_module()
class StreamPreprocessor(MultiModalDataPreprocessor):
    """Moves the inputs of a batch and lets each stream's preprocessor stack and normalise them.

    It does what mmaction2's ``MultiModalDataPreprocessor`` does, but leaves the data samples where
    and what they are: to copy them one by one takes longer than the step of a small model, and
    waits for the device for every label. The classifiers of this package send their labels to the
    device at once.

    Args:
        preprocessors: Config of the preprocessor of each stream.
        non_blocking: Whether to go on while inputs are copied; they are, where the data loader
            has ``pin_memory=True``.
    """

    def __init__(self, preprocessors: Mapping[str, dict], non_blocking: bool = True) -> None:
        super().__init__(dict(preprocessors))
        self._non_blocking = non_blocking

    def cast_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Move the inputs of a batch to the device of the model.

        Args:
            data: Holds ``inputs``, by stream: N tensors, or one of N rows, which takes a single
                copy; and ``data_samples``.

        Returns:
            The same with moved inputs, N tensors of each stream, in containers of their own.
        """
        moved = apply_to(data['inputs'], lambda part: isinstance(part, Tensor), self._move)
        inputs = {name: list(rows) for name, rows in moved.items()}
        return {**data, 'inputs': inputs}

    def _move(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=self._non_blocking)
