from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.structures import LabelData

from projects.bss.evaluation import MultiModalMetric, classification_scores

LABELS = [0, 1, 2, 0, 1]
SCORES = [[.7, .2, .1], [.3, .4, .3], [.5, .2, .3], [.4, .5, .1], [.1, .8, .1]]
PERFECT = np.eye(3)[LABELS].tolist()


def sample(index: int, label: int, clip: str | None = None, **scores: list[float]) -> dict:
    """Make a data sample as the evaluator hands it over."""
    fields = dict(sample_idx=index) if clip is None else dict(sample_idx=index, clip_id=clip)
    return dict(fields, gt_labels=dict(item=torch.tensor([label])),
                pred_scores={name: torch.tensor(row) for name, row in scores.items()})


def worked_samples() -> list[dict]:
    """Make the worked example: rgb is wrong at times, flow never, and fused is as rgb."""
    return [sample(i, label, rgb=row, flow=PERFECT[i], fused=row)
            for i, (label, row) in enumerate(zip(LABELS, SCORES))]


def measure(samples: list[dict], **arguments) -> dict[str, float]:
    metric = MultiModalMetric(**arguments)
    metric.process(None, samples)
    return metric.evaluate(len(samples))


@pytest.fixture
def log():
    """Collect what the current logger is told."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def test_worked_example():
    values = classification_scores(np.array(LABELS), np.array(SCORES))
    expected = dict(acc=.6, map=.722222, macro_f1=.433333, nll=.723275)
    assert values == pytest.approx(expected, abs=1e-6)


def test_keys_and_gap():
    assert measure(worked_samples()) == pytest.approx({
        'acc/rgb': .6, 'acc/flow': 1, 'acc/fused': .6,
        'map/rgb': .722222, 'map/flow': 1, 'map/fused': .722222,
        'macro_f1/rgb': .433333, 'macro_f1/flow': 1, 'macro_f1/fused': .433333,
        'nll/rgb': .723275, 'nll/flow': 0, 'nll/fused': .723275,
        'gap/acc': .4}, abs=1e-6)


def test_gap_leaves_the_fused_stream_out():
    samples = [sample(i, label, fused=PERFECT[i], rgb=row, flow=row)
               for i, (label, row) in enumerate(zip(LABELS, SCORES))]
    assert measure(samples)['gap/acc'] == 0


def test_single_modality_has_no_gap():
    samples = [sample(i, label, flow=row, fused=row)
               for i, (label, row) in enumerate(zip(LABELS, SCORES))]
    measures = ('acc', 'map', 'macro_f1', 'nll')
    assert set(measure(samples)) == {f'{measured}/{name}' for measured in measures
                                     for name in ('flow', 'fused')}


def test_chosen_streams_and_prefix():
    assert measure(worked_samples(), streams=['flow'], prefix='val') == {
        'val/acc/flow': 1, 'val/map/flow': 1, 'val/macro_f1/flow': 1, 'val/nll/flow': 0}


def test_duplicates_count_once(log):
    samples = worked_samples()
    expected = measure(samples)
    metric = MultiModalMetric()
    metric.process(None, samples + samples[:1] + samples[3:4])
    assert metric.evaluate(5) == expected
    assert not [line for line in log if 'measured' in line]


def test_order_of_samples_is_irrelevant():
    assert measure(worked_samples()[::-1]) == measure(worked_samples())


def test_equal_index_of_another_clip_is_another_sample():
    samples = [sample(0, 0, 'a', rgb=[.9, .1]), sample(0, 1, 'b', rgb=[.8, .2]),
               sample(0, 0, 'a', rgb=[.9, .1])]
    assert measure(samples)['acc/rgb'] == .5


def test_absent_class_is_left_out_and_logged(log):
    with_gap = [sample(i, label, rgb=row[:1] + [0.] + row[1:])
                for i, (label, row) in enumerate(zip([0, 2, 3, 0, 2], SCORES))]
    assert measure(with_gap)['map/rgb'] == pytest.approx(.722222, abs=1e-6)
    assert any('leaves 1 of 4 classes out of the mean average precision, because no label names '
               'them: [1]' in line for line in log)


def with_absent(samples: list[dict], **absent: list[int]) -> list[dict]:
    """Mark modalities as absent; their scores stay, as a model gives them."""
    for item in samples:
        gone = tuple(name for name, rows in absent.items() if item['sample_idx'] in rows)
        if gone:
            item['absent'] = gone
    return samples


def test_a_modality_is_measured_where_it_is_there(log):
    """rgb is right in samples 0, 1 and 4 of 5; without 0 and 3 it has 2 of 3 right."""
    metrics = measure(with_absent(worked_samples(), rgb=[0, 3], flow=[1]))
    assert metrics['acc/fused'] == .6 and metrics['acc/rgb'] == pytest.approx(2 / 3)
    assert metrics['acc/flow'] == 1 and metrics['gap/acc'] == pytest.approx(1 / 3)
    alone = classification_scores(np.array([1, 2, 1]), np.array([SCORES[i] for i in (1, 2, 4)]))
    assert metrics == pytest.approx(metrics | {f'{name}/rgb': x for name, x in alone.items()})
    assert [line for line in log if 'absent' in line] == [
        'MultiModalMetric leaves absent modalities out, of 5 samples: rgb in 2, flow in 1.']


def test_absent_modalities_are_reported_once(log):
    metric = MultiModalMetric()
    for _ in range(2):
        metric.process(None, with_absent(worked_samples(), rgb=[0]))
        metric.evaluate(5)
    assert len([line for line in log if 'absent' in line]) == 1


def test_a_modality_that_no_sample_has_is_left_out(log):
    metrics = measure(with_absent(worked_samples(), flow=range(5)))
    assert {key for key in metrics if 'flow' in key or 'gap' in key} == set()
    assert metrics['acc/rgb'] == .6
    assert any('of 5 samples: flow in 5.' in line for line in log)


def test_nothing_but_absent_modalities():
    with pytest.raises(ValueError, match='or none has one of the modalities that `streams` names'):
        measure(with_absent(worked_samples(), flow=range(5)), streams=['flow'])


def test_scores_of_an_absent_modality_need_not_be_numbers():
    samples = worked_samples()
    samples[2]['pred_scores']['flow'] = torch.full((3, ), torch.nan)
    assert measure(with_absent(samples, flow=[2]))['acc/flow'] == 1


def test_unread_samples_are_reported(log):
    metric = MultiModalMetric()
    metric.process(None, worked_samples())
    metric.evaluate(7)
    assert any('measured 5 of 7 samples' in line for line in log)


def test_second_evaluation_starts_afresh():
    metric = MultiModalMetric(streams=['rgb'])
    metric.process(None, worked_samples())
    metric.evaluate(5)
    metric.process(None, worked_samples()[:2])
    assert metric.evaluate(2)['acc/rgb'] == 1


def test_through_the_evaluator_of_mmengine():
    data_samples = []
    for i, (label, row) in enumerate(zip(LABELS, SCORES)):
        item = ActionDataSample(metainfo=dict(sample_idx=i, clip_id=f'clip {i}'))
        item.set_gt_labels(label)
        item.pred_scores = LabelData(rgb=torch.tensor(PERFECT[i]),
                                     fused=torch.tensor(row, dtype=torch.bfloat16))
        data_samples.append(item)
    evaluator = Evaluator(dict(type='MultiModalMetric'))
    evaluator.process(data_samples)
    metrics = evaluator.evaluate(5)
    assert metrics['acc/fused'] == .6 and metrics['acc/rgb'] == 1
    assert metrics['map/fused'] == pytest.approx(.722222, abs=1e-6)


def test_two_processes_measure_as_one(tmp_path):
    generator = torch.Generator().manual_seed(3)
    rows = torch.rand(7, 2, 3, generator=generator)
    samples = [sample(i, label, rgb=rows[i, 0].tolist(), fused=rows[i, 1].tolist())
               for i, label in enumerate([0, 1, 2, 0, 1, 2, 2])]
    divisions = [[[0, 1, 2, 3, 4, 5], [6]], [[3, 1, 0, 5], [2, 4, 6, 3]],
                 [[0, 1, 2, 3, 4, 5, 6], []], [[], [6, 5, 4, 3, 2, 1, 0]]]
    torch.save((samples, divisions), tmp_path / 'samples.pt')
    script = Path(__file__).with_name('gloo_metric.py')
    environment = {**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])}
    workers = [subprocess.Popen([sys.executable, script, str(rank), '2', tmp_path], cwd=tmp_path,
                                env=environment, stderr=subprocess.PIPE, text=True)
               for rank in range(2)]
    errors = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    expected = measure(samples)
    for rank in range(2):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == 4 * [expected]


def test_missing_stream():
    with pytest.raises(KeyError, match=r"lack \['depth'\] \(they hold \['rgb', 'flow', 'fused'\]"):
        measure(worked_samples(), streams=['rgb', 'depth'])


def test_stream_missing_from_a_later_sample():
    samples = worked_samples()
    del samples[3]['pred_scores']['flow']
    with pytest.raises(KeyError, match=r"\('rgb', 'flow', 'fused'\), but lack \['flow'\]"):
        measure(samples)


def test_missing_index():
    samples = worked_samples()
    del samples[0]['sample_idx']
    with pytest.raises(KeyError, match='needs `sample_idx` in every data sample'):
        measure(samples)


def test_label_outside_the_scores():
    with pytest.raises(ValueError, match=r"lie in \[0, 3\), .* stream 'rgb', but got 3: set"):
        measure([sample(0, 3, rgb=SCORES[0])])


def test_scores_that_are_not_numbers():
    samples = worked_samples()
    samples[2]['pred_scores']['fused'][1] = float('nan')
    with pytest.raises(ValueError, match="stream 'fused' must be numbers, but those of 1 of 5"):
        measure(samples)


def test_nothing_to_measure():
    with pytest.raises(ValueError, match='has no predictions to measure'):
        MultiModalMetric().evaluate(0)
