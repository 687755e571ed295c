"""Hooks that write down what the seams hand them, and an optimiser wrapper that scales losses."""
from __future__ import annotations

from unittest.mock import patch

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import HOOKS, OPTIM_WRAPPERS

from projects.bss.rebalance import CheckpointState, GradientHook, LossHook, MethodHook
from tests.toy import VANILLA, build, toy_config

PLAIN_SGD = dict(type='SGD', lr=0.05)


@HOOKS.register_module(force=True)
class WeighFusedLoss(CheckpointState, LossHook):
    """Multiply the fused loss by a factor and count the calls."""

    def __init__(self, factor=1.0):
        self.factor, self.calls = factor, 0

    def modify(self, losses, outputs):
        self.calls += 1
        return {**losses, 'loss_fused': self.factor * losses['loss_fused']}

    def state_dict(self):
        return dict(calls=torch.tensor(self.calls))

    def load_state_dict(self, state):
        self.calls = int(state['calls'])


@HOOKS.register_module(force=True)
class ScaleGradients(GradientHook):
    """Multiply all gradients by a factor; write down counts, labels and random numbers."""

    def __init__(self, factor=1.0, begin=0, end=None):
        super().__init__(begin, end)
        self.factor, self.seen, self.gradients = factor, [], []

    def statistics(self, outputs):
        assert not torch.is_grad_enabled()
        return dict(count=torch.tensor(float(len(outputs.labels))),
                    labels=outputs.labels.sum().float())

    def modulate(self, statistics, generator):
        draw = torch.rand((), generator=generator, device=generator.device)
        self.seen.append(tuple(float(v) for v in (*statistics.values(), draw)))
        for parameter in self.model.parameters():
            parameter.grad.mul_(self.factor)
        self.gradients.append(self.model.modality_parameters('rgb')[0].grad.clone())
        return dict(factor=self.factor)


@HOOKS.register_module(force=True)
class ForTwo(MethodHook):
    """A method that is defined for two modalities only."""

    modalities = (2, 2)

    def listen(self, runner):
        return ()


@OPTIM_WRAPPERS.register_module(force=True)
class ScalingOptimWrapper(OptimWrapper):
    """What AmpOptimWrapper does with its GradScaler, on a CPU.

    Args:
        init_scale: First factor on the loss; a power of two changes no bit of the gradients.
    """

    def __init__(self, *args, init_scale=2.0**10, **kwargs):
        super().__init__(*args, **kwargs)
        self.scaler = torch.amp.GradScaler('cpu', init_scale=init_scale)

    def backward(self, loss, **kwargs):
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs):
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()


def config(folder, *hooks, first=VANILLA, **options):
    """A toy run without validation, and without checkpoints unless `default_hooks` say so."""
    defaults = dict(default_hooks=dict(checkpoint=None), optim_wrapper=dict(optimizer=PLAIN_SGD),
                    train_cfg=dict(type='CurriculumTrainLoop', val_interval=100,
                                   max_epochs=options.pop('epochs', 1)))
    made = toy_config(folder, first, **{**defaults, **options})
    for loader in (made['train_dataloader'], made['val_dataloader']):
        # Packing the samples collects garbage, which takes most of the time of a toy run.
        loader['dataset']['serialize_data'] = False
    made['custom_hooks'] += list(hooks)
    return made


def train(runner):
    """Train without formatting the config, which takes most of the time of a checkpoint."""
    with patch.object(Config, 'pretty_text', ''):
        runner.train()
    return runner


def run(made):
    """Train and return the runner and the recorded batches."""
    with patch.object(Config, 'pretty_text', ''):
        runner, batches = build(made)
    return train(runner), batches


def hook_of(runner, kind):
    """The one hook of a class."""
    (found, ) = [hook for hook in runner.hooks if type(hook).__name__ == kind]
    return found


def weights_of(runner):
    return {name: value.clone() for name, value in runner.model.state_dict().items()}


def same_weights(first, second):
    """Whether two runs ended with bit-equal parameters and buffers."""
    left, right = weights_of(first), weights_of(second)
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)
