"""A training step of a config against a plain loop of PyTorch, with what makes it faster."""
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from projects.bss.datasets import stack_streams
from projects.bss.engine import CompileHook
from projects.bss.models import pool_features
from tools.benchmarks.configs import read_config
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = 'training step of a model of the paper against a plain float32 loop of PyTorch'
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Task:
    """A model of the paper with what its pipeline makes of a sample.

    Args:
        config: Config of the model.
        batch_size: Batch size of the config.
        shapes: Shape of a sample by stream, one number for words and waveforms.
        small: The same for a quick look on a CPU.
        shrink: Changes to the config that go with it.
    """

    config: str
    batch_size: int
    shapes: Shapes
    small: Shapes
    shrink: dict[str, Any] = field(default_factory=dict)


_CLIPS, _BEHIND = ('rgb', 'flow', 'depth'), ('fusion', 'head')
TASKS = dict(
    nvgesture=Task(
        'bss/nvgesture_bssl.py', 2,
        dict(rgb=(3, 64, 224, 224), flow=(2, 64, 224, 224), depth=(1, 64, 224, 224)),
        dict(rgb=(3, 8, 32, 32), flow=(2, 8, 32, 32), depth=(1, 8, 32, 32)),
        {**{f'model.encoders.{name}.width': 0.25 for name in _CLIPS},
         **{f'model.{part}.in_channels': dict.fromkeys(_CLIPS, 256) for part in _BEHIND},
         'model.head.fused_channels': 768}),
    cremad=Task(
        'bss/cremad_bssl.py', 64, dict(audio=(441000, ), video=(3, 1, 224, 224)),
        dict(audio=(11025, ), video=(3, 1, 48, 48))),
    twitter2015=Task(
        'bss/twitter2015_bssl.py', 64, dict(text=(30, ), image=(3, 1, 384, 384)),
        dict(text=(16, ), image=(3, 1, 48, 48)),
        {'model.encoders.text.config': dict(num_hidden_layers=2, hidden_size=192,
                                            num_attention_heads=3, intermediate_size=768),
         'model.fusion.in_channels.text': 192, 'model.head.in_channels.text': 192,
         'model.head.fused_channels': 2240}))
# Random weights do as well.
_NO_FILES = {'twitter2015': {'model.encoders.text.pretrained': None,
                             'model.encoders.image.weights': None}}
FUSED = {'optim_wrapper.optimizer.fused': True}
CHANNELS_LAST = {'model.channels_last': True}
BF16 = {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.dtype': 'bfloat16',
        'optim_wrapper.loss_scale.enabled': False}
PINNED = {'train_dataloader.pin_memory': True}
ARMS: dict[str, dict[str, Any]] = {
    'ours': {}, 'fused': FUSED, 'channels-last': CHANNELS_LAST, 'bf16': BF16, 'compile': {},
    'fast': {**FUSED, **CHANNELS_LAST, **BF16, **PINNED},
    'fast-compile': {**FUSED, **CHANNELS_LAST, **BF16, **PINNED}}
_ON_CPU = ('ours', 'fused', 'channels-last')
# Dense bfloat16 of the data sheets, TFLOP/s.
_PEAK = {'B200': 2250, 'H200': 989, 'H100 PCIe': 756, 'H100': 989, 'A100': 312, 'L40S': 362,
         'A10': 125, 'L4': 121, 'RTX 4090': 165}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--task', choices=list(TASKS), default='nvgesture',
                        help='three I3D, two ResNet-18, or BERT and ResNet-50 (default: '
                        '%(default)s)')
    parser.add_argument('--small', action='store_true', help='small inputs, for a look on a CPU')
    parser.add_argument('--batch-size', type=int, help='default: that of the config')
    parser.add_argument('--steps', type=int, default=10, help='steps of a measurement')
    parser.add_argument('--repeats', type=int, default=3, help='paired repetitions')
    parser.add_argument('--arms', nargs='+', choices=list(ARMS), metavar='ARM',
                        help=f'of {", ".join(ARMS)}; default on a CPU: {", ".join(_ON_CPU)}')
    parser.add_argument('--device', default='cpu', help='where to compute (default: cpu)')
    parser.add_argument('--peak-tflops', type=float, metavar='X',
                        help='limit of the device; known of some GPUs')


