"""BSS in a project that this package does not own: mmaction2's RGBPoseConv3D, as it comes."""
import inspect
import itertools
import pickle
import re
import runpy
from pathlib import Path
from unittest.mock import patch

import decord
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS, MODELS, DefaultScope
from mmengine.runner import EpochBasedTrainLoop, Runner

from projects.bss.engine import BSSHook, LogitsProbe
from projects.bss.functional import (balance_score, multimodal_loss, prediction_similarity,
                                     sampling_probabilities, weighted_permutation)
from tests.toy import RecordOrder

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / 'tools' / 'data' / 'rgbpose' / 'make_miniature.py'
PLAIN, BSS = 'fusion/rgbpose-mini_conv3d.py', 'bss/rgbpose-mini_bssl.py'
# RGBPoseHead 1.1.0 fails on a batch of as many samples as there are classes, 4.
TRAIN, VAL, BATCH = 13, 6, 5
MODALITIES = ('rgb', 'pose')
_RUNS = itertools.count()


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """Real videos and a skeleton file, written by the tool a stranger would use."""
    root = tmp_path_factory.mktemp('data') / 'rgbpose-mini'
    main = runpy.run_path(str(GENERATOR))['main']
    main([str(root), '--train', str(TRAIN), '--val', str(VAL)])
    return root


def read(name):
    return Config.fromfile(ROOT / 'configs' / name)


def small(name, root, folder, epochs=2):
    """A config of this folder on a smaller data set, with batches that name their samples."""
    config = read(name)
    for loader, batch in (('train_dataloader', BATCH), ('val_dataloader', VAL)):
        config[loader].update(num_workers=0, persistent_workers=False, batch_size=batch)
        config[loader].dataset.update(ann_file=str(root / 'annotations.pkl'),
                                      data_prefix=dict(video=str(root / 'videos')))
    config.train_dataloader.dataset.pipeline[-1].meta_keys = ('sample_idx', )
    config.train_cfg.max_epochs = epochs
    config.default_hooks.checkpoint.max_keep_ckpts = -1
    config.merge_from_dict(dict(work_dir=str(folder), log_level='WARNING',
                                experiment_name=f'foreign{next(_RUNS)}'))
    return config


@HOOKS.register_module(force=True)
class KeepWeights(Hook):
    """Keep the weights that every epoch begins with, before anything is scored."""

    priority = 'VERY_HIGH'

    def __init__(self):
        self.epochs = []

    def before_train_epoch(self, runner):
        self.epochs.append({k: v.clone() for k, v in runner.model.state_dict().items()})


@HOOKS.register_module(force=True)
class KeepTrainingLogits(Hook):
    """Write down what the heads return in training, batch by batch, with hooks of its own."""

    def __init__(self):
        self.batches, self.last = [], {}

    def before_train(self, runner):
        for name in MODALITIES:
            layer = getattr(runner.model.cls_head, f'fc_{name}')
            layer.register_forward_hook(
                lambda module, inputs, output, name=name: self.last.update({name: output}))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        samples = data_batch['data_samples']
        self.batches.append(([sample.sample_idx for sample in samples],
                             {name: x.detach().cpu().clone() for name, x in self.last.items()},
                             torch.cat([sample.gt_labels.item.reshape(1) for sample in samples])))


def train(config):
    """Train; return the runner, the epochs' orders and the weights that they began with."""
    with patch('mmengine.runner.runner.collect_env', return_value={}):
        runner = Runner.from_cfg(config)
    recorder, keeper = RecordOrder(), KeepWeights()
    runner.register_hook(recorder)
    runner.register_hook(keeper, keeper.priority)
    runner.train()
    return runner, by_epoch(recorder.batches), keeper.epochs


def by_epoch(batches):
    return [sum((positions for _, positions in group), [])
            for _, group in itertools.groupby(batches, key=lambda batch: batch[0])]


def the_hook(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, BSSHook))


