"""Training and evaluation mode of parts of a model."""
from __future__ import annotations

from contextlib import contextmanager
from typing import Iterable, Iterator

import torch.nn as nn


@contextmanager
def evaluating(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Put networks into evaluation mode, and every module of theirs back into its own after it.

    Recurrent layers without dropout, which are the same in both modes, are left in theirs: cuDNN
    differentiates them in training mode only.

    Args:
        networks: The networks.
    """
    modes = {module: module.training for network in networks for module in network.modules()
             if not isinstance(module, nn.RNNBase) or module.dropout}
    for module in modes:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
