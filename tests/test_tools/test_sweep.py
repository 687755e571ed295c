from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from tqdm import tqdm

from tools import sweep
from tools.sweeping.pool import Pool
from tools.sweeping.runs import Run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE))

from toy_task import write_task  # noqa: E402

CONFIG = dict(train_cfg=dict(max_epochs=4))
LR = 'optim_wrapper.optimizer.lr'


@dataclass
class Script(Run):
    """A run whose only step is a short program."""

    program: str = ''

    def next_command(self) -> tuple[str, list[str]] | None:
        if self._mark('train').exists():
            return None
        return 'train', [sys.executable, '-c', self.program]


def script(out: Path, name: str, program: str) -> Script:
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.py').touch()
    (folder / 'train').mkdir(exist_ok=True)
    return Script({'name': name}, 0, folder, Config(CONFIG), folder / 'config.py', 'acc/fused',
                  False, program)


def compute(runs: list[Script], **kwargs: Any) -> dict[str, str]:
    with tqdm(total=len(runs), disable=True) as bar:
        return Pool(**kwargs).compute(runs, bar)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGINT, which what a shell starts in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class TestPool:

    def test_a_failed_run_is_named_and_the_others_go_on(self, tmp_path: Path) -> None:
        runs = [script(tmp_path, 'bad', 'for i in range(99): print(i)\nraise SystemExit(3)'),
                script(tmp_path, 'good', 'print(1)')]
        failures = compute(runs, processes=1)
        assert list(failures) == ['name=bad seed=0']
        assert failures['name=bad seed=0'].splitlines() == [
            f'{tmp_path}/bad/train.log:', *(f'    {i}' for i in range(84, 99))]
        assert runs[0].result() is None and runs[1].result()['seed'] == 0

    def test_runs_at_the_same_time_on_gpus_in_turn(self, tmp_path: Path) -> None:
        """Each program ends only when the other has started."""
        meet = ('import os, pathlib, time\n'
                'pathlib.Path({own!r}).write_text(os.environ["CUDA_VISIBLE_DEVICES"])\n'
                'while not pathlib.Path({other!r}).exists(): time.sleep(0.01)')
        files = [str(tmp_path / 'a'), str(tmp_path / 'b')]
        runs = [script(tmp_path / 'runs', str(i), meet.format(own=files[i], other=files[1 - i]))
                for i in range(2)]
        assert compute(runs, processes=2, gpus=['4', '7']) == {}
        assert {Path(file).read_text() for file in files} == {'4', '7'}

    def test_waits_for_the_child_of_a_killed_sweep(self, tmp_path: Path) -> None:
        once = ('import pathlib, time\np = pathlib.Path({0!r})\n'
                'p.write_text(p.read_text() + "begun " if p.exists() else "begun ")\n'
                'while not p.with_name("go").exists(): time.sleep(0.01)\n'
                'p.write_text(p.read_text() + "ended ")').format(str(tmp_path / 'written'))
        start = (
            'import sys\nsys.path[:0] = [{root!r}, {here!r}]\nfrom pathlib import Path\n'
            'from test_sweep import compute, script\n'
            'compute([script(Path({out!r}), "r", {once!r})], processes=1)'
        ).format(root=str(ROOT), here=str(HERE), out=str(tmp_path / 'runs'), once=once)
        with subprocess.Popen([sys.executable, '-c', start]) as killed:
            while not (tmp_path / 'written').exists():
                time.sleep(0.01)
            killed.kill()
        threading.Timer(1, (tmp_path / 'go').touch).start()
        assert compute([script(tmp_path / 'runs', 'r', once)], processes=1) == {}
        # One after the other, never at the same time.
        assert (tmp_path / 'written').read_text() == 'begun ended begun ended '

    def test_an_interrupted_sweep_ends_its_children(self, tmp_path: Path,
                                                    interruptible: None) -> None:
        file = tmp_path / 'pid'
        run = script(tmp_path, 'r', 'import os, pathlib, time\n'
                     f'pathlib.Path({str(file)!r}).write_text(str(os.getpid()))\ntime.sleep(60)')
        later = script(tmp_path, 'later', '')

        def interrupt() -> None:
            while not file.exists() or not file.read_text():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            compute([run, later], processes=1)
        with pytest.raises(ProcessLookupError):
            os.kill(int(file.read_text()), 0)
        assert run.result() is None and later.result() is None


def run_sweep(folder: Path, *arguments: str, **kwargs: Any) -> subprocess.Popen:
    """Start the tool as a user does; it goes on in a session of its own."""
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(HERE), str(folder)]))
    command = [sys.executable, str(ROOT / 'tools' / 'sweep.py'), 'toy.py', '--metric', 'error']
    return subprocess.Popen([*command, *arguments], cwd=folder, env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                            **kwargs)


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / 'results.csv').open() as file:
        return list(csv.DictReader(file))