def eval_logits(config, weights, dataset):
    """Logits and labels of a data set in eval mode, through mmaction2 alone, one by one."""
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(config.model)
        data = DATASETS.build(dataset)
    model.load_state_dict(weights)
    model.eval()
    rows, labels = {name: [] for name in MODALITIES}, []
    for i in range(len(data)):
        batch = model.data_preprocessor(pseudo_collate([data[i]]), False)
        with torch.no_grad():
            scores, _ = model.extract_feat(batch['inputs'], stage='head')
        for name in MODALITIES:
            rows[name].append(scores[name])
        labels.append(int(batch['data_samples'][0].gt_labels.item))
    return {name: torch.cat(values) for name, values in rows.items()}, torch.tensor(labels)


def scored_view(config):
    """The training clips as the validation set sees its own."""
    return dict(config.train_dataloader.dataset, pipeline=config.val_dataloader.dataset.pipeline)


def expected_scores(config, weights):
    logits, labels = eval_logits(config, weights, scored_view(config))
    return balance_score(prediction_similarity(logits), multimodal_loss(logits, labels))


def expected_order(scores, seed, epoch):
    generator = torch.Generator().manual_seed(seed + epoch)
    return weighted_permutation(sampling_probabilities(scores).log(), generator).tolist()


def differences(left, right, where=''):
    """Every place where two configs differ, with both values."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in {**left, **right}:
            yield from differences(left.get(key), right.get(key), f'{where}.{key}'.lstrip('.'))
    elif left != right:
        yield where, (left, right)


def test_the_configs_differ_by_two_entries_and_an_import():
    found = dict(differences(read(PLAIN)._cfg_dict.to_dict(), read(BSS)._cfg_dict.to_dict()))
    assert set(found) == {'custom_imports', 'train_dataloader.sampler.type', 'custom_hooks'}
    assert found['custom_imports'] == (
        None, dict(imports=['projects.bss'], allow_failed_imports=False))
    assert found['train_dataloader.sampler.type'] == ('DefaultSampler', 'BalanceSampler')
    assert found['custom_hooks'] == (None, [dict(
        type='BSSHook', scheduler=dict(type='LearningBasedScheduler', interval=1),
        probe=dict(logits=dict(rgb='cls_head.fc_rgb', pose='cls_head.fc_pose')))])


@pytest.fixture(scope='module')
def bss_run(data_root, tmp_path_factory):
    """Three epochs of the documented config: folder, config, runner, orders, weights."""
    folder = tmp_path_factory.mktemp('bss')
    config = small(BSS, data_root, folder, epochs=3)
    return folder, config, *train(config)


def test_the_project_is_mmaction2s_own(bss_run):
    runner = bss_run[2]
    assert 'bss' not in read(PLAIN).pretty_text.replace(str(ROOT), '')
    parts = [runner.model, runner.model.backbone, runner.model.cls_head,
             runner.model.data_preprocessor, runner.train_dataloader.dataset,
             runner.val_evaluator.metrics[0],
             *runner.train_dataloader.dataset.pipeline.transforms]
    assert {inspect.getmodule(type(part)).__name__.split('.')[0] for part in parts} == {'mmaction'}
    assert type(runner.train_loop) is EpochBasedTrainLoop


def test_scores_and_order_are_the_equations_of_eval_mode_logits(bss_run):
    _, config, runner, orders, weights = bss_run
    assert [sorted(order) for order in orders] == 3 * [list(range(TRAIN))]
    smoothed = None
    for epoch, order in enumerate(orders):
        fresh = expected_scores(config, weights[epoch])
        smoothed = fresh if smoothed is None else .4 * smoothed + .6 * fresh
        assert order == expected_order(smoothed, runner.seed, epoch), f'epoch {epoch}'
    # Batches of another size round differently, and Eq 6 stretches what it normalises.
    torch.testing.assert_close(the_hook(runner).table.score, smoothed, atol=2e-4, rtol=0)
    assert smoothed.std() > .05


def test_the_plain_project_begins_with_the_same_weights(data_root, tmp_path, bss_run):
    *_, orders, weights = bss_run
    _, plain_orders, plain_weights = train(small(PLAIN, data_root, tmp_path, epochs=1))
    assert all(torch.equal(value, weights[0][name]) for name, value in plain_weights[0].items())
    assert sorted(plain_orders[0]) == sorted(orders[0]) and plain_orders[0] != orders[0]


def test_metric_is_the_accuracy_of_the_trained_model(bss_run):
    _, config, runner, *_ = bss_run
    logits, labels = eval_logits(config, runner.model.state_dict(), config.val_dataloader.dataset)
    measured = runner.val_loop.run()
    for name in MODALITIES:
        accuracy = (logits[name].argmax(1) == labels).float().mean().item()
        assert measured[f'acc/{name}_top1'] == pytest.approx(accuracy)
    assert 'acc/RGBPose_1:1_top1' in measured


def test_harvested_scores_are_those_of_the_training_forwards(data_root, tmp_path):
    config = small(BSS, data_root, tmp_path, epochs=2)
    config.custom_hooks[0].source = 'train'
    config.custom_hooks.append(dict(type='KeepTrainingLogits'))
    runner, orders, _ = train(config)
    seen = next(h for h in runner.hooks if isinstance(h, KeepTrainingLogits)).batches
    first_epoch = seen[:len(seen) // 2]
    similarity, loss = torch.zeros(TRAIN), torch.zeros(TRAIN)
    for positions, logits, labels in first_epoch:
        similarity[positions] = prediction_similarity(logits)
        loss[positions] = multimodal_loss(logits, labels)
    scores = balance_score(similarity, loss)
    torch.testing.assert_close(the_hook(runner).table.score, scores, atol=1e-5, rtol=0)
    assert orders[1] == expected_order(scores, runner.seed, 1)


def resume(config, checkpoint):
    config.merge_from_dict(dict(resume=True, load_from=str(checkpoint)))
    return train(config)


def test_a_resumed_run_keeps_the_order_under_mmengines_loop(data_root, tmp_path, bss_run):
    folder, _, _, orders, _ = bss_run
    _, rest, _ = resume(small(BSS, data_root, tmp_path, epochs=2), folder / 'epoch_1.pth')
    assert rest == orders[1:2]


def test_curriculum_loop_shortens_the_epochs_and_resumes_exactly(data_root, tmp_path):
    """Validation seeds numpy's global stream here, from which training draws its crops."""

    def shortened(folder):
        config = small(BSS, data_root, tmp_path / folder, epochs=3)
        config.train_cfg.type = 'CurriculumTrainLoop'
        config.custom_hooks[0].scheduler = dict(
            type='HeuristicScheduler', pacing=dict(type='linear', t_grow=2, lambda_0=.6))
        return config

    runner, orders, weights = train(shortened('whole'))
    assert [len(order) for order in orders] == [7, 10, 13]
    assert runner.iter == runner.max_iters == 2 + 2 + 3
    scores = expected_scores(shortened('other'), weights[0])
    ranked = scores.argsort(descending=True).tolist()
    assert [set(order) for order in orders] == [set(ranked[:7]), set(ranked[:10]), set(ranked)]
    resumed, rest, _ = resume(shortened('resumed'), tmp_path / 'whole' / 'epoch_1.pth')
    assert rest == orders[1:]
    assert all(torch.equal(value, resumed.model.state_dict()[name])
               for name, value in runner.model.state_dict().items())


