"""Run by the tests: one process of a group that measures its share of the samples."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from projects.bss.evaluation import MultiModalMetric
from projects.bss.processes import end_processes


def main(rank: int, world_size: int, folder: Path) -> None:
    """Measure the share of this rank, division by division, and write what it was told."""
    dist.init_process_group('gloo', f'file://{folder}/store', rank=rank, world_size=world_size)
    samples, divisions = torch.load(folder / 'samples.pt')
    answers = []
    for shares in divisions:
        metric = MultiModalMetric()
        metric.process(None, [samples[i] for i in shares[rank]])
        answers.append(metric.evaluate(len(samples)))
    (folder / f'{rank}.json').write_text(json.dumps(answers))
    end_processes()


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
