"""Accuracy, mean average precision and macro F1 of every stream."""
from __future__ import annotations

import logging
from typing import Any, Mapping, Sequence

import numpy as np
import torch
from mmengine.dist import broadcast_object_list, collect_results, get_world_size, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS
from sklearn.metrics import accuracy_score, average_precision_score, f1_score

from projects.bss.functional.measure import FUSED

MEASURES = ('acc', 'map', 'macro_f1', 'nll')
Result = tuple[tuple[int, str], int, dict[str, np.ndarray]]
Stream = tuple[np.ndarray, np.ndarray]  # labels, scores


def classification_scores(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Compute the three measures of the paper and the likelihood of one stream.

    Args:
        labels: Class indices, shape (N,), in [0, C).
        scores: Class probabilities, shape (N, C).

    Returns:
        ``acc``; ``map``, the mean over the classes that occur in ``labels`` of the one-vs-rest
        average precision; ``macro_f1``, the mean of class-wise F1 over the classes that occur
        in labels or predictions, all in [0, 1]; ``nll``, the mean negative log-likelihood of the
        labels, >= 0, which is what a schedule can watch.

    Reference:
        BSS (IJCAI 2025), section 4.1.
    """
    predicted = scores.argmax(axis=1)
    present = np.unique(labels)
    relevant = labels[:, None] == present
    likelihood = scores[np.arange(len(labels)), labels].clip(min=np.finfo(np.float32).tiny)
    return dict(
        acc=float(accuracy_score(labels, predicted)),
        map=float(average_precision_score(relevant, scores[:, present], average='macro')),
        macro_f1=float(f1_score(labels, predicted, average='macro', zero_division=0)),
        nll=float(-np.log(likelihood).mean()))


@METRICS.register_module()
class MultiModalMetric(BaseMetric):
    """Measure the fused stream and each modality.

    Keys are ``<measure>/<stream>``, such as ``acc/fused``, ``map/rgb`` or ``macro_f1/depth``, and
    ``gap/acc``, the accuracy of the best modality less that of the worst. A sample that was seen
    more than once (padding of distributed loaders, stand-ins for unreadable samples) counts once.
    A modality is measured on the samples that have it, the fused stream on all; a modality that
    no sample has is left out.

    Args:
        streams: Streams to measure; ``None`` takes those of the first sample.
        collect_device: Where results of other processes are collected, ``'cpu'`` or ``'gpu'``.
        prefix: Put before all keys, or ``None``.
    """

    default_prefix = ''
    results: list[Result]

    def __init__(self,
                 streams: Sequence[str] | None = None,
                 collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.streams = None if streams is None else tuple(streams)
        self._reported: dict[str, int] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep labels and scores of a batch.

        Args:
            data_batch: Not used.
            data_samples: Data samples as dictionaries, with ``sample_idx``, ``gt_labels``,
                ``pred_scores`` and, if some of their modalities are absent, the names of these in
                ``absent``.

        Raises:
            KeyError: If a data sample lacks its index or one of the streams.
        """
        if any('sample_idx' not in sample for sample in data_samples):
            raise KeyError('MultiModalMetric needs `sample_idx` in every data sample, to '
                           'count each once: let the pipeline pack it as metainfo.')
        self._check_streams(data_samples)
        for sample, scores in zip(data_samples, self._scores(data_samples)):
            self.results.append((self._key(sample), int(sample['gt_labels']['item']), scores))

    @staticmethod
    def _key(sample: Mapping[str, Any]) -> tuple[int, str]:
        # Concatenated data sets repeat `sample_idx`; the clip tells their samples apart.
        return int(sample['sample_idx']), str(sample.get('clip_id', ''))

    def _scores(self, samples: Sequence[dict]) -> list[dict[str, np.ndarray]]:
        """Read the scores of a batch, each stream at once; those of absent modalities are not."""
        found: list[dict[str, np.ndarray]] = [{} for _ in samples]
        for name in self.streams or ():
            there = [row for row, sample in enumerate(samples)
                     if name not in sample.get('absent', ())]
            given = [samples[row]['pred_scores'][name] for row in there]
            stacked = torch.stack(given).float().cpu().numpy() if given else ()
            for row, scores in zip(there, stacked):
                found[row][name] = scores
        return found

    def _check_streams(self, samples: Sequence[dict]) -> None:
        for sample in samples:
            held = list(sample['pred_scores'])
            self.streams = self.streams or tuple(held)
            missing = [name for name in self.streams if name not in held]
            if missing:
                raise KeyError(
                    'The predictions must hold a score for each of the streams '
                    f'{self.streams}, but lack {missing} (they hold {held}): check the head of the '
                    'model and `streams` of MultiModalMetric.')

    def evaluate(self, size: int) -> dict[str, float]:
        """Measure everything that was processed, in all processes together.

        Unlike the base class, which cuts the list at ``size`` and thereby assumes equal shares,
        any shares are put together without loss.

        Args:
            size: Number of samples of the data set.

        Returns:
            The measures by key, the same in every process.
        """
        share, self.results = self.results, []
        shares = collect_results([share], get_world_size(), self.collect_device)
        metrics: list[dict[str, float] | None] = [None]
        if is_main_process():
            unique = {result[0]: result for share in shares for result in share}
            self._report_size(len(unique), size)
            measured = self.compute_metrics([unique[key] for key in sorted(unique)])
            metrics = [{f'{self.prefix}/{key}' if self.prefix else key: value
                        for key, value in measured.items()}]
        broadcast_object_list(metrics)
        return metrics[0]  # type: ignore[return-value]

    @staticmethod
    def _report_size(measured: int, size: int) -> None:
        if measured != size:
            print_log(f'MultiModalMetric measured {measured} of {size} samples; the others were '
                      'not predicted.', logger='current', level=logging.WARNING)

    def compute_metrics(self, results: Sequence[Result]) -> dict[str, float]:
        """Measure results in which every sample stands once.

        Args:
            results: Key, label and scores by stream of each sample.

        Returns:
            The measures by key.

        Raises:
            ValueError: For no results, a label outside the classes, or scores that are NaN.
        """
        streams = _by_stream(results)
        if not streams:
            raise ValueError('MultiModalMetric has no predictions to measure: the data set is '
                             'empty, none of its samples could be read, or none has one of the '
                             'modalities that `streams` names.')
        for name, (labels, scores) in streams.items():
            _check(name, labels, scores)
        self._report_absent_modalities(len(results), streams)
        self._report_absent_classes(*max(streams.values(), key=lambda stream: len(stream[0])))
        measured = {name: classification_scores(*stream) for name, stream in streams.items()}
        metrics = {f'{measure}/{name}': values[measure] for measure in MEASURES
                   for name, values in measured.items()}
        accuracies = [values['acc'] for name, values in measured.items() if name != FUSED]
        if len(accuracies) > 1:
            metrics['gap/acc'] = max(accuracies) - min(accuracies)
        return metrics

    def _report_absent_modalities(self, total: int, streams: Mapping[str, Stream]) -> None:
        gone = {name: total - len(streams[name][0]) if name in streams else total
                for name in self.streams or streams}
        gone = {name: count for name, count in gone.items() if count}
        # Once, not in every validation.
        if gone and gone != self._reported:
            self._reported = gone
            print_log(f'MultiModalMetric leaves absent modalities out, of {total} samples: '
                      + ', '.join(f'{name} in {count}' for name, count in gone.items()) + '.',
                      logger='current')

    @staticmethod
    def _report_absent_classes(labels: np.ndarray, scores: np.ndarray) -> None:
        num_classes = scores.shape[1]
        absent = sorted(set(range(num_classes)) - set(labels.tolist()))
        if absent:
            print_log(f'MultiModalMetric leaves {len(absent)} of {num_classes} classes out of the '
                      f'mean average precision, because no label names them: {absent}.',
                      logger='current')


def _by_stream(results: Sequence[Result]) -> dict[str, Stream]:
    rows: dict[str, list[tuple[int, np.ndarray]]] = {}
    for _, label, scores in results:
        for name, row in scores.items():
            rows.setdefault(name, []).append((label, row))
    return {name: (np.array([label for label, _ in stream]), np.stack([row for _, row in stream]))
            for name, stream in rows.items()}


def _check(stream: str, labels: np.ndarray, scores: np.ndarray) -> None:
    num_classes = scores.shape[1]
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if len(wrong):
        raise ValueError(f'Labels must lie in [0, {num_classes}), the number of scores of stream '
                         f"'{stream}', but got {wrong[0]}: set `num_classes` of the head to the "
                         'number of classes of the data set.')
    bad = int(np.isnan(scores).any(axis=1).sum())
    if bad:
        raise ValueError(f"The scores of stream '{stream}' must be numbers, but those of {bad} of "
                         f'{len(scores)} samples are NaN: the model has diverged. Lower the '
                         'learning rate or train without `--amp`.')
