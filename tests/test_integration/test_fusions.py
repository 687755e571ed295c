"""Every fusion and every head under BSS-L, in a real run that is interrupted and resumed."""
from __future__ import annotations

import pytest
import torch
from mmengine.registry import MODELS

from tests.toy import BSS_L, CLASSES, WIDTHS, ToyEncoder, loader, run, toy_config

FEATURES = dict.fromkeys(WIDTHS, 4)
FUSIONS = dict(
    affine=dict(type='AffineFusion'),
    attention=dict(type='AttentionFusion'),
    channel=dict(type='ChannelFusion', num_classes=CLASSES,
                 levels={name: dict(norm=4) for name in WIDTHS}),
    concat=dict(type='ConcatFusion'),
    lstm=dict(type='LSTMFusion', hidden=4),
    sum=dict(type='SumFusion', num_classes=CLASSES),
    weight=dict(type='WeightFusion', project=4))
FUSED = dict(affine=4, attention=4, channel=None, concat=12, lstm=12, sum=None, weight=4)
HEADS = dict(
    evidential=dict(type='EvidentialHead', in_channels=FEATURES, annealing_epochs=2),
    joint=dict(type='JointHead', in_channels=FEATURES),
    split=dict(type='SplitHead'))


@MODELS.register_module(force=True)
class ToySegments(ToyEncoder):
    """A toy encoder that can be cut behind its normalisation."""

    def segments(self, places):
        return [self.layers[:2], self.layers[2:]]


def config(folder, fusion, head):
    made = toy_config(folder, BSS_L, epochs=2)
    made['train_dataloader'] = loader(6, 3, True)
    made['model'].update(
        encoders={name: dict(type='ToySegments', width=w) for name, w in WIDTHS.items()},
        fusion=dict(FUSIONS[fusion], in_channels=FEATURES),
        head=dict(HEADS[head], num_classes=CLASSES, fused_channels=FUSED[fusion]))
    return made


@pytest.mark.parametrize('fusion, head', [
    ('affine', 'split'), ('attention', 'joint'), ('channel', 'split'), ('concat', 'evidential'),
    ('lstm', 'split'), ('sum', 'joint'), ('weight', 'split')])
def test_bss_l_and_resuming(tmp_path, fusion, head):
    whole, batches = run(config(tmp_path / 'whole', fusion, head))
    scores = torch.load(tmp_path / 'whole' / 'iter_4.pth', weights_only=True)['bss']['scores']
    assert len(batches) == 4
    for criterion in ('correlation', 'information', 'score'):
        assert scores[criterion].isfinite().all() and len(scores[criterion].unique()) > 3

    resumed, rest = run(dict(config(tmp_path / 'cut', fusion, head), resume=True,
                             load_from=str(tmp_path / 'whole' / 'iter_3.pth')))
    assert rest == batches[3:]
    final = whole.model.state_dict()
    for name, value in resumed.model.state_dict().items():
        assert torch.equal(value, final[name]), name
