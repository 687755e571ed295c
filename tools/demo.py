"""Compare vanilla, BSS-H and BSS-L on generated gestures; ``make demo`` runs it."""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / 'data' / 'nvgesture-mini'
RECIPES = {
    'vanilla': 'configs/fusion/nvgesture-mini_multihead.py',
    'BSS-H': 'configs/bss/nvgesture-mini_bssh.py',
    'BSS-L': 'configs/bss/nvgesture-mini_bssl.py',
}
PROGRESS = re.compile(r'INFO - (Epoch\(|BSS)')
WIDTH = shutil.get_terminal_size((150, 24)).columns - 2
STREAMS = ('fused', 'rgb', 'flow', 'depth')


def run_tool(tool: str, *arguments: str) -> None:
    """Run one of the repository's tools as a user would; show the command and its progress.

    Args:
        tool: Path of the tool below the repository.
        *arguments: Its arguments.

    Raises:
        SystemExit: If the tool fails, with its exit status; its whole output is shown then.
    """
    print(f'\n$ python {tool} {" ".join(arguments)}', flush=True)
    command = [sys.executable, '-W', 'ignore', tool, *arguments]
    output = []
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        for line in process.stdout or ():
            output.append(line)
            if PROGRESS.search(line):
                print(f'  {line.partition("INFO - ")[2].rstrip()[:WIDTH]}', flush=True)
    if process.returncode:
        print(''.join(output), file=sys.stderr)
        raise SystemExit(process.returncode)


def scalars(work_dir: Path) -> list[dict]:
    """Read what the newest run in a work directory has logged.

    Args:
        work_dir: Work directory of ``tools/train.py`` or ``tools/test.py``.

    Returns:
        One dict per log entry.
    """
    newest = max(work_dir.glob('*/vis_data/scalars.json'), key=lambda path: path.stat().st_mtime)
    return [json.loads(line) for line in newest.read_text().splitlines()]


def train_and_test(name: str, work_dir: Path, options: Sequence[str]) -> dict[str, float]:
    """Train one recipe and evaluate its last checkpoint with ``tools/test.py``.

    Args:
        name: Name of the recipe.
        work_dir: Folder for its logs and checkpoints.
        options: Further ``key=value`` settings of the config.

    Returns:
        The measures by key, e.g. ``acc/fused``.
    """
    settings = ['--cfg-options', *options] if options else []
    run_tool('tools/train.py', RECIPES[name], '--work-dir', str(work_dir), *settings)
    checkpoint = (work_dir / 'last_checkpoint').read_text()
    tested = work_dir / 'test'
    run_tool('tools/test.py', RECIPES[name], checkpoint, '--work-dir', str(tested), *settings)
    metrics = max(tested.glob('*/*.json'), key=lambda path: path.stat().st_mtime)
    return json.loads(metrics.read_text().splitlines()[-1])


def table(results: dict[str, dict[str, float]]) -> str:
    """Lay the results out as text.

    Args:
        results: Measures by key, by recipe.

    Returns:
        A table of accuracies and macro F1 in percent, one line per recipe.
    """
    head = f'{"":8}' + ''.join(f'{stream:>14}' for stream in STREAMS)
    lines = [head, f'{"":8}' + '     acc    F1' * len(STREAMS)]
    for name, measures in results.items():
        cells = (f'{100 * measures[f"acc/{s}"]:8.1f}{100 * measures[f"macro_f1/{s}"]:6.1f}'
                 for s in STREAMS)
        lines.append(f'{name:8}' + ''.join(cells))
    return '\n'.join(lines)


def draw(work_dirs: dict[str, Path], path: Path) -> None:
    """Draw the accuracy of each stream over the epochs.

    Args:
        work_dirs: Work directory by recipe.
        path: File to write.
    """
    figure, axes = plt.subplots(1, len(STREAMS), figsize=(14, 3.2), sharey=True)
    for axis, stream in zip(axes, STREAMS):
        for name, work_dir in work_dirs.items():
            points = [(entry['step'], entry[f'acc/{stream}']) for entry in scalars(work_dir)
                      if f'acc/{stream}' in entry]
            axis.plot(*zip(*points), marker='.', label=name)
        axis.set(title=stream, xlabel='epoch')
        axis.grid(alpha=0.3)
    axes[0].set_ylabel('test accuracy')
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the demonstration.

    Args:
        argv: Arguments; those of the process by default.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=ROOT / 'work_dirs' / 'demo', metavar='DIR',
                        help='folder for checkpoints, logs and the figure')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
                        help='settings for all three configs, e.g. train_cfg.max_epochs=5')
    args = parser.parse_args(argv)
    if not (DATA / 'truth.json').is_file():
        run_tool('tools/data/nvgesture/make_miniature.py', str(DATA))
    work_dirs = {name: args.out.resolve() / name.lower() for name in RECIPES}
    results = {name: train_and_test(name, work_dirs[name], args.cfg_options) for name in RECIPES}
    figure = args.out.resolve() / 'accuracy.png'
    draw(work_dirs, figure)
    print('\nTest accuracy and macro F1 in percent; one seed and 80 clips rank nothing.\n')
    print(table(results))
    print(f'\nAccuracy over epochs: {os.path.relpath(figure)}')


if __name__ == '__main__':
    main()
