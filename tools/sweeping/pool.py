"""Child processes that compute runs, a few at a time."""
from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tqdm import tqdm

from tools.sweeping.runs import Run

_LINES_SHOWN = 15


class Pool:
    """Compute runs in child processes.

    A run is locked by its child process itself. A child that outlives a killed sweep therefore
    keeps its run, and the next sweep waits for it instead of writing into the same folder.

    Args:
        processes: Number of runs computed at the same time.
        gpus: Names for ``CUDA_VISIBLE_DEVICES``, which the runs take in turn; all see all without.
    """

    def __init__(self, processes: int, gpus: Sequence[str] = ()) -> None:
        self.processes = processes
        self._gpus: SimpleQueue[str | None] = SimpleQueue()
        for slot in range(processes):
            self._gpus.put(gpus[slot % len(gpus)] if gpus else None)
        self._threads = str(max(1, (os.cpu_count() or 1) // processes))
        self._children: set[subprocess.Popen] = set()
        self._guard = threading.Lock()
        self._stopped = threading.Event()

    def compute(self, runs: Sequence[Run], bar: tqdm) -> dict[str, str]:
        """Compute runs and show their progress.

        Args:
            runs: The runs.
            bar: Progress bar that counts runs.

        Returns:
            End of the log of each run that failed, by its title.
        """
        begun = bar.n
        failures: dict[str, str] = {}
        with ThreadPoolExecutor(self.processes) as threads, self._ended_with_the_sweep():
            tasks = {threads.submit(self._compute, run): run for run in runs}
            pending: set[Future] = set(tasks)
            while pending:
                done, pending = wait(pending, timeout=1, return_when=FIRST_COMPLETED)
                for task in done:
                    _report(tasks[task], task.result(), failures)
                shares = (tasks[task].share_done() for task in pending if task.running())
                bar.update(begun + len(tasks) - len(pending) + sum(shares) - bar.n)
        return failures

    def _compute(self, run: Run) -> str | None:
        """Compute one run; return the end of the log if it fails."""
        gpu = self._gpus.get()
        try:
            with self._locked(run) as lock:
                while not self._stopped.is_set() and (step := run.next_command()) is not None:
                    if not self._call(run.log(step[0]), step[1], lock, gpu):
                        return end_of(run.log(step[0]))
                    run.note_end(step[0])
                if not self._stopped.is_set() and run.result() is None:
                    run.collect()
            return None
        except FileNotFoundError as error:
            return str(error)
        finally:
            self._gpus.put(gpu)

    def _call(self, log: Path, command: list[str], lock: int, gpu: str | None) -> bool:
        environment = {'OMP_NUM_THREADS': self._threads, **os.environ}
        if gpu is not None:
            environment['CUDA_VISIBLE_DEVICES'] = gpu
        with log.open('w', encoding='utf-8') as output:
            with self._guard:
                if self._stopped.is_set():
                    return False
                child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                         stdin=subprocess.DEVNULL, env=environment,
                                         pass_fds=(lock, ))
                self._children.add(child)
            status = child.wait()
        with self._guard:
            self._children.remove(child)
        return status == 0

    @contextmanager
    def _locked(self, run: Run) -> Iterator[int]:
        with run.lock_file.open('w') as file:
            waits = False
            while not self._stopped.is_set():
                if _try_lock(file.fileno()):
                    break
                if not waits:
                    tqdm.write(f'{run.title}: waiting for the process that is computing it, '
                               'started by another sweep.')
                waits = True
                self._stopped.wait(1)
            yield file.fileno()

    @contextmanager
    def _ended_with_the_sweep(self) -> Iterator[None]:
        """End the children when the sweep is interrupted."""
        try:
            yield
        except BaseException:
            with self._guard:
                self._stopped.set()
                for child in self._children:
                    child.terminate()
            raise


def end_of(log: Path) -> str:
    """Return the last lines of a log.

    Args:
        log: The file.
    """
    lines = log.read_text(encoding='utf-8', errors='replace').splitlines()
    return '\n'.join([f'{log}:', *(f'    {line}' for line in lines[-_LINES_SHOWN:])])


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _report(run: Run, failure: str | None, failures: dict[str, str]) -> None:
    if failure is not None:
        failures[run.title] = failure
        tqdm.write(f'{run.title}: FAILED. {failure}')
    elif (result := run.result()) is not None:
        measured = ' '.join(f'{name} {value:.4g}' for name, value in result['metrics'].items()
                            if name.endswith(run.metric))
        tqdm.write(f'{run.title}: {measured} ({result["seconds"]:.0f} s)')
