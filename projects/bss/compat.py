"""Every workaround for a defect of a package below us, with the version that ends it."""

from __future__ import annotations

import pickle
from typing import Any

import cv2
import numpy as np
import torch
from mmengine._strategy import FSDPStrategy
from mmengine.config import ConfigDict
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.dist import master_only
from mmengine.hooks import logger_hook
from mmengine.logging import HistoryBuffer
from torch.distributed.fsdp import FullyShardedDataParallel

_NUMPY_DTYPES = (
    np.float16, np.float32, np.float64, np.bool_,
    np.int8, np.int16, np.int32, np.int64,
    np.uint8, np.uint16, np.uint32, np.uint64,
)


def apply() -> None:
    """Apply all workarounds. Repeated calls change nothing."""
    allow_mmengine_checkpoints()
    repair_color_jitter()
    name_package_for_mmengine()
    repair_fsdp_resuming()
    repair_function_registry()
    repair_test_results()


def allow_mmengine_checkpoints() -> None:
    """Let ``torch.load(weights_only=True)`` read the checkpoints that mmengine's Runner writes.

    Defect: since torch 2.6 files are read with ``weights_only=True``, and mmengine 0.10.7 stores
    objects that are not on torch's list, so resuming and testing fail (mmengine issue 1655). Ends
    with mmengine 0.11 (pull request 1670). Inert where ``HistoryBuffer`` is on the list already.
    """
    if HistoryBuffer in torch.serialization.get_safe_globals():
        return
    # numpy 1 has no public name for these two, so they are taken from what numpy itself pickles.
    reconstruct = np.zeros(1).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    allowed: list[Any] = [HistoryBuffer, ConfigDict, np.ndarray, np.dtype]
    allowed.append((_history_buffer_getattr, 'builtins.getattr'))
    for module in ('numpy._core.multiarray', 'numpy.core.multiarray'):  # as numpy 2 and 1 write it
        allowed += [(reconstruct, f'{module}._reconstruct'), (scalar, f'{module}.scalar')]
    allowed += [type(np.dtype(dtype)) for dtype in _NUMPY_DTYPES]
    torch.serialization.add_safe_globals(allowed)


def _history_buffer_getattr(owner: Any, name: str) -> Any:
    """Stand in for ``getattr`` in a checkpoint, for the statistics of ``HistoryBuffer`` only."""
    statistics = HistoryBuffer._statistics_methods
    if owner is HistoryBuffer and name in statistics:
        return statistics[name]
    if owner is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(
        f'The checkpoint asks for getattr({owner!r}, {name!r}), but only the statistics of '
        'HistoryBuffer are allowed. Do not load checkpoints from a source you do not trust.'
    )


def repair_color_jitter() -> None:
    """Make mmaction2's ``ColorJitter`` shift hues under numpy 2.

    Defect: ``ColorJitter.adjust_hue`` adds a Python int to a uint8 image, which overflows or wraps
    under numpy 2 (mmaction2 1.1.0 and 1.2.0, not reported upstream). Ends with the first mmaction2
    whose ``adjust_hue`` takes a negative offset; it is left alone then, as it is under numpy 1.
    """
    from mmaction.datasets.transforms import ColorJitter

    try:
        ColorJitter.adjust_hue(np.zeros((1, 1, 3), np.float32), -0.1)
    except OverflowError:
        ColorJitter.adjust_hue = staticmethod(_adjust_hue)


def _adjust_hue(img: np.ndarray, factor: float) -> np.ndarray:
    """Do what ``ColorJitter.adjust_hue`` is meant to, in a type that holds hue plus offset.

    Args:
        img: RGB image ``(H, W, 3)``, values in [0, 255].
        factor: Offset in units of 255 steps of OpenCV's 180-step hue circle, in [-0.5, 0.5].

    Returns:
        RGB image ``(H, W, 3)``, float32.
    """
    hsv = cv2.cvtColor(np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(factor * 255)) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)


def name_package_for_mmengine() -> None:
    """Let ``_base_ = 'bss::...'`` and ``mmengine.hub.get_config('bss::...')`` find this package.

    Defect: mmengine looks only for the packages in its own table (all versions so far).
    """
    MODULE2PACKAGE.setdefault('bss', 'bss')


def repair_fsdp_resuming() -> None:
    """Let ``FSDPStrategy`` load the state of its optimizer.

    Defect: mmengine 0.10.7 hands ``optim_state_dict_to_load`` its arguments in the order of torch
    2.0, which torch refuses. Ends with mmengine 0.11.
    """
    FSDPStrategy.load_optim_state_dict = _load_fsdp_optimizer


def _load_fsdp_optimizer(self: FSDPStrategy, state_dict: dict) -> None:
    """Take over the state of the optimizer.

    Args:
        self: The strategy.
        state_dict: State that ``FSDPStrategy.optim_state_dict`` has returned.
    """
    optimizer = self.optim_wrapper.optimizer
    self.optim_wrapper.load_state_dict(FullyShardedDataParallel.optim_state_dict_to_load(
        self.model, optimizer, state_dict))


def repair_function_registry() -> None:
    """Let names of functions, such as ``collate_fn``, be looked up under mmaction2's scope.

    Defect: mmaction2's registry of functions imports a module that does not exist,
    ``mmaction.mmengine`` (1.1.0 and 1.2.0, not reported upstream). Ends with the first mmaction2
    that names another one; that is left alone.
    """
    from mmaction.registry import FUNCTION

    FUNCTION._locations = [place for place in FUNCTION._locations if place != 'mmaction.mmengine']


def repair_test_results() -> None:
    """Let one rank alone write the file with the metrics of a test.

    Defect: ``LoggerHook.after_test_epoch`` of mmengine 0.10.7 writes it on every rank, so that the
    end of a longer text (times differ) can stay behind that of a shorter one, which is no JSON then
    (not reported upstream). Ends with the first mmengine that asks for the rank there.
    """
    if not hasattr(logger_hook.dump, '__wrapped__'):
        logger_hook.dump = master_only(logger_hook.dump)
