from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper

from projects.bss.functional import multimodal_loss
from projects.bss.models import MultiModalClassifier, pool_features

STREAMS = ['rgb', 'flow', 'depth', 'fused']


def test_tensor_mode_is_encoders_then_fusion_then_head(model, batch):
    data = model.data_preprocessor(batch([0, 1]))
    out = model(data['inputs'], mode='tensor')

    features = {name: model.encoders[name](data['inputs'][name]) for name in model.modalities}
    for name in model.modalities:
        torch.testing.assert_close(out['features'][name], features[name], rtol=0, atol=0)
    joined = torch.cat(list(features.values()), dim=1)
    expected = F.linear(joined, model.head.classifiers['fused'].weight,
                        model.head.classifiers['fused'].bias)
    assert list(out['logits']) == STREAMS
    torch.testing.assert_close(out['logits']['fused'], expected)


def test_loss_terms_sum_to_the_mean_of_equation_4(model, batch):
    data = model.data_preprocessor(batch([0, 1, 2, 2]), True)
    losses = model(**data, mode='loss')
    logits = model(data['inputs'])['logits']

    assert list(losses) == [f'loss_{name}' for name in STREAMS]
    expected = multimodal_loss(logits, torch.tensor([0, 1, 2, 2]), alpha=0.2).mean()
    torch.testing.assert_close(sum(losses.values()), expected)
    total, log_vars = model.parse_losses(losses)
    torch.testing.assert_close(total, expected)
    assert set(log_vars) == {'loss', *losses}


def test_predict_writes_one_score_per_stream(model, batch):
    samples = model.val_step(batch([0, 1, 2]))
    logits = model(model.data_preprocessor(batch([0, 1, 2]))['inputs'])['logits']

    assert [sample.sample_idx for sample in samples] == [0, 1, 2]
    for i, sample in enumerate(samples):
        assert set(sample.pred_scores.keys()) == set(STREAMS)
        torch.testing.assert_close(sample.pred_scores.flow, logits['flow'][i].softmax(0))
        total = sum(logits[name][i] for name in STREAMS)
        torch.testing.assert_close(sample.pred_scores.fused, total.softmax(0))


def test_train_step_moves_every_parameter(model, batch):
    before = copy.deepcopy(model.state_dict())
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    model.train_step(batch([0, 1, 2, 1]), wrapper)
    unmoved = [key for key, value in model.state_dict().items() if torch.equal(value, before[key])]
    assert unmoved == []


@pytest.mark.parametrize('stream', ['rgb', 'flow', 'depth'])
def test_a_unimodal_loss_reaches_its_own_encoder_only(model, batch, stream):
    losses = model(**model.data_preprocessor(batch([0, 1, 2])), mode='loss')
    losses[f'loss_{stream}'].backward()
    reached = {name for name in model.modalities
               if any(p.grad is not None and p.grad.abs().sum() > 0
                      for p in model.modality_parameters(name))}
    assert reached == {stream}


def test_fused_loss_reaches_every_encoder(model, batch):
    model(**model.data_preprocessor(batch([0, 1, 2])), mode='loss')['loss_fused'].backward()
    for name in model.modalities:
        assert all(p.grad.abs().sum() > 0 for p in model.modality_parameters(name))


def test_modality_parameters_partition_the_encoders(model):
    parts = [id(p) for name in model.modalities for p in model.modality_parameters(name)]
    assert len(parts) == len(set(parts))
    assert set(parts) == {id(p) for p in model.encoders.parameters()}


def test_unknown_modality_of_parameters(model):
    with pytest.raises(KeyError, match=r"one of the modalities \('rgb', 'flow', 'depth'\), but "
                                       "got 'pose'"):
        model.modality_parameters('pose')


def test_logits_hook_sees_the_graph_until_removed(model, batch):
    seen = []
    handle = model.register_logits_hook(lambda logits, features: seen.append((logits, features)))
    data = model.data_preprocessor(batch([0, 1]))
    model(**data, mode='loss')
    model(**data, mode='predict')
    handle.remove()
    model(**data, mode='tensor')

    assert len(seen) == 2
    logits, features = seen[0]
    assert list(logits) == STREAMS and list(features) == STREAMS
    gradient, = torch.autograd.grad(logits['rgb'].sum(), features['rgb'])
    expected = model.head.classifiers['rgb'].weight.sum(dim=0).expand(2, -1)
    torch.testing.assert_close(gradient, expected)