def run(args: argparse.Namespace) -> Report:
    """Measure all arms in turn, again and again.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    task = TASKS[args.task]
    size = args.batch_size or task.batch_size
    torch.manual_seed(0)
    samples = make_samples(task.small if args.small else task.shapes, size)
    names = args.arms or (_ON_CPU if args.device == 'cpu' else list(ARMS))
    arms = {'plain': plain_step(read_task(args.task, {}, args.small), samples, args.device)}
    for name in names:
        cfg = read_task(args.task, ARMS[name], args.small)
        arms[name] = our_step(cfg, samples, args.device, 'compile' in name)
    losses: dict[str, list[Tensor]] = {name: [] for name in arms}
    with FlopCounterMode(display=False) as counter:
        _take(arms['plain'], losses['plain'])
    for name in names:  # compiles, and fills caches
        _take(arms[name], losses[name])
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for repeat in range(args.repeats):
        for name, step in arms.items():
            seconds[name].append(_timed(step, args, losses[name]) / args.steps)
            print(f'repetition {repeat + 1} of {args.repeats}, {name}: '
                  f'{size / seconds[name][-1]:.4g} samples/s', file=sys.stderr)
    peak = args.peak_tflops or known_peak(args.device)
    rows = [_row(name, seconds, losses, size, counter.get_total_flops() / 1e12, peak)
            for name in arms]
    return Report('step', f'Compares the {PURPOSE}.', rows, _notes(args, size, peak))


def read_task(name: str, options: dict[str, Any], small: bool) -> Config:
    """Read the config of a task.

    Args:
        name: Name of the task.
        options: Changes, by dotted key.
        small: Whether to shrink the model.

    Returns:
        The config, which needs no file of weights.
    """
    task = TASKS[name]
    return read_config(task.config, {**_NO_FILES.get(name, {}), **(task.shrink if small else {}),
                                     **options})


def make_samples(shapes: Shapes, size: int) -> list[tuple[dict[str, Tensor], int]]:
    """Draw the samples of a batch.

    Args:
        shapes: Shape of a sample by stream.
        size: Number of samples.

    Returns:
        Inputs by stream, as a pipeline hands them over, and label, in [0, 3).
    """

    def draw(name: str, shape: tuple[int, ...]) -> Tensor:
        if name == 'text':
            return torch.randint(1, 1000, shape)
        return torch.randn(shape) if len(shape) == 1 else torch.randint(256, shape).byte()

    return [({name: draw(name, shape) for name, shape in shapes.items()}, row % 3)
            for row in range(size)]


def build(cfg: Config, device: str) -> nn.Module:
    """Build the model of a config, the same weights every time.

    Args:
        cfg: The config.
        device: Where to.

    Returns:
        The model in train mode.
    """
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    return MODELS.build(cfg.model).to(device).train()


def plain_step(cfg: Config, samples: list, device: str) -> Callable[[], Tensor]:
    """Make a step as one would write it without this package, of the same layers.

    Args:
        cfg: The config.
        samples: Samples of the batch.
        device: Where to compute.

    Returns:
        Function that trains on the batch and returns the loss.
    """
    model: Any = build(cfg, device)
    optimizer_options = dict(cfg.optim_wrapper.optimizer)
    optimizer = getattr(torch.optim, optimizer_options.pop('type'))(model.parameters(),
                                                                    **optimizer_options)
    prepare, head = model.data_preprocessor.preprocessors, model.head

    def step() -> Tensor:
        labels = torch.tensor([label for _, label in samples]).to(device)
        features = {}
        for name, encoder in model.encoders.items():
            rows = [inputs[name].to(device) for inputs, _ in samples]
            features[name] = pool_features(encoder(prepare[name].preprocess(rows, [])[0]))
        features['fused'] = torch.cat(list(features.values()), dim=1)
        loss = sum(weight * F.cross_entropy(head.classifiers[name](features[name]), labels)
                   for name, weight in head.loss_weights.items())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def our_step(cfg: Config, samples: list, device: str,
             compiled: bool = False) -> Callable[[], Tensor]:
    """Make a step as the Runner takes it.

    Args:
        cfg: The config.
        samples: Samples of the batch.
        device: Where to compute.
        compiled: Whether the encoders are compiled.

    Returns:
        Function that trains on the batch and returns the loss.
    """
    model: Any = build(cfg, device)
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    if compiled:
        CompileHook().compile_parts(model)
    pinned = bool(cfg.train_dataloader.get('pin_memory')) and device != 'cpu'
    batch = stack_streams([
        dict(inputs=inputs, data_samples=ActionDataSample(
            metainfo=dict(sample_idx=row)).set_gt_labels(label))
        for row, (inputs, label) in enumerate(samples)])
    if pinned:
        batch['inputs'] = {name: rows.pin_memory() for name, rows in batch['inputs'].items()}

    def step() -> Tensor:
        data = dict(inputs=dict(batch['inputs']), data_samples=list(batch['data_samples']))
        return model.train_step(data, optim_wrapper)['loss'].detach()

    return step


def known_peak(device: str) -> float | None:
    """Look up the limit of a device.

    Args:
        device: Name of the device for PyTorch.

    Returns:
        TFLOP/s of dense bfloat16, or None.
    """
    if torch.device(device).type != 'cuda':
        return None
    chip = torch.cuda.get_device_name(device)
    return next((peak for name, peak in _PEAK.items() if name in chip), None)


def _take(step: Callable[[], Tensor], losses: list[Tensor]) -> None:
    # Equal dropout in the n-th step of every arm.
    torch.manual_seed(len(losses))
    losses.append(step())


def _timed(step: Callable[[], Tensor], args: argparse.Namespace, losses: list[Tensor]) -> float:
    """Seconds of processor time of some steps on a CPU, of wall time on an accelerator."""
    accelerated = torch.device(args.device).type == 'cuda'
    clock = time.perf_counter if accelerated else time.process_time
    started = clock()
    for _ in range(args.steps):
        _take(step, losses)
    if accelerated:
        torch.cuda.synchronize()
    return clock() - started


def _row(name: str, seconds: dict[str, list[float]], losses: dict[str, list[Tensor]], size: int,
         teraflop: float, peak: float | None) -> dict[str, Any]:
    ours, plain = (torch.stack(losses[arm]).cpu() for arm in (name, 'plain'))
    differences = (ours - plain).abs() / plain[0]
    speed = [teraflop / taken for taken in seconds[name]]
    return dict(
        arm=name, samples_per_second=spread([size / taken for taken in seconds[name]]),
        ratio=paired_ratio(seconds['plain'], seconds[name]), tflops=spread(speed),
        utilisation=peak and spread([value / peak for value in speed]),
        first_difference=differences[0].item(), loss_difference=differences.max().item())


def _notes(args: argparse.Namespace, size: int, peak: float | None) -> list[str]:
    return [
        f'{args.task}{", small" if args.small else ""}, batch of {size}, {args.steps} steps, '
        f'{args.device}. Every arm trains the same weights on the same batch.',
        'plain: float32, eager, the same layers in a loop of PyTorch, with plain copies. ours: '
        'train_step with OptimWrapper. The others add: ' + '; '.join(
            f'{name}: {options or "CompileHook"}' for name, options in ARMS.items()
            if name != 'ours') + '. fast-compile compiles besides.',
        'ratio: samples per second over those of plain. On a CPU both are of processor time.',
        'tflops: operations of the model by FlopCounterMode, forward and backward, over the time; '
        f'utilisation: their share of the limit of the device, {peak or "unknown"}.',
        'first_difference: difference of the loss of the first step from that of plain, as a share '
        'of it. Tolerance: 1e-5 in float32, 0.01 with bf16. loss_difference: the largest over all '
        'steps, as a share of the first loss; rounding grows as a batch is learnt by heart. '
        'Tolerance: 0.05. Compiled arms draw other dropout masks.',
        'Entries are medians, with the smallest and the largest.']
