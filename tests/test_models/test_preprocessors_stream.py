"""The preprocessor of a batch, and a step that does not wait for its device."""
from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS

from projects.bss.models import MultiModalClassifier, StreamPreprocessor
from projects.bss.models.memory_format import use_channels_last
from tools.benchmarks.step import TASKS, build, make_samples, our_step, plain_step, read_task

VECTORS = dict(rgb=dict(type='ArrayPreprocessor', mean=[1.0] * 4, std=[2.0] * 4),
               flow=dict(type='ArrayPreprocessor'), depth=dict(type='ArrayPreprocessor'))


def test_equals_that_of_mmaction2(batch: Any) -> None:
    ours, theirs = (
        MODELS.build(dict(type=name, preprocessors=VECTORS))(batch([2, 0, 1]), True)
        for name in ('StreamPreprocessor', 'mmaction.MultiModalDataPreprocessor'))
    assert list(ours['inputs']) == list(theirs['inputs']) == ['rgb', 'flow', 'depth']
    for name, x in ours['inputs'].items():
        assert torch.equal(x, theirs['inputs'][name])
    assert [int(sample.gt_labels.item) for sample in ours['data_samples']] == [2, 0, 1]


def test_leaves_the_batch_of_the_loader_alone(batch: Any) -> None:
    data = batch([2, 0, 1])
    kept = copy.copy(data['inputs'])
    done = StreamPreprocessor(VECTORS)(data)
    assert data['inputs'] == kept and all(isinstance(rows, list) for rows in kept.values())
    assert all(mine is theirs for mine, theirs in zip(done['data_samples'], data['data_samples']))


class TestStepsOfTheModelsOfThePaper:

    @pytest.mark.parametrize('task', ['nvgesture', 'cremad'])
    def test_never_read_from_the_device(self, task: str) -> None:
        """Tensors on 'meta' have no values, so whatever would wait for them fails."""
        step = our_step(read_task(task, {}, True), make_samples(TASKS[task].small, 2), 'meta')
        assert [step().device.type for _ in range(2)] == ['meta', 'meta']

    def test_the_check_notices_a_read(self) -> None:
        with pytest.raises((RuntimeError, NotImplementedError), match='meta'):
            torch.zeros(1, device='meta').item()

    def test_absent_modalities_are_not_read_either(self, model: MultiModalClassifier,
                                                   batch: Any) -> None:
        data = batch([2, 0, 1])
        data['data_samples'][1].set_metainfo(dict(absent=('flow', )))
        model.to('meta')
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        assert model.train_step(data, OptimWrapper(optimizer))['loss'].device.type == 'meta'

    @pytest.mark.parametrize('task', ['cremad', 'twitter2015'])
    def test_learn_as_a_plain_loop_does(self, task: str) -> None:
        samples = make_samples(TASKS[task].small, 2)
        options = {} if task == 'cremad' else {  # dropout would draw other numbers
            'model.encoders.text.config.hidden_dropout_prob': 0.0,
            'model.encoders.text.config.attention_probs_dropout_prob': 0.0}
        plain = plain_step(read_task(task, options, True), samples, 'cpu')
        ours = our_step(read_task(task, {**options, 'optim_wrapper.optimizer.fused': True}, True),
                        samples, 'cpu')
        torch.testing.assert_close([float(ours()) for _ in range(2)],
                                   [float(plain()) for _ in range(2)], rtol=1e-3, atol=0)

    def test_channels_last(self) -> None:
        """The format of the kernels spreads over all feature maps, and changes no number."""
        samples = make_samples(TASKS['cremad'].small, 2)
        maps, features = [], []
        for channels_last in (False, True):
            model: Any = build(read_task('cremad', {'model.channels_last': channels_last}, True),
                               'cpu').eval()
            model.encoders['video'].trunk.layer3.register_forward_hook(
                lambda module, args, output: maps.append(output))
            rows = [inputs['video'] for inputs, _ in samples]
            x, _ = model.data_preprocessor.preprocessors['video'].preprocess(rows, [])
            features.append(model.encoders['video'](x))
        torch.testing.assert_close(*features, rtol=1e-4, atol=1e-5)
        assert [x.is_contiguous(memory_format=torch.channels_last) for x in maps] == [False, True]


def test_kernels_of_clips_with_channels_last() -> None:
    """On a CPU 3-D convolutions take up the format of their kernels only where they are large."""
    convolution = torch.nn.Conv3d(4, 6, 3)
    kept = convolution.weight.clone()
    use_channels_last(convolution)
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.equal(convolution.weight, kept) and convolution.weight.requires_grad
