"""Scores of samples that lack modalities, from either source, in a real run."""
from __future__ import annotations

import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS

from projects.bss.engine import BSSHook
from projects.bss.functional import balance_score, multimodal_loss, prediction_similarity
from tests.toy import BSS_L, CLASSES, deterministic_model_config, run, toy_config

SIZE = 8
ABSENT = {2: ('rgb', ), 5: ('rgb', 'depth')}


@TRANSFORMS.register_module(force=True)
class LackModalities(BaseTransform):
    """Stands after PackVectors."""

    def transform(self, results):
        sample = results['data_samples']
        gone = ABSENT.get(sample.sample_idx, ())
        if gone:
            sample.set_metainfo(dict(absent=gone))
        for name in gone:
            results['inputs'][name].zero_()
        return results


def frozen_run(work_dir, source):
    hook = dict(BSS_L, source=source, scheduler=dict(type='LearningBasedScheduler', interval=1))
    config = toy_config(work_dir, hook, size=SIZE, epochs=2,
                        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)))
    for part in ('train_dataloader', 'val_dataloader'):
        config[part]['dataset']['pipeline'].append(dict(type='LackModalities'))
    config['model'] = deterministic_model_config()
    return run(config)[0]


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    return {source: frozen_run(tmp_path_factory.mktemp(source), source)
            for source in ('pass', 'train')}


def table_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, BSSHook)).table


def test_both_sources_agree(runs):
    for column in ('correlation', 'information', 'score'):
        torch.testing.assert_close(*(getattr(table_of(runs[name]), column) for name in runs),
                                   atol=1e-6, rtol=0, equal_nan=True)


def test_scores_are_those_of_the_modalities_that_are_there(runs):
    runner = runs['pass']
    items = [runner.train_dataloader.dataset[i] for i in range(SIZE)]
    data = runner.model.data_preprocessor(dict(
        inputs={name: [item['inputs'][name] for item in items] for name in items[0]['inputs']},
        data_samples=[item['data_samples'] for item in items]))
    seen = {}
    handle = runner.model.register_logits_hook(lambda logits, features: seen.update(logits))
    with torch.no_grad():
        runner.model.eval()(**data, mode='loss')
    handle.remove()
    present = {name: torch.tensor([name not in ABSENT.get(i, ()) for i in range(SIZE)])
               for name in data['inputs']}
    similarity = prediction_similarity(seen, present=present)
    loss = multimodal_loss(seen, torch.arange(SIZE) % CLASSES, present=present)
    table = table_of(runner)
    torch.testing.assert_close(table.correlation, similarity, equal_nan=True)
    torch.testing.assert_close(table.information, loss)
    torch.testing.assert_close(table.score, balance_score(similarity, loss))
    assert table.correlation.isnan().nonzero().tolist() == [[5]]
    whole = multimodal_loss(seen, torch.arange(SIZE) % CLASSES)
    assert (loss < whole).nonzero().flatten().tolist() == [2, 5]


def test_a_sample_without_agreement_is_scored_by_its_difficulty(runs):
    table = table_of(runs['pass'])
    low, high = table.information.min(), table.information.max()
    torch.testing.assert_close(table.score[5], -(table.information[5] - low) / (high - low))
