"""What a run may spend: epochs and data, which must be the same for all rows."""
from __future__ import annotations

from typing import Any

from mmengine.config import Config

_SCHEDULE_LENGTHS = ('T_max', 'begin', 'end', 'step_size', 'milestones')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
SELECTED_BY = 'acc/fused'


def set_epochs(cfg: Config, epochs: int) -> None:
    """Train for another number of epochs, with learning rates that follow.

    What a method itself counts in epochs (pacing, intervals, windows) stays as it is.

    Args:
        cfg: Config of a run, changed in place.
        epochs: Number of epochs, >= 1.

    Raises:
        ValueError: If there is no epoch.
    """
    if epochs < 1:
        raise ValueError(f'--epochs must be at least 1, but got {epochs}.')
    factor = epochs / cfg.train_cfg.max_epochs
    schedules = cfg.get('param_scheduler') or []
    for schedule in schedules if isinstance(schedules, (list, tuple)) else [schedules]:
        if schedule.get('by_epoch', True):
            for key in set(schedule) & set(_SCHEDULE_LENGTHS):
                schedule[key] = _scaled(schedule[key], factor)
    cfg.train_cfg.max_epochs = epochs


def budget_of(cfg: Config) -> dict[str, Any]:
    """Say what a run may spend.

    Args:
        cfg: Config of the run.

    Returns:
        Number of epochs, batch size, and the data of training, validation and test. A unimodal
        run reads fewer streams of the same samples, which makes no difference.
    """
    budget = dict(epochs=cfg.train_cfg.max_epochs, batch_size=cfg.train_dataloader.batch_size)
    return budget | {f'{name}.dataset': _samples(cfg, name) for name in LOADERS}


def differing(cfg: Config, vanilla: Config) -> list[str]:
    """Compare the budgets of two rows.

    Args:
        cfg: Config of a row.
        vanilla: Config of the vanilla row.

    Returns:
        Names of what differs, with both values where these are numbers.
    """
    own, other = budget_of(cfg), budget_of(vanilla)
    return [f'{name} {own[name]} instead of {other[name]}' if isinstance(own[name], int) else name
            for name in own if own[name] != other[name]]


def check_selection(name: str, cfg: Config) -> None:
    """Refuse a row whose checkpoint is not chosen on a validation set.

    Args:
        name: Name of the row.
        cfg: Its config.

    Raises:
        ValueError: If it validates on its test set, or does not keep the best checkpoint.
    """
    if _samples(cfg, 'val_dataloader') == _samples(cfg, 'test_dataloader'):
        raise ValueError(
            f'Row {name!r} validates on its test set, so that the choice of the checkpoint would '
            'make its numbers too good. Give it a validation split, for example --cfg-options '
            'val_dataloader.dataset.ann_file=annotations/val.csv, or compare another protocol.')
    saved = (cfg.default_hooks.get('checkpoint') or {}).get('save_best')
    if saved != SELECTED_BY:
        raise ValueError(
            f'Row {name!r} must keep the checkpoint that is best on validation by {SELECTED_BY}, '
            f'but default_hooks.checkpoint.save_best is {saved!r}: set it, for all rows alike.')


def _samples(cfg: Config, loader: str) -> dict[str, Any]:
    dataset = dict(cfg[loader].dataset)
    dataset.pop('modalities', None)
    return dataset


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, (list, tuple)):
        return [_scaled(part, factor) for part in value]
    return value if value in (0, float('inf')) else max(1, round(value * factor))
