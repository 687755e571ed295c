"""What a training iteration reads from the device: nothing, with every method and with BSS."""
from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from tests.accelerator import WAITS
from tests.test_rebalance.probes import config, hook_of, run
from tests.test_rebalance.recipes import METHODS, SGD, THREE, TWO, toy
from tests.toy import BSS_H, BSS_L, VANILLA

VECTORS = {name: dict(type='ArrayPreprocessor') for name in THREE}
EPOCHS = 2
# The log is written once per epoch; a phase of ReconBoost begins with a look at its number.
LOG = 'buffered_info_hook.py _flush'
ELSE = dict(ReconBoostClassifier={'reconboost.py _enter': EPOCHS})


@HOOKS.register_module(force=True)
class CountWaits(Hook):
    """Write down where iterations wait, from before all other hooks to after them."""

    priority = 0

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        WAITS.clear()


@HOOKS.register_module(force=True)
class EndCount(Hook):
    """Close what :class:`CountWaits` opens."""

    priority = 100

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None,
                         outputs: Any = None) -> None:
        hook_of(runner, 'CountWaits').found += WAITS


def waits_of(made: dict) -> Counter[str]:
    modalities = made['model']['encoders']
    made['model']['data_preprocessor'] = dict(
        type='StreamPreprocessor', preprocessors={name: VECTORS[name] for name in modalities})
    made['default_hooks'].update(runtime_info=dict(type='BufferedInfoHook'),
                                 logger=dict(type='LoggerHook', interval=1000))
    made['custom_hooks'] += [dict(type='CountWaits'), dict(type='EndCount')]
    runner, batches = run(made)
    assert len(batches) > 3 * EPOCHS
    return hook_of(runner, 'CountWaits').found


@pytest.mark.parametrize('names', [TWO, THREE], ids=['two', 'three'])
@pytest.mark.parametrize('name', sorted(METHODS))
def test_rebalancing_methods(tmp_path: Path, name: str, names: tuple[str, ...]) -> None:
    assert waits_of(toy(tmp_path, name, names)) == {LOG: EPOCHS, **ELSE.get(name, {})}


@pytest.mark.parametrize('first', [
    VANILLA, BSS_H, BSS_L, {**BSS_L, 'source': 'train'}], ids=['plain', 'h', 'l', 'harvest'])
def test_bss(tmp_path: Path, first: dict) -> None:
    made = config(tmp_path, first=first, epochs=EPOCHS, optim_wrapper=dict(optimizer=SGD))
    assert waits_of(made) == {LOG: EPOCHS}
