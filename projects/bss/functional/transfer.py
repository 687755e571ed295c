"""Copies to an accelerator that nobody waits for."""
from __future__ import annotations

import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a small tensor to a device, without waiting for what the device has to do before.

    Args:
        tensor: Any tensor.
        device: Where to.

    Returns:
        The tensor on the device.
    """
    if device.type == 'cuda' and tensor.device.type == 'cpu':
        tensor = tensor.pin_memory()  # a copy from pageable memory would wait
    return tensor.to(device, non_blocking=True)