def test_several_clips_of_a_sample_are_averaged(data_root, tmp_path):
    """mmaction2 stacks the clips of all samples along the batch."""
    config = small(BSS, data_root, tmp_path)
    view = config.val_dataloader.dataset
    view.pipeline[0].num_clips = 2
    view.pipeline[0].test_mode = False  # random clips, so that they differ
    with DefaultScope.overwrite_default_scope('mmaction'):
        model, data = MODELS.build(config.model).eval(), DATASETS.build(view)
    batch = model.data_preprocessor(pseudo_collate([data[0], data[1], data[2]]), False)
    clips = {name: value.clone() for name, value in batch['inputs'].items()}
    probe = LogitsProbe(model, **config.custom_hooks[0].probe)
    probe.listening = True
    with torch.no_grad():
        model(**batch, mode='predict')
        logits, _ = probe.take(3)
        by_clip = [model.extract_feat({name: value[:, i:i + 1] for name, value in clips.items()},
                                      stage='head')[0] for i in range(2)]
    for name in MODALITIES:
        assert not torch.allclose(by_clip[0][name], by_clip[1][name])
        mean = (by_clip[0][name] + by_clip[1][name]) / 2
        torch.testing.assert_close(logits[name], mean, atol=1e-5, rtol=0)


class TestGenerator:

    def test_layout(self, data_root):
        stored = pickle.loads((data_root / 'annotations.pkl').read_bytes())
        assert [len(stored['split'][name]) for name in ('train', 'val')] == [TRAIN, VAL]
        clip = stored['annotations'][1]
        assert clip['frame_dir'] == 'train_001' and clip['label'] == 1
        assert clip['keypoint'].shape == (1, 24, 17, 2) and clip['keypoint'].dtype == np.float32
        video = decord.VideoReader(str(data_root / 'videos' / 'train_001.mp4'))
        assert len(video) == clip['total_frames'] == 24
        assert video[0].shape[:2] == clip['img_shape']

    def test_labels_show_in_the_keypoints_that_move(self, data_root):
        stored = pickle.loads((data_root / 'annotations.pkl').read_bytes())
        wrists_and_ankle = {0: [9], 1: [10], 2: [9, 10], 3: [15]}
        for clip in stored['annotations']:
            spread = clip['keypoint'][0, :, [9, 10, 15], 1].std(axis=1)
            moving = [joint for joint, s in zip((9, 10, 15), spread) if s > 2]
            assert moving == wrists_and_ankle[clip['label']]

    def test_the_seed_decides(self, tmp_path):
        main = runpy.run_path(str(GENERATOR))['main']
        for folder, seed in (('a', 1), ('b', 1), ('c', 2)):
            main([str(tmp_path / folder), '--train', '2', '--val', '1', '--seed', str(seed)])
        first, again, other = ((tmp_path / folder / 'annotations.pkl').read_bytes()
                               for folder in 'abc')
        assert first == again != other

    @pytest.mark.parametrize('flags, message', [
        (['--train', '0'], '--train must be at least 1, but got 0'),
        (['--conflict', '2'], r'--conflict must lie in \[0, 1\], but got 2.0')])
    def test_refusals(self, tmp_path, capsys, flags, message):
        with pytest.raises(SystemExit) as stopped:
            runpy.run_path(str(GENERATOR))['main']([str(tmp_path), *flags])
        assert stopped.value.code == 2
        assert message.replace('\\', '') in capsys.readouterr().err


