from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from projects.bss.models import UnimodalClassifier


@pytest.fixture
def flow_model(config) -> UnimodalClassifier:
    parts = config()
    torch.manual_seed(0)
    return UnimodalClassifier(parts['encoders']['flow'], 'flow', 3,
                              data_preprocessor=parts['data_preprocessor'])


def test_reads_only_its_modality(flow_model, batch):
    data = batch([0, 1, 2])
    expected = flow_model.val_step(data)
    del data['inputs']['rgb']
    data['inputs']['depth'] = 'unreadable'
    for one, other in zip(flow_model.val_step(data), expected):
        torch.testing.assert_close(one.pred_scores.flow, other.pred_scores.flow, rtol=0, atol=0)


def test_loss_is_the_cross_entropy(flow_model, batch):
    data = flow_model.data_preprocessor(batch([0, 1, 2]), True)
    losses = flow_model(**data, mode='loss')
    logits = flow_model.classifier(flow_model.encoders['flow'](data['inputs']['flow']))
    assert list(losses) == ['loss_flow']
    torch.testing.assert_close(losses['loss_flow'], F.cross_entropy(logits, torch.arange(3)))


def test_both_fields_hold_the_same_scores(flow_model, batch):
    sample, = flow_model.val_step(batch([1]))
    logits = flow_model(flow_model.data_preprocessor(batch([1]))['inputs'])['logits']
    assert set(sample.pred_scores.keys()) == {'flow', 'fused'}
    torch.testing.assert_close(sample.pred_scores.fused, logits['flow'][0].softmax(0))
    torch.testing.assert_close(sample.pred_scores.flow, sample.pred_scores.fused)


def test_missing_modality(flow_model, batch):
    data = batch([0])
    del data['inputs']['flow']
    with pytest.raises(ValueError, match=r"modality 'flow', but hold \['rgb', 'depth'\]"):
        flow_model.val_step(data)


def test_label_outside_the_classes(flow_model, batch):
    with pytest.raises(ValueError, match='num_classes = 3, but got 4'):
        flow_model.val_step(batch([4]))


def test_encoder_of_unknown_width():
    with pytest.raises(ValueError, match='the encoder Linear has no `out_channels`'):
        UnimodalClassifier(nn.Linear(2, 4), 'flow', 3)
    assert UnimodalClassifier(nn.Linear(2, 4), 'flow', 3, 4).classifier.in_features == 4


def test_reserved_modality_name():
    with pytest.raises(ValueError, match="No modality may be called 'fused'"):
        UnimodalClassifier(nn.Linear(2, 4), 'fused', 3, 4)
