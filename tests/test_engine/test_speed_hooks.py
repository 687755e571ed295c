"""Hooks that make a run faster change nothing of it."""
from __future__ import annotations

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from projects.bss.engine import CompileHook
from tests.test_rebalance.probes import run as train_toy
from tests.test_rebalance.recipes import TWO, toy
from tests.toy import deterministic_model_config, run, toy_config


@HOOKS.register_module(force=True)
class CountReads(Hook):
    """Write down after every iteration how many losses the message hub knows."""

    priority = 'LOWEST'

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        scalars = runner.message_hub.log_scalars
        self.seen.append(len(scalars['train/loss'].data[0]) if 'train/loss' in scalars else 0)


def run_with(folder, info_hook, every=1000):
    config = toy_config(folder, epochs=2, custom_hooks=[dict(type='ResumeOrderHook'),
                                                        dict(type='CountReads')])
    config['default_hooks'] = dict(
        runtime_info=dict(type=info_hook), logger=dict(type='LoggerHook', interval=3),
        checkpoint=dict(type='CheckpointHook', interval=every, by_epoch=False))
    runner, _ = run(config)
    counts, = (hook.seen for hook in runner.hooks if isinstance(hook, CountReads))
    return runner.message_hub.log_scalars, counts


def test_buffered_losses(tmp_path):
    """Epochs of 7 batches with a line every 3: losses are read at 3, 6 and at the end."""
    plain, counts = run_with(tmp_path / 'plain', 'RuntimeInfoHook')
    assert counts == list(range(1, 15))
    buffered, counts = run_with(tmp_path / 'buffered', 'BufferedInfoHook')
    assert counts == [0, 0, 3, 3, 3, 6, 7, 7, 7, 10, 10, 10, 13, 14]
    losses = {'train/loss', 'train/loss_rgb', 'train/loss_flow', 'train/loss_depth',
              'train/loss_fused'}
    assert losses < buffered.keys() == plain.keys()
    for name in losses:
        assert buffered[name].data[0].tolist() == plain[name].data[0].tolist()


@pytest.mark.parametrize('name', ['AGMClassifier', 'AMSSHook', 'OGMHook', 'PMRHook'])
def test_buffered_facts_of_rebalancing_methods(tmp_path, name):
    found = []
    for info in ('RuntimeInfoHook', 'BufferedInfoHook'):
        made = toy(tmp_path / info, name, TWO)
        made['default_hooks'].update(runtime_info=dict(type=info))
        scalars = train_toy(made)[0].message_hub.log_scalars
        found.append({key: value.data[0].tolist() for key, value in scalars.items()
                      if key.count('/') == 2 and key.startswith('train/')})
    plain, buffered = found
    assert buffered == plain and len(plain) >= 2
    assert all(key.startswith(f'train/{name}/') for key in plain)
    assert all(len(values) == 8 for values in plain.values())


def test_a_checkpoint_inside_an_epoch_has_all_losses(tmp_path):
    run_with(tmp_path, 'BufferedInfoHook', every=5)
    saved = torch.load(tmp_path / 'iter_5.pth', weights_only=True)['message_hub']
    assert len(saved['log_scalars']['train/loss'].data[0]) == 5


def losses_and_names(folder, hooks):
    runner, _ = run(toy_config(folder, epochs=1, model=deterministic_model_config(),
                               custom_hooks=[dict(type='ResumeOrderHook'), *hooks]))
    compiled = [encoder._compiled_call_impl for encoder in runner.model.encoders.values()]
    return (runner.message_hub.get_scalar('train/loss').data[0].tolist(),
            list(runner.model.state_dict()), [call is not None for call in compiled])


def test_compiled_encoders(tmp_path):
    losses, names, compiled = losses_and_names(tmp_path / 'plain', [])
    assert compiled == [False] * 3
    ours = losses_and_names(tmp_path / 'compiled', [dict(type='CompileHook', backend='eager')])
    assert ours[1:] == (names, [True] * 3)
    assert ours[0] == pytest.approx(losses, rel=1e-6)


def test_unknown_part():
    model = torch.nn.Linear(1, 1)
    model.encoders = torch.nn.ModuleDict()
    with pytest.raises(KeyError, match="Unknown module of Linear 'encoder'.*encoders"):
        CompileHook(parts=['encoder']).compile_parts(model)