class TestPage:
    """The page that tells all this says what is true and runs."""

    page = (ROOT / 'docs' / 'en' / 'user_guides' / 'use_in_your_repository.md').read_text()

    def blocks(self, language):
        return re.findall(rf'^```{language}\n(.*?)^```', self.page, re.MULTILINE | re.DOTALL)

    def test_the_diff_is_that_of_the_configs(self):
        lines = self.blocks('diff')[0].splitlines()
        added, removed = ('\n'.join(line[1:] for line in lines if line[0] == sign)
                          for sign in '+-')
        config = (ROOT / 'configs' / BSS).read_text()
        assert config.endswith(f"_base_ = '../{PLAIN}'\n{added}\n")
        assert removed == added.splitlines()[1].replace('BalanceSampler', 'DefaultSampler')

    def test_mmengine_block(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        space = {}
        exec(self.blocks('python')[0], space)
        table = the_hook(space['runner']).table
        assert table.scored and table.score.std() > .05
        assert space['runner'].iter == 4 * 5

    def test_pytorch_block(self):
        space = {}
        exec(self.blocks('python')[1], space)
        sampler, scores = space['sampler'], space['scores']
        assert sampler.order().tolist() == expected_order(scores, 0, 3)
        assert sampler.cursor == 30

    def test_every_python_block_is_tested(self):
        assert len(self.blocks('python')) == 2

    def test_commands_name_existing_files(self):
        named = re.findall(r'(?:tools|configs)/[\w./-]+\.py', self.page)
        assert named and all((ROOT / name).is_file() for name in named)

    def test_a_batch_of_as_many_samples_as_classes_fails_in_the_plain_project_too(
            self, data_root, tmp_path):
        config = small(PLAIN, data_root, tmp_path, epochs=1)
        config.train_dataloader.batch_size = 4
        with pytest.raises(AttributeError, match="'dict' object has no attribute 'size'"):
            train(config)
