"""What a training iteration reads from the device: nothing, with every method and with BSS."""
from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

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
    """Write down where iterations and what precedes an epoch wait, with all other hooks."""

    priority = 0

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.before: Counter[str] = Counter()

    def before_train_epoch(self, runner: Any) -> None:
        WAITS.clear()

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        WAITS.clear()


@HOOKS.register_module(force=True)
class EndCount(Hook):
    """Close what :class:`CountWaits` opens."""

    priority = 100

    def before_train_epoch(self, runner: Any) -> None:
        hook_of(runner, 'CountWaits').before += WAITS

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None,
                         outputs: Any = None) -> None:
        hook_of(runner, 'CountWaits').found += WAITS


@HOOKS.register_module(force=True)
class LoseModalities(Hook):
    """Let every second sample of a batch lack its first modality."""

    priority = 1

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        for sample in data_batch['data_samples'][::2]:
            sample.set_metainfo(dict(absent=(THREE[0], )))


def counted(made: dict) -> Runner:
    """Train with a preprocessor and a log that do not wait."""
    modalities = made['model']['encoders']
    made['model']['data_preprocessor'] = dict(
        type='StreamPreprocessor', preprocessors={name: VECTORS[name] for name in modalities})
    made['default_hooks'].update(runtime_info=dict(type='BufferedInfoHook'),
                                 logger=dict(type='LoggerHook', interval=1000))
    made['custom_hooks'] += [dict(type='CountWaits'), dict(type='EndCount')]
    return run(made)[0]


def waits_of(made: dict) -> Counter[str]:
    """Train; return where iterations waited."""
    runner = counted(made)
    assert runner.iter > 3 * EPOCHS
    return hook_of(runner, 'CountWaits').found


@pytest.mark.parametrize('names', [TWO, THREE], ids=['two', 'three'])
@pytest.mark.parametrize('name', sorted(METHODS))
def test_rebalancing_methods(tmp_path: Path, name: str, names: tuple[str, ...]) -> None:
    assert waits_of(toy(tmp_path, name, names)) == {LOG: EPOCHS, **ELSE.get(name, {})}


@pytest.mark.parametrize('name', sorted(set(METHODS) - {'SMVHook'}))
def test_rebalancing_methods_where_modalities_are_absent(tmp_path: Path, name: str) -> None:
    made = toy(tmp_path, name, THREE)
    made['custom_hooks'].append(dict(type='LoseModalities'))
    assert waits_of(made) == {LOG: EPOCHS, **ELSE.get(name, {})}


@pytest.mark.parametrize('first', [
    VANILLA, BSS_H, BSS_L, {**BSS_L, 'source': 'train'}], ids=['plain', 'h', 'l', 'harvest'])
def test_bss(tmp_path: Path, first: dict) -> None:
    made = config(tmp_path, first=first, epochs=EPOCHS, optim_wrapper=dict(optimizer=SGD))
    assert waits_of(made) == {LOG: EPOCHS}


@pytest.mark.parametrize('batch_size, reads', [(20, 1), (5, 1), (1, 2)])
def test_a_scoring_pass_reads_once_in_16_batches(tmp_path: Path, batch_size: int,
                                                 reads: int) -> None:
    hook = {**BSS_L, 'scoring': dict(batch_size=batch_size)}
    runner = counted(config(tmp_path, first=hook, optim_wrapper=dict(optimizer=SGD)))
    assert hook_of(runner, 'CountWaits').before == {'scoring.py flush': reads}


def test_a_validation_reads_once_per_batch_and_stream(tmp_path: Path) -> None:
    runner = counted(config(tmp_path, optim_wrapper=dict(optimizer=SGD)))
    batches, streams = len(runner.val_dataloader), 1 + len(THREE)
    WAITS.clear()
    runner.val_loop.run()
    assert batches > 1 and WAITS == {'metric.py _scores': batches * streams}
