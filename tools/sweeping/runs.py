"""One run of a sweep: its folder, its commands and its result."""
from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.config import Config

from tools.sweeping.grid import Setting, options_of, short_name

if TYPE_CHECKING:
    from typing_extensions import Self

TOOLS = Path(__file__).resolve().parents[1]
_STEP = re.compile(r'_(?:epoch|iter)_(\d+)\.pth$')
# Enough for the last line of a log of scalars.
_TAIL_BYTES = 4096


@dataclass
class Run:
    """One setting with one seed.

    Args:
        setting: Value by name of the axis.
        seed: Random seed.
        folder: Folder of the run.
        cfg: Config of the setting.
        config: File that holds it.
        metric: Measure of interest, which decides where a config keeps several best checkpoints.
        test: Whether the selected checkpoint is evaluated on the test set.
    """

    setting: Setting
    seed: int
    folder: Path
    cfg: Config
    config: Path
    metric: str
    test: bool

    @classmethod
    def place(cls, setting: Setting, seed: int, cfg: Config, folder: Path, **kwargs: Any) -> Self:
        """Place a run in the folder of its setting.

        Args:
            setting: Value by name of the axis.
            seed: Random seed.
            cfg: Config of the setting.
            folder: Folder of the setting.
            **kwargs: Further arguments of the class.

        Returns:
            The run; its folder and its config exist.

        Raises:
            ValueError: If the folder holds runs of another config.
        """
        config = folder / 'config.py'
        _write_once(config, cfg.pretty_text)
        run = cls(setting, seed, folder / f'seed{seed}', cfg, config, **kwargs)
        run.folder.mkdir(exist_ok=True)
        return run

    @property
    def title(self) -> str:
        """Setting and seed, for people."""
        named = [(short_name(name), value) for name, value in self.setting.items()]
        return ' '.join(f'{name}={value}' for name, value in [*named, ('seed', self.seed)])

    @property
    def result_file(self) -> Path:
        """The file whose existence says that the run is finished."""
        return self.folder / ('result-test.json' if self.test else 'result.json')

    @property
    def lock_file(self) -> Path:
        """Held while a process computes the run."""
        return self.folder / 'lock'

    def next_command(self) -> tuple[str, list[str]] | None:
        """Return the next step that has not ended well yet, ``'train'`` or ``'test'``.

        Returns:
            Name of the step and its command; None if nothing remains.
        """
        if not self._mark('train').exists():
            self._forget_unvalidated_end()
            return 'train', self.command('train', self.config, '--work-dir', self.folder / 'train',
                                         '--seed', self.seed, '--resume')
        if self.test and not self._mark('test').exists():
            return 'test', self.command('test', self.config, self.checkpoint(), '--work-dir',
                                        self.folder / 'test')
        return None

    def command(self, step: str, *arguments: object) -> list[str]:
        """Return the command of a step.

        Args:
            step: Name of the step, which is that of its tool.
            *arguments: Arguments of the tool.
        """
        return [sys.executable, '-W', 'ignore', str(TOOLS / f'{step}.py'), *map(str, arguments)]

    def log(self, step: str) -> Path:
        """Return the file for what a step prints.

        Args:
            step: Name of the step.
        """
        return self.folder / f'{step}.log'

    def note_end(self, step: str) -> None:
        """Remember that a step has ended well.

        Args:
            step: Name of the step.
        """
        self._mark(step).touch()

    def _forget_unvalidated_end(self) -> None:
        """Let training repeat its last epoch if it was killed during the validation after it.

        mmengine saves before it validates, and a resumed run that has no epoch left ends at once.
        """
        loop = self.cfg.train_cfg
        last = loop.get('max_epochs') or 0
        due = last >= loop.get('val_begin', 1) and last % loop.get('val_interval', 1) == 0
        if due and self.cfg.get('val_dataloader') and last not in read_validations(
                self.folder / 'train'):
            (self.folder / 'train' / f'epoch_{last}.pth').unlink(missing_ok=True)

    def _mark(self, step: str) -> Path:
        return self.folder / f'{step}.ended'

    def checkpoint(self) -> Path:
        """Return the selected checkpoint: the best on the validation set, else the last."""
        train = self.folder / 'train'
        if keeps_best(self.cfg):
            own = f'best_{self.metric.replace("/", "_")}_*.pth'
            best = _newest(train, own) or _newest(train, 'best_*.pth')
            if best is None:
                raise FileNotFoundError(
                    f'The config saves the best checkpoint, but there is none in {train}: '
                    'let training validate, or leave out default_hooks.checkpoint.save_best.')
            return best
        return Path((train / 'last_checkpoint').read_text(encoding='utf-8').strip())

    def collect(self) -> dict[str, Any]:
        """Gather the result of the finished run and write it to ``result_file``."""
        result = self.gather()
        partial = self.result_file.with_suffix('.partial')
        partial.write_text(json.dumps(result, indent=2) + '\n', encoding='utf-8')
        os.replace(partial, self.result_file)
        return result

    def gather(self) -> dict[str, Any]:
        """Read the result of the finished run from its logs and checkpoints."""
        validations = read_validations(self.folder / 'train')
        step = max(validations, default=None)
        if keeps_best(self.cfg):
            found = _STEP.search(self.checkpoint().name)
            step = int(found.group(1)) if found else None
        validated = {} if step is None else validations.get(step, {})
        metrics = {f'val/{name}': value for name, value in validated.items()}
        tested = _newest(self.folder / 'test', '*/*.json') if self.test else None
        if tested is not None:
            last = tested.read_text(encoding='utf-8').splitlines()[-1]
            metrics |= {f'test/{name}': value for name, value in measures(json.loads(last)).items()}
        return dict(setting=self.setting, seed=self.seed, epoch=step, metrics=metrics,
                    seconds=round(training_seconds(self.folder / 'train'), 1),
                    config_hash=text_hash(self.config.read_text(encoding='utf-8')),
                    data_fingerprint=data_fingerprint(self.folder / 'train'))

    def result(self) -> dict[str, Any] | None:
        """Return the result of a finished run, None if it is not finished."""
        if not self.result_file.is_file():
            return None
        # The names of settings and measures come from the file, the values of settings from here:
        # json has no tuples.
        return {**json.loads(self.result_file.read_text(encoding='utf-8')),
                'setting': self.setting}

    def share_done(self) -> float:
        """Estimate the trained share of the run, in [0, 1], by epochs."""
        log = _newest(self.folder / 'train', '*/vis_data/scalars.json')
        epochs = self.cfg.train_cfg.get('max_epochs')
        if log is None or not epochs:
            return 0.0
        with log.open('rb') as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            seen = re.findall(rb'"epoch": (\d+)', file.read())
        return (int(seen[-1]) - 1) / epochs if seen else 0.0


