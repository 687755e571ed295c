"""Keep, save and restore the global random streams."""
from __future__ import annotations

import random
from contextlib import contextmanager
from typing import Any, Iterator, Mapping, cast

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """Take the state of all global random streams of this process.

    Returns:
        Plain types and tensors, so that a checkpoint of it loads with ``weights_only=True``.
    """
    name, keys, position, has_gauss, gauss = cast(tuple, np.random.get_state())
    state = dict(
        python=random.getstate(),
        numpy=(name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, gauss),
        torch=torch.get_rng_state())
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Set all global random streams.

    Args:
        state: What :func:`random_state` returned, possibly moved to another device.
    """
    random.setstate(state['python'])
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Put the global random streams back as they were."""
    state = random_state()
    try:
        yield
    finally:
        restore_random_state(state)
