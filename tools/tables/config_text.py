"""The text of a config for a table."""
from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yapf.yapflib.yapf_api import FormatCode

from projects.bss.paths import config_path
from tools.tables.parts import Part

_HEADER = '''"""BSS-L on {table}: {modalities}; {classes} classes.

Purpose: a first configuration of a table of your own, to be edited.
Command: python tools/train.py {out}
{written}

Source of every number: alpha 0.2, BSS paper, Eq 4; the inherited files say theirs; everything else
is our choice.
"""
'''
_STYLE = dict(based_on_style='pep8', column_limit=100, split_before_named_assigns=False,
              split_before_expression_after_opening_paren=True)
_BASES = ('_base_/schedules/adam_small.py', '_base_/curricula/bssl.py', '_base_/default_runtime.py')


def config_text(parts: Sequence[Part], dataset: dict[str, Any], splits: dict[str, str],
                split_column: str, epochs: int, out: Path, command: str, **header: object) -> str:
    """Write a config.

    Args:
        parts: The modalities.
        dataset: Arguments of the data set that all splits share.
        splits: ``'train'``, ``'val'`` and ``'test'`` -> value of the column that names splits.
        split_column: That column.
        epochs: Number of epochs.
        out: The file that it is for.
        command: The command that writes it.
        **header: Other fields of the header: table, modalities, classes.

    Returns:
        The text of the file.
    """
    steps = [step for number, part in enumerate(parts) for step in part.steps
             if not any(step in other.steps for other in parts[:number])]
    more = [step for part in parts for step in part.train_steps]
    lines = [
        f'_base_ = {_inherited(out)}',
        f'data = {_code(dataset)}',
        f'steps = [{_codes(steps)}]',
        f'train_pipeline = [*steps, {_codes([*more, dict(type="PackMultiModalInputs")])}]',
        "test_pipeline = [*steps, dict(type='PackMultiModalInputs')]",
        'loader = dict(batch_size=32, num_workers=2, persistent_workers=True,'
        " collate_fn=dict(type='stack_streams'))",
        _loader('train', "dict(type='BalanceSampler', shuffle=True)", 'train_pipeline',
                {split_column: splits['train']}),
        _loader('val', "dict(type='DefaultSampler', shuffle=False)", 'test_pipeline',
                {split_column: splits['val']}),
        _loader('test', "dict(type='DefaultSampler', shuffle=False)", 'test_pipeline',
                {split_column: splits['test']}),
        "val_evaluator = dict(type='MultiModalMetric')",
        'test_evaluator = val_evaluator',
        f'train_cfg = dict(max_epochs={epochs})',
        f'param_scheduler = [{_codes([_schedule(epochs)])}]',
        f'model = {_code(_model(parts, len(dataset["classes"])))}',
    ]
    written = textwrap.fill(f'Written by: {command}', 99, subsequent_indent='    ',
                            break_long_words=False, break_on_hyphens=False)
    body, _ = FormatCode('\n'.join(lines) + '\n', style_config=_STYLE)
    return _HEADER.format(out=out, written=written, **header) + body


def _inherited(out: Path) -> list[str]:
    names = [Path(config_path(name)) for name in _BASES]
    if not out.resolve().is_relative_to(names[-1].parents[1]):
        return [f'bss::{name}' for name in _BASES]
    return [Path(os.path.relpath(name, out.resolve().parent)).as_posix() for name in names]


def _model(parts: Sequence[Part], num_classes: int) -> dict:
    widths = {part.name: part.width for part in parts}
    return dict(
        type='MultiModalClassifier',
        encoders={part.name: part.encoder for part in parts},
        fusion=dict(type='ConcatFusion', in_channels=widths),
        head=dict(type='JointHead', num_classes=num_classes, in_channels=widths,
                  fused_channels=sum(widths.values()), alpha=0.2),
        data_preprocessor=dict(
            type='StreamPreprocessor',
            preprocessors={part.name: part.preprocessor for part in parts}))


def _schedule(epochs: int) -> dict:
    return dict(type='CosineAnnealingLR', T_max=epochs, eta_min=1e-5, by_epoch=True)


def _loader(split: str, sampler: str, pipeline: str, chosen: dict[str, str]) -> str:
    test = '' if split == 'train' else ', test_mode=True'
    return (f'{split}_dataloader = dict(**loader, sampler={sampler}, '
            f'dataset=dict(**data, filter={_code(chosen)}, pipeline={pipeline}{test}))')


def _codes(values: Sequence[Any]) -> str:
    return ', '.join(map(_code, values))


def _code(value: Any) -> str:
    if isinstance(value, dict) and all(str(name).isidentifier() for name in value):
        return 'dict(' + ', '.join(f'{name}={_code(part)}' for name, part in value.items()) + ')'
    if isinstance(value, list):
        return f'[{_codes(value)}]'
    return repr(value)