def test_loss_hooks_change_the_training_loss_in_their_order_until_removed(model, batch):
    data = model.data_preprocessor(batch([0, 1]))
    plain = model(**data, mode='loss')
    seen = []

    def weigh(losses, outputs):
        seen.append(outputs)
        return {name: 2 * value for name, value in losses.items()}

    def extend(losses, outputs):
        return losses | dict(loss_extra=losses['loss_rgb'] + outputs.logits['rgb'].sum())

    handles = [model.register_loss_hook(weigh), model.register_loss_hook(extend)]
    changed = model(**data, mode='loss')
    assert list(changed) == [*plain, 'loss_extra']
    for name in plain:
        torch.testing.assert_close(changed[name], 2 * plain[name])
    torch.testing.assert_close(changed['loss_extra'],
                               2 * plain['loss_rgb'] + seen[0].logits['rgb'].sum())
    assert seen[0].labels.tolist() == [0, 1] and seen[0].present is None
    assert seen[0].features['fused'].requires_grad
    for handle in handles:
        handle.remove()
    assert list(model(**data, mode='loss')) == list(plain) and len(seen) == 1


def test_a_copy_keeps_its_checks_and_drops_foreign_hooks(model, batch):
    seen = []
    model.register_logits_hook(lambda logits, features: seen.append(logits))
    model.register_loss_hook(lambda losses, outputs: seen.append(losses) or losses)
    twin = copy.deepcopy(model)
    twin.num_classes = 2
    with pytest.raises(ValueError, match='num_classes = 2'):
        twin.val_step(batch([2]))
    twin.val_step(batch([1]))
    assert seen == []
    model.val_step(batch([2]))
    assert len(seen) == 1


def test_four_modalities_of_different_rank():
    widths = dict(a=2, b=2, c=2, d=2)
    model = MultiModalClassifier(
        encoders={name: torch.nn.Identity() for name in widths},
        fusion=dict(type='ConcatFusion', in_channels=widths),
        head=dict(type='JointHead', num_classes=2, in_channels=widths, fused_channels=8))
    inputs = dict(a=torch.ones(1, 2), b=torch.arange(6.).view(1, 2, 3),
                  c=torch.arange(8.).view(1, 2, 2, 2), d=torch.arange(16.).view(1, 2, 2, 2, 2))
    features = model(inputs)['features']
    expected = dict(a=[[1, 1]], b=[[1, 4]], c=[[1.5, 5.5]], d=[[3.5, 11.5]],
                    fused=[[1, 1, 1, 4, 1.5, 5.5, 3.5, 11.5]])
    assert {name: f.tolist() for name, f in features.items()} == expected


def test_pooling_takes_the_last_of_several_outputs():
    outputs = (torch.zeros(1, 2, 9), torch.tensor([[[1., 3.], [5., 9.]]]))
    assert pool_features(outputs).tolist() == [[2, 7]]


def test_inputs_are_read_by_name_not_by_position(model, batch):
    inputs = model.data_preprocessor(batch([0]))['inputs']
    shuffled = {name: inputs[name] for name in ('depth', 'rgb', 'flow')}
    torch.testing.assert_close(model(shuffled)['logits']['fused'],
                               model(inputs)['logits']['fused'], rtol=0, atol=0)


def test_autocast_keeps_losses_and_scores_in_float32(model, batch):
    data = model.data_preprocessor(batch([0, 1, 2, 0]))
    exact = model(**data, mode='loss')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        logits = model(data['inputs'])['logits']
        losses = model(**data, mode='loss')
        samples = model(**data, mode='predict')
    assert logits['fused'].dtype == torch.bfloat16
    for name, value in losses.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, exact[name], rtol=0.02, atol=0.02)
    sum(losses.values()).backward()
    assert all(p.grad.dtype == torch.float32 for p in model.parameters())
    scores = samples[0].pred_scores.fused
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores.sum(), torch.tensor(1.))


def test_half_precision_sums_do_not_overflow(config):
    head = MultiModalClassifier(**config()).head
    logits = {name: torch.tensor([[60000., 0., 0.]], dtype=torch.float16) for name in STREAMS}
    assert head.predict(logits)['fused'].tolist() == [[1, 0, 0]]


def test_state_dict_round_trip(config, batch, tmp_path):
    torch.manual_seed(1)
    first, second = (MultiModalClassifier(**config()) for _ in range(2))
    torch.save(first.state_dict(), tmp_path / 'model.pth')
    second.load_state_dict(torch.load(tmp_path / 'model.pth', weights_only=True))
    data = batch([0, 1, 2])
    scores = [[s.pred_scores.fused for s in m.test_step(data)] for m in (first, second)]
    torch.testing.assert_close(*scores, rtol=0, atol=0)


