"""What the gradient magnitude of each sample costs against one pass of the whole batch."""
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseDataPreprocessor
from mmengine.registry import MODELS
from torch import Tensor, nn

from projects.bss.engine import (Criterion, GradientMagnitude, HeadGradientMagnitude, LogitsProbe,
                                 ModelOutputs, TrainingLoss)
from projects.bss.engine.replay import Replay
from projects.bss.functional import gradient_magnitude, multimodal_loss
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = 'criteria of every sample of a batch against one plain forward and backward pass of it'
_CLASSES = 10
_SHAPES = dict(mlp=dict(a=(64, ), b=(64, ), c=(64, )),
               resnet18=dict(audio=(1, 129, 94), video=(3, 112, 112)))
_ENCODERS: dict[str, Callable[[tuple], dict]] = dict(
    mlp=lambda shape: dict(type='MLPEncoder', in_channels=shape[0], hidden=[128],
                           out_channels=512),
    resnet18=lambda shape: dict(type='TorchvisionEncoder', name='resnet18',
                                in_channels=shape[0]))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--model', choices=list(_SHAPES), default='resnet18',
                        help='two ResNet-18 on a small spectrogram and image, or three MLP '
                        '(default: %(default)s)')
    parser.add_argument('--batch-size', type=int, default=8, help='samples (default: 8)')
    parser.add_argument('--repeats', type=int, default=3,
                        help='paired repetitions (default: 3)')
    parser.add_argument('--device', default='cpu', help='where to compute (default: cpu)')


def run(args: argparse.Namespace) -> Report:
    """Measure all contenders in turn, again and again.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    arms = contenders(args)
    taken: dict[str, list[tuple[float, float]]] = {arm: [] for arm in arms}
    for work in arms.values():
        work()
    for repeat in range(args.repeats):
        for arm, work in arms.items():
            taken[arm].append(_timed(work, args.device))
            print(f'repetition {repeat + 1} of {args.repeats}, {arm}: {taken[arm][-1][0]:.4g} s',
                  file=sys.stderr)
    rows = []
    for arm, times in taken.items():
        wall, cpu = zip(*times)
        plain_wall, plain_cpu = zip(*taken['plain'])
        rows.append(dict(arm=arm, seconds=spread(wall), ratio=paired_ratio(wall, plain_wall),
                         cpu_ratio=paired_ratio(cpu, plain_cpu)))
    return Report('criteria', f'Compares the {PURPOSE}.', rows, [
        f'{args.model}, batch of {args.batch_size}, eval mode, {args.device}. Each criterion has '
        'the forward pass of the batch in its time, as in a scoring pass.',
        'plain: forward and backward pass of the mean loss of the batch. loop: the same for each '
        'sample alone. graph: one backward pass per sample through the graph of the batch. '
        'gradient: GradientMagnitude.',
        'Ratios are taken within a repetition. Entries are medians, with the smallest and the '
        'largest.'])


def contenders(args: argparse.Namespace) -> dict[str, Callable[[], Any]]:
    """Make a model, a batch and what is to be timed.

    Args:
        args: Parsed options.

    Returns:
        Functions by name; those of the gradient magnitude return one value per sample.
    """
    torch.manual_seed(0)
    model, data = _model(args.model).to(args.device).eval(), _batch(args)
    measure = partial(_measure, model, data)
    return {
        'plain': lambda: _losses(model, data).mean().backward(),
        'loop': lambda: _loop(model, data),
        'graph': lambda: gradient_magnitude(_losses(model, data), model.parameters()),
        'gradient': partial(measure, GradientMagnitude()),
        'head gradient': partial(measure, HeadGradientMagnitude()),
        'loss': partial(measure, TrainingLoss()),
    }


def _model(name: str) -> nn.Module:
    widths = dict.fromkeys(_SHAPES[name], 512)
    return MODELS.build(dict(
        type='MultiModalClassifier',
        encoders={stream: _ENCODERS[name](shape) for stream, shape in _SHAPES[name].items()},
        fusion=dict(type='ConcatFusion', in_channels=widths),
        head=dict(type='JointHead', num_classes=_CLASSES, in_channels=widths,
                  fused_channels=sum(widths.values())),
        data_preprocessor=BaseDataPreprocessor()))


def _batch(args: argparse.Namespace) -> dict[str, Any]:
    inputs = {name: torch.randn(args.batch_size, *shape, device=args.device)
              for name, shape in _SHAPES[args.model].items()}
    samples = [ActionDataSample().set_gt_labels(row % _CLASSES).to(args.device)
               for row in range(args.batch_size)]
    return dict(inputs=inputs, data_samples=samples)


def _labels(data: dict[str, Any]) -> Tensor:
    return torch.cat([sample.gt_labels.item for sample in data['data_samples']])


def _losses(model: Any, data: dict[str, Any]) -> Tensor:
    model.zero_grad()
    return multimodal_loss(model(data['inputs'])['logits'], _labels(data))


def _loop(model: Any, data: dict[str, Any]) -> Tensor:
    """Forward and backward pass of each sample, as one would write it without this package."""
    norms = []
    for row, sample in enumerate(data['data_samples']):
        inputs = {name: x[row:row + 1] for name, x in data['inputs'].items()}
        _losses(model, dict(inputs=inputs, data_samples=[sample])).sum().backward()
        grads = [p.grad.norm() for p in model.parameters() if p.grad is not None]
        norms.append(torch.stack(grads).norm())
    return torch.stack(norms)


@torch.no_grad()
def _measure(model: Any, data: dict[str, Any], criterion: Criterion) -> Tensor:
    probe = LogitsProbe(model)
    probe.listening = True
    model(**data, mode='loss')
    logits, features = probe.take(len(data['data_samples']))
    values = criterion(ModelOutputs(logits, features, _labels(data),
                                    replay=Replay(model, probe, data)))
    probe.close()
    return values


def _timed(work: Callable[[], Any], device: str) -> tuple[float, float]:
    """Return the seconds of wall time and of CPU time of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    if torch.device(device).type == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - cpu
