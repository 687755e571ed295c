"""Batches of token ids."""
from __future__ import annotations

from typing import Any, Sequence

import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@MODELS.register_module()
class TokenPreprocessor(nn.Module):
    """Pad the token ids of a batch to the longest of them.

    Serves one stream of mmaction2's ``MultiModalDataPreprocessor``.

    Args:
        pad_id: Id behind the end of shorter texts: that of ``[PAD]``, 0 in BERT's vocabularies.
    """

    def __init__(self, pad_id: int = 0) -> None:
        super().__init__()
        self.pad_id = pad_id

    def preprocess(self, inputs: Sequence[Tensor], data_samples: Any,
                   training: bool = False) -> tuple[Tensor, Any]:
        """Pad one batch.

        Args:
            inputs: Token ids of the N texts, int64 (L_i,) each.
            data_samples: Data samples of the batch, which pass unchanged.
            training: Whether the batch serves training; makes no difference.

        Returns:
            Token ids, int64 (N, max L_i), and the data samples.
        """
        return pad_sequence(list(inputs), True, float(self.pad_id)), data_samples
