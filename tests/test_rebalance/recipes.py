"""Toy runs of the rebalancing methods as their configs have them, and the limits of each."""
from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from projects.bss.models import JointHead, MultiModalClassifier
from projects.bss.rebalance import registered_methods
from tests.test_rebalance.probes import config
from tests.toy import CLASSES, VANILLA, model_config

ROOT = Path(__file__).resolve().parents[2]
# Those of the other data sets are like these, and to load them all takes seconds.
FILES = sorted((ROOT / 'configs' / 'rebalance').glob('avmnist_*.py'))
METHODS = registered_methods()
TWO, THREE = ('rgb', 'flow'), ('rgb', 'flow', 'depth')
SGD = dict(type='SGD', lr=0.05, momentum=0.9)

# Options with which a method acts within two epochs of a toy task that has linear encoders.
SOON = dict(AGMClipHook=dict(max_norm=0.1, threshold=0.0), DOMFNHead=dict(pretrain_epochs=1),
            MSESHook=dict(patience=1), MSLRHook=dict(window=1),
            OGMHook=dict(min_ndim=2), OGRGBHook=dict(super_epoch=1), PMRHook=dict(share=0.5),
            SMVHook=dict(warmup=1))
# Options with which a method that is published for two modalities takes more.
EXTENDED = dict(PMRHook=dict(extension='mean_of_others'))


@dataclass(frozen=True)
class Limit:
    """Where a method is plain training.

    Args:
        options: Options of the method.
        both: Loss weights of the head in both runs; None leaves those of the config.
        plain: Loss weights of the head in the plain run.
        hooks: Hooks of both runs.
    """

    options: dict[str, Any]
    both: dict[str, float] | None = None
    plain: dict[str, float] | None = None
    hooks: tuple[dict, ...] = ()


def equally(weight: float, fused: float) -> dict[str, float]:
    """Loss weights: one for all modalities, and that of the fused stream."""
    return {**dict.fromkeys(THREE, weight), 'fused': fused}


# Every method has a limit.
LIMITS = dict(
    AGMClassifier=Limit(dict(alpha=0.0)),
    AGMClipHook=Limit(dict(max_norm=1e9)),
    AMSSHook=Limit(dict(bounds=(1, 1))),
    # The modalities are trained alone for ever.
    DOMFNHead=Limit(dict(pretrain_epochs=99), plain=equally(1.0, 0.0)),
    # A single modality takes turns with none.
    MLAClassifier=Limit(dict(projection=False), hooks=(dict(type='LeaveOnly', name='rgb'), )),
    # A loss of weight 0 conflicts with nothing.
    MMParetoClassifier=Limit(dict(gamma=1.0), both=equally(0.0, 1.0)),
    MSESHook=Limit(dict(patience=99)),
    MSLRHook=Limit(dict(window=99, factors=dict.fromkeys(THREE, 1.0))),
    OGMHook=Limit(dict(alpha=0.0, noise=False)),
    # With a floor above all overfitting no branch stands out: all weigh the same.
    OGRGBHook=Limit(dict(floor=math.inf), plain=equally(0.25, 0.25)),
    PMRHook=Limit(dict(alpha=0.0, entropy_weight=0.0)),
    ReconBoostClassifier=Limit(dict(boosting_epochs=0)),
    SMVHook=Limit(dict(thresholds=())))


@HOOKS.register_module(force=True)
class LeaveOnly(Hook):
    """Let all modalities but one be absent in training.

    Args:
        name: The one.
    """

    def __init__(self, name):
        self.name = name

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        absent = tuple(name for name in runner.model.modalities if name != self.name)
        for sample in data_batch['data_samples']:
            sample.set_metainfo(dict(absent=absent))


def part_of(value: Any, name: str) -> dict | None:
    """The dict with this type, wherever it is in a config."""
    if isinstance(value, dict) and value.get('type') == name:
        return value
    inner = value.values() if isinstance(value, dict) else value
    parts = inner if isinstance(value, (dict, list, tuple)) else ()
    return next(filter(None, (part_of(part, name) for part in parts)), None)