def test_a_small_sweep(tmp_path: Path) -> None:
    """One good setting, and one that no optimiser takes."""
    write_task(tmp_path)
    best = ['default_hooks.checkpoint.save_best=error', 'default_hooks.checkpoint.rule=less']
    process = run_sweep(tmp_path, '--grid', f'{LR}=0.05,-1', '--seeds', '3', '--test',
                        '--processes', '2', '--out', 'out', '--cfg-options', *best)
    printed, errors = process.communicate()
    assert process.returncode == 1, errors
    assert 'lr=-1 seed=3: FAILED.' in printed and 'Invalid learning rate: -1' in printed
    assert errors.endswith('1 of 2 runs failed; the log of each is in its folder:\n    '
                           'lr=-1 seed=3\n')
    out = tmp_path / 'out'
    row, = rows_of(out)
    checkpoint, = out.glob('lr=0.05*/seed3/train/best_error_epoch_*.pth')
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    w, b = float(weights['linear.weight']), float(weights['linear.bias'])
    pairs = [(.1, .3), (-.4, -.7), (.9, 1.9), (.5, 1.2), (-.8, -1.5), (.3, .5)]
    error = sum((w * x + b - y)**2 for x, y in pairs) / 6
    assert float(row['val/error']) == pytest.approx(error, rel=1e-5)
    assert float(row['test/error']) == pytest.approx(error, rel=1e-5)
    assert (row[LR], row['seed']) == ('0.05', '3')
    assert checkpoint.name == f'best_error_epoch_{row["epoch"]}.pth'
    assert ('Numbers are those of the epoch that is best on the validation set by error. The '
            'config validates on its test set.') in printed
    assert f'| 0.05 | {error:.4g} | 1 |' in printed and 'not counted: lr=-1 seed=3.' in printed
    assert (out / 'figure.png').is_file()


SLOW_HOOK = """
import time
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class SlowHook(Hook):
    def after_train_epoch(self, runner):
        time.sleep(0.7)
"""


@pytest.mark.slow
def test_a_killed_sweep_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    config = write_task(tmp_path)
    (tmp_path / 'slow_hook.py').write_text(SLOW_HOOK)
    config.write_text(config.read_text().replace("['toy_task']", "['toy_task', 'slow_hook']")
                      + "custom_hooks = [dict(type='SlowHook')]\n")
    arguments = ['--grid', f'{LR}=0.05,0.1', '--seeds', '3', '--cfg-options',
                 'train_cfg.max_epochs=6', '--out']

    process = run_sweep(tmp_path, *arguments, 'whole')
    assert process.communicate() and process.returncode == 0

    process = run_sweep(tmp_path, *arguments, 'cut')
    while not list(tmp_path.glob('cut/lr=0.1-*/seed3/train/epoch_3.pth')):
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(list(tmp_path.glob('cut/*/seed3/result.json'))) == 1
    assert not (tmp_path / 'cut' / 'results.csv').exists()

    process = run_sweep(tmp_path, *arguments, 'cut')
    assert process.communicate() and process.returncode == 0
    whole, cut = ([{**row, 'seconds': ''} for row in rows_of(tmp_path / name)]
                  for name in ('whole', 'cut'))
    assert cut == whole and [row['epoch'] for row in whole] == ['6', '6']
    assert (tmp_path / 'cut/summary.csv').read_text() == (
        tmp_path / 'whole/summary.csv').read_text()
    # The finished run was left alone, the other one went on.
    assert len(list(tmp_path.glob('cut/lr=0.05-*/seed3/train/*/vis_data'))) == 1
    assert len(list(tmp_path.glob('cut/lr=0.1-*/seed3/train/*/vis_data'))) == 2


@pytest.mark.parametrize('flags, sentence', [
    (['--seeds', '0,x'], "--seeds must be different whole numbers joined by commas, such as 0,1,2, "
                         "but got '0,x'."),
    (['--seeds', '1,01'], "but got '1,01'."),
    (['--processes', '0'], '--processes must be at least 1, but got 0.'),
    (['--grid', 'optimwrapper.lr=1'], "there is no entry 'optimwrapper' at that place"),
])
def test_refused_with_a_sentence(tmp_path: Path, flags: list[str], sentence: str,
                                 capsys: pytest.CaptureFixture) -> None:
    config = write_task(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        sweep.main([str(config), '--out', str(tmp_path / 'out'), *flags])
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_selection_is_stated() -> None:
    loaders = dict(val_dataloader=dict(dataset=dict(split='val')),
                   test_dataloader=dict(dataset=dict(split='test')))
    assert sweep.selection_of(Config(loaders)).startswith('Numbers are those of the last epoch: ')
    assert not sweep.selection_of(Config(loaders)).endswith('on its test set.')
