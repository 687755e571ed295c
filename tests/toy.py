"""A task of two or three modalities that trains in a fraction of a second, with the real Runner."""
from __future__ import annotations

import itertools
from unittest.mock import patch

import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.model import BaseDataPreprocessor, BaseModule
from mmengine.registry import DATASETS, HOOKS, MODELS, TRANSFORMS
from mmengine.runner import Runner
from torch import nn

import projects.bss  # noqa: F401  (registers the package)

WIDTHS = dict(rgb=6, flow=4, depth=5)
CLASSES = 3
_RUNS = itertools.count()


@DATASETS.register_module(force=True)
class ToyModalities(BaseDataset):
    """Gaussian clusters; the modalities differ in noise, and some samples in their class.

    Args:
        size: Number of samples.
        data_seed: Seed of the samples.
        unreadable: Positions in whose place another sample is returned.
        modalities: Names of the modalities to give, of those of WIDTHS.
    """

    METAINFO = dict(classes=('a', 'b', 'c'))

    def __init__(self, size=20, data_seed=0, unreadable=(), modalities=tuple(WIDTHS), **kwargs):
        self.size, self.data_seed, self.unreadable = size, data_seed, set(unreadable)
        self.modalities = modalities
        super().__init__(**kwargs)

    def load_data_list(self):
        generator = torch.Generator().manual_seed(self.data_seed)
        records = []
        for i in range(self.size):
            label = i % CLASSES
            vectors = {name: torch.randn(width, generator=generator).mul(noise)
                       for (name, width), noise in zip(WIDTHS.items(), (0.5, 1.0, 2.0))}
            for vector in vectors.values():
                vector[label] += 2
            records.append(dict(gt_label=label,
                                vectors={name: vectors[name].tolist() for name in self.modalities}))
        return records

    def prepare_data(self, idx):
        return super().prepare_data(0 if idx in self.unreadable else idx)


@TRANSFORMS.register_module(force=True)
class PackVectors(BaseTransform):
    """End of the toy pipeline. With ``noise`` every call gives other vectors.

    Args:
        noise: Standard deviation of added noise, from torch's global stream.
    """

    def __init__(self, noise=0.0):
        self.noise = noise

    def transform(self, results):
        inputs = {name: torch.tensor(vector) for name, vector in results['vectors'].items()}
        if self.noise:
            inputs = {name: v + self.noise * torch.randn_like(v) for name, v in inputs.items()}
        sample = ActionDataSample().set_gt_labels(results['gt_label'])
        sample.set_metainfo(dict(sample_idx=results['sample_idx']))
        return dict(inputs=inputs, data_samples=sample)


@MODELS.register_module(force=True)
class ToyEncoder(BaseModule):
    """A layer with the parts that make resuming hard: running statistics and dropout.

    Args:
        width: Width of the input.
        dropout: Probability of dropping a feature.
    """

    def __init__(self, width, dropout=0.3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, x):
        return self.layers(x)


@HOOKS.register_module(force=True)
class RecordOrder(Hook):
    """Write down the position of every training sample, batch by batch."""

    def __init__(self):
        self.batches = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.batches.append(
            (runner.epoch, [sample.sample_idx for sample in data_batch['data_samples']]))


def model_config(dropout=0.3, modalities=tuple(WIDTHS)):
    return dict(
        type='MultiModalClassifier',
        encoders={name: dict(type='ToyEncoder', width=WIDTHS[name], dropout=dropout)
                  for name in modalities},
        fusion=dict(type='ConcatFusion', in_channels={name: 4 for name in modalities}),
        head=dict(type='JointHead', num_classes=CLASSES, in_channels={n: 4 for n in modalities},
                  fused_channels=4 * len(modalities)),
        data_preprocessor=dict(type='StackVectors'))


def deterministic_model_config():
    """A model without dropout and running statistics, whose features are never all zero."""
    config = model_config()
    config['encoders'] = {name: dict(type='MLPEncoder', in_channels=width, hidden=[8],
                                     out_channels=4) for name, width in WIDTHS.items()}
    return config


@MODELS.register_module(force=True)
class StackVectors(BaseDataPreprocessor):
    """The simplest data preprocessor."""

    def forward(self, data, training=False):
        stacked = {name: torch.stack(list(rows)) for name, rows in data['inputs'].items()}
        return dict(data, inputs={n: rows.to(self.device) for n, rows in stacked.items()})


def loader(size, batch_size, shuffle, num_workers=0, noise=0.0, **dataset):
    sampler = dict(type='BalanceSampler' if shuffle else 'DefaultSampler', shuffle=shuffle)
    return dict(
        batch_size=batch_size, num_workers=num_workers, sampler=sampler,
        persistent_workers=num_workers > 0,
        dataset=dict(type='ToyModalities', size=size,
                     pipeline=[dict(type='PackVectors', noise=noise)], **dataset))


BSS_L = dict(type='BSSHook', scheduler=dict(type='LearningBasedScheduler', interval=2))
BSS_H = dict(type='BSSHook', scheduler=dict(
    type='HeuristicScheduler', pacing=dict(type='linear', t_grow=4, lambda_0=0.4)))
VANILLA = dict(type='ResumeOrderHook')


def toy_config(work_dir, hook=BSS_L, size=20, batch_size=3, epochs=5, num_workers=0,
               modalities=tuple(WIDTHS), **overrides):
    """Make the config of a toy run; ``overrides`` replace top-level entries."""
    config = dict(
        default_scope='mmaction',
        model=model_config(modalities=modalities),
        train_dataloader=loader(size, batch_size, True, num_workers, modalities=modalities),
        val_dataloader=loader(7, 4, False, data_seed=1, modalities=modalities),
        val_evaluator=dict(type='MultiModalMetric'),
        train_cfg=dict(type='CurriculumTrainLoop', max_epochs=epochs, val_interval=1),
        val_cfg=dict(),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)),
        param_scheduler=[dict(type='MultiStepLR', milestones=[3], by_epoch=True)],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1000),
            checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False)),
        custom_hooks=[] if hook is None else [hook],
        randomness=dict(seed=5),
        log_level='WARNING',
        work_dir=str(work_dir))
    config.update(overrides)
    return config


def build(config):
    """Build the runner under a name of its own, and a hook that records its batches."""
    config = dict(config, experiment_name=f'toy{next(_RUNS)}')
    # Asking the compilers for their versions takes most of the time of building a toy runner.
    with patch('mmengine.runner.runner.collect_env', return_value={}):
        runner = Runner.from_cfg(Config(config))
    recorder = RecordOrder()
    runner.register_hook(recorder)
    return runner, recorder.batches


def run(config):
    """Train and return the runner and the recorded batches."""
    runner, batches = build(config)
    runner.train()
    return runner, batches