def test_fewer_than_two_modalities(config):
    wrong = config()
    wrong['encoders'] = dict(rgb=wrong['encoders']['rgb'])
    with pytest.raises(ValueError, match=r"at least two modalities, but holds \['rgb'\]: use "
                                         'UnimodalClassifier'):
        MultiModalClassifier(**wrong)


def test_reserved_modality_name(config):
    wrong = config()
    wrong['encoders']['fused'] = wrong['encoders'].pop('rgb')
    with pytest.raises(ValueError, match="No modality may be called 'fused'"):
        MultiModalClassifier(**wrong)


def test_modalities_of_encoders_and_fusion_differ(config):
    wrong = config()
    wrong['fusion']['in_channels'] = dict(rgb=5, flow=5)
    with pytest.raises(ValueError, match=r"`fusion.in_channels` must name the modalities of "
                                         r"`encoders`, \['rgb', 'flow', 'depth'\], but names "
                                         r"\['rgb', 'flow'\]"):
        MultiModalClassifier(**wrong)


@pytest.mark.parametrize('in_channels', [dict(rgb=5, flow=5), dict(rgb=5, flow=5, depth=7)])
def test_features_of_fusion_and_head_differ(config, in_channels):
    with pytest.raises(ValueError, match="`head.in_channels` must name the modalities and "
                                         "widths of `fusion.in_channels`, {'rgb': 5, 'flow': 5, "
                                         "'depth': 6}, but got {'rgb': 5, 'flow': 5"):
        MultiModalClassifier(**config(in_channels=in_channels))


def test_width_of_the_fusion_differs(config):
    with pytest.raises(ValueError, match='must be the width of the fusion, 16, but got 15'):
        MultiModalClassifier(**config(fused_channels=15))


def test_width_of_an_encoder_differs(config, batch):
    wrong = config()
    wrong['encoders']['flow']['out_channels'] = 9
    model = MultiModalClassifier(**wrong)
    with pytest.raises(ValueError, match=r"`fusion.in_channels\['flow'\]` must be the width of "
                                         'that encoder, 9, but got 5'):
        model.val_step(batch([0]))


def test_batch_with_other_modalities(model, batch):
    data = batch([0])
    data['inputs']['pose'] = data['inputs'].pop('flow')
    with pytest.raises(ValueError, match=r"\['rgb', 'flow', 'depth'\], but hold "
                                         r"\['rgb', 'depth', 'pose'\]"):
        model.val_step(data)


@pytest.mark.parametrize('label', [3, -1])
def test_label_outside_the_classes(model, batch, label):
    with pytest.raises(ValueError, match=f'num_classes = 3, but got {label}: set `num_classes`'):
        model.data_preprocessor(batch([0, label, 1]), True)


def test_label_is_checked_without_a_preprocessor_too(model, batch):
    data = model.data_preprocessor(batch([0]))
    data['data_samples'][0].set_gt_labels(7)
    with pytest.raises(ValueError, match='num_classes = 3, but got 7'):
        model(**data, mode='loss')


def test_unlabelled_samples_can_be_predicted(model, batch):
    data = batch([0, 1])
    for sample in data['data_samples']:
        del sample.gt_labels
    assert len(model.test_step(data)) == 2


def test_unstacked_input(config, batch):
    plain = config()
    plain['data_preprocessor'] = None
    with pytest.raises(TypeError, match="modality 'rgb' must be a tensor .* but got a list"):
        MultiModalClassifier(**plain).val_step(batch([0]))


def test_unknown_mode(model, batch):
    with pytest.raises(ValueError, match="'tensor', 'loss' or 'predict', but got 'train'"):
        model(batch([0])['inputs'], mode='train')


def test_missing_data_samples(model, batch):
    data = model.data_preprocessor(batch([0]))
    with pytest.raises(ValueError, match="`data_samples` must be given for mode='loss'"):
        model(data['inputs'], mode='loss')


def test_facts_for_the_log_are_no_loss_terms(model):
    total, log = model.parse_losses({
        'loss_rgb': torch.tensor(1.0), 'loss_fused': torch.tensor(2.0), 'acc': torch.tensor(0.5),
        'AGMClassifier/gloss': torch.tensor(8.0)})
    assert float(total) == 3.0
    assert {name: float(value) for name, value in log.items()} == {
        'loss': 3.0, 'loss_rgb': 1.0, 'loss_fused': 2.0, 'acc': 0.5, 'AGMClassifier/gloss': 8.0}