def make_run(setting: Setting, seed: int, cfg: Config, out: Path, **kwargs: Any) -> Run:
    """Place a run in the folder of the sweep.

    Args:
        setting: Value by name of the axis.
        seed: Random seed.
        cfg: Config without the setting.
        out: Folder of the sweep.
        **kwargs: Further arguments of :class:`Run`.

    Returns:
        The run; its folder and its config exist.

    Raises:
        ValueError: If the folder holds runs of another config.
    """
    changed = Config(cfg._cfg_dict.to_dict())
    changed.merge_from_dict(options_of(setting))
    return Run.place(setting, seed, changed, out / folder_name(setting), **kwargs)


def _write_once(config: Path, text: str) -> None:
    if config.is_file() and config.read_text(encoding='utf-8') != text:
        raise ValueError(
            f'{config.parent} holds runs of another config: one of its files or --cfg-options has '
            'changed since. Choose another --out, or remove that folder to run it anew.')
    config.parent.mkdir(parents=True, exist_ok=True)
    partial = config.with_suffix('.partial')
    partial.write_text(text, encoding='utf-8')
    os.replace(partial, config)


def folder_name(setting: Setting) -> str:
    """Name the folder of a setting: readable, and unique by its end.

    Args:
        setting: Value by name of the axis.
    """
    readable = ','.join(f'{short_name(name)}={value}' for name, value in setting.items())
    safe = re.sub(r'[^\w.=,+-]', '_', readable)[:100] or 'as-configured'
    return f'{safe}-{text_hash(json.dumps(setting, sort_keys=True), 6)}'


def text_hash(text: str, digits: int = 12) -> str:
    """Return the first hexadecimal digits of a text's SHA-256.

    Args:
        text: The text.
        digits: How many.
    """
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def keeps_best(cfg: Config) -> bool:
    """Tell whether training keeps the checkpoint that is best on the validation set.

    Args:
        cfg: Config of the run.
    """
    return bool(cfg.get('default_hooks', {}).get('checkpoint', {}).get('save_best'))


def measures(row: dict[str, Any]) -> dict[str, float]:
    """Return the measures of a log entry, without its times.

    Args:
        row: The entry.
    """
    return {name: value for name, value in row.items()
            if name not in ('data_time', 'time', 'step') and isinstance(value, (int, float))}


def read_validations(train: Path) -> dict[int, dict[str, float]]:
    """Read the measures of all validations of a run, whichever process made them.

    Args:
        train: Work directory of training.

    Returns:
        Measures by step (epoch); of a repeated one the later.
    """
    found = {}
    for log in sorted(train.glob('*/vis_data/scalars.json')):
        # The last line of a killed process may be cut short; a whole one ends with a line break.
        for line in log.read_text(encoding='utf-8').split('\n')[:-1]:
            row = json.loads(line)
            if 'iter' not in row:
                found[row['step']] = measures(row)
    return found


def training_seconds(train: Path) -> float:
    """Sum up how long the processes of a run have trained, interrupted ones included.

    Args:
        train: Work directory of training, with one folder per process, named by its start.
    """
    return sum(
        max(0.0, log.stat().st_mtime - time.mktime(time.strptime(log.stem, '%Y%m%d_%H%M%S')))
        for log in train.glob('*/*.log'))


def data_fingerprint(train: Path) -> str:
    """Read which data a run was trained on.

    Args:
        train: Work directory of training.

    Returns:
        The beginning of the fingerprint in its newest checkpoint; empty where there is none, as
        with hooks that are not of this package.
    """
    checkpoint = _newest(train, '*.pth')
    saved = {} if checkpoint is None else torch.load(
        checkpoint, map_location='cpu', weights_only=True, mmap=True)
    return saved.get('bss', {}).get('data', {}).get('fingerprint', '')[:12]


def _newest(folder: Path, pattern: str) -> Path | None:
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns, default=None)