def methods_in(made: dict) -> set[type]:
    """All methods of a config; some come together."""
    return {method for name, method in METHODS.items() if part_of(made, name)}


@cache
def recipe(path: Path) -> dict:
    return Config.fromfile(path)._cfg_dict.to_dict()


def recipes_of(name: str) -> list[Path]:
    """Configs of a method on AV-MNIST, plain names before variants."""
    return sorted((path for path in FILES if part_of(recipe(path), name)),
                  key=lambda path: len(path.stem))


def by_modality(value: Any, old: list[str], new: tuple[str, ...]) -> Any:
    """Rename modalities in keys; a modality too many gets what the last one has."""
    if isinstance(value, (list, tuple)):
        return type(value)(by_modality(part, old, new) for part in value)
    if not isinstance(value, dict):
        return value
    value = {key: by_modality(part, old, new) for key, part in value.items()}
    if not set(old) <= set(value):
        return value
    named = {name: value[old[min(i, len(old) - 1)]] for i, name in enumerate(new)}
    return {**named, **{key: part for key, part in value.items() if key not in old}}


def toy_model(path: Path, names: tuple[str, ...]) -> dict:
    """The model of a config with toy encoders."""
    own, toy_one = recipe(path)['model'], model_config(modalities=names)
    model = by_modality(own, list(own['encoders']), names)
    model.update(encoders=toy_one['encoders'], data_preprocessor=toy_one['data_preprocessor'])
    fusion, head = model['fusion'], model['head']
    fusion['in_channels'] = toy_one['fusion']['in_channels']
    for part in (fusion, head):
        part.update({key: CLASSES for key in ('num_classes', ) if key in part})
    if 'in_channels' in head:
        head['in_channels'] = fusion['in_channels']
    if head.get('fused_channels') is not None:
        head['fused_channels'] = 4 * len(names)
    return model


def toy(folder: Path, name: str, names: tuple[str, ...] = THREE, first: dict = VANILLA,
        smooth: bool = False, **options: Any) -> dict:
    """A toy run of a method as its config has it; options of the method are in ``method``."""
    path, given = recipes_of(name)[0], options.pop('method', {})
    hooks = [hook for hook in recipe(path)['custom_hooks'] if hook['type'] != VANILLA['type']]
    hooks = by_modality(hooks, list(recipe(path)['model']['encoders']), names)
    defaults = dict(epochs=2, size=18, batch_size=4, optim_wrapper=dict(optimizer=SGD))
    made = config(folder, *hooks, first=first, modalities=names, model=toy_model(path, names),
                  **{**defaults, **options})
    made['train_cfg']['val_interval'] = 1
    # A last batch of one sample is too small for BatchNorm.
    made['train_dataloader']['drop_last'] = not smooth
    if smooth:
        for modality, encoder in made['model']['encoders'].items():
            width = dict(rgb=6, flow=4, depth=5)[modality]
            encoder.update(type='MLPEncoder', in_channels=width, hidden=[8], out_channels=4)
            del encoder['width'], encoder['dropout']
    for wanted in [SOON, EXTENDED] if len(names) > 2 else [SOON]:
        for part, values in wanted.items():
            (part_of(made, part) or {}).update(values)
    part_of(made, name).update(given)
    return made


def arguments_of(kind: type) -> set[str]:
    return set(inspect.signature(kind.__init__).parameters)


def plain(made: dict, name: str) -> dict:
    """The same run without the method."""
    made['custom_hooks'] = [hook for hook in made['custom_hooks'] if hook['type'] != name]
    for part, usual in ((made['model'], MultiModalClassifier), (made['model']['head'], JointHead)):
        if part['type'] == name:
            for option in arguments_of(METHODS[name]) - arguments_of(usual):
                part.pop(option, None)
            part['type'] = usual.__name__
    return made


def at_limit(made: dict, limit: Limit) -> dict:
    """A run, of a method or a plain one, in the set-up in which both must agree."""
    made['custom_hooks'] = [*made['custom_hooks'], *limit.hooks]
    if limit.both is not None:
        made['model']['head']['loss_weights'] = limit.both
    return made
