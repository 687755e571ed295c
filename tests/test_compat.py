from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import ColorJitter
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.hooks import logger_hook
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.model import BaseModel
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner

from projects.bss import compat
from projects.bss.datasets import stack_streams


class Numbers(BaseDataset):
    def load_data_list(self) -> list[dict]:
        return [dict(x=float(i)) for i in range(4)]

    def prepare_data(self, idx: int) -> dict:
        return dict(inputs=torch.tensor([self.get_data_info(idx)['x']]), data_samples=None)


class Line(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)

    def forward(self, inputs: list, data_samples: Any = None, mode: str = 'tensor') -> Any:
        # A numpy scalar of each width ends up in the message hub, as metrics leave them there.
        hub = MessageHub.get_current_instance()
        hub.update_scalar('train/half', np.float16(0.5))
        hub.update_scalar('train/single', np.float32(0.25))
        hub.update_info('counts', {'n': np.int64(3), 'flag': np.bool_(True)})
        return dict(loss=self.linear(torch.stack(tuple(inputs))).square().mean())


def make_runner(work_dir: Path, name: str, max_epochs: int, **kwargs: Any) -> Runner:
    nested = dict(classes=('a', 'b'), source=dict(split='train'))
    return Runner(
        model=Line(),
        work_dir=str(work_dir),
        experiment_name=f'{work_dir.name}-{name}',
        train_dataloader=dict(
            batch_size=2,
            dataset=dict(type=Numbers, metainfo=nested),
            sampler=dict(type='DefaultSampler', shuffle=True)),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, end=2),
                         dict(type='CosineAnnealingLR', T_max=4)],
        custom_hooks=[dict(type='EMAHook')],
        randomness=dict(seed=0),
        **kwargs,
    )


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('run')
    make_runner(folder, 'first', max_epochs=1).train()
    return folder / 'epoch_1.pth'


def test_checkpoint_of_mmengine_is_refused_without_the_shim_and_read_with_it(
        checkpoint: Path) -> None:
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        with pytest.raises(pickle.UnpicklingError, match='HistoryBuffer'):
            torch.load(checkpoint, weights_only=True)
        compat.allow_mmengine_checkpoints()
        hub = torch.load(checkpoint, weights_only=True)['message_hub']
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
    single = hub['log_scalars']['train/single']
    assert isinstance(single, HistoryBuffer)
    assert single.mean() == 0.25
    assert hub['runtime_info']['counts'] == {'n': 3, 'flag': True}


def test_runner_resumes_its_checkpoint(checkpoint: Path) -> None:
    runner = make_runner(
        checkpoint.parent, 'second', max_epochs=2, load_from=str(checkpoint), resume=True)
    runner.train()
    assert (runner.epoch, runner.iter) == (2, 4)
    losses = runner.message_hub.get_scalar('train/loss')
    assert losses.data[0].size == 4  # two iterations restored, two added


class CallsGetattr:
    def __init__(self, owner: Any, name: str) -> None:
        self.call = owner, name

    def __reduce__(self) -> tuple:
        return getattr, self.call


@pytest.mark.parametrize('owner, name', [
    (np.ndarray, 'tofile'), (HistoryBuffer, '__init__'), (HistoryBuffer, 'register_statistics'),
    (torch.Tensor, 'mean')])
def test_pickle_that_calls_getattr_is_refused(owner: Any, name: str, tmp_path: Path) -> None:
    file = tmp_path / 'evil.pth'
    torch.save(dict(state_dict=CallsGetattr(owner, name)), file)
    with torch.serialization.safe_globals([torch.Tensor]):
        with pytest.raises(pickle.UnpicklingError, match='only the statistics of HistoryBuffer'):
            torch.load(file, weights_only=True)


def test_registered_statistics_are_served(tmp_path: Path) -> None:
    file = tmp_path / 'good.pth'
    torch.save([CallsGetattr(HistoryBuffer, 'mean'), CallsGetattr(HistoryBuffer, 'max')], file)
    assert torch.load(file, weights_only=True) == [HistoryBuffer.mean, HistoryBuffer.max]


def test_pickle_of_another_function_is_refused(tmp_path: Path) -> None:
    class Command:
        def __reduce__(self) -> tuple:
            return print, ('reached',)

    file = tmp_path / 'evil.pth'
    torch.save(Command(), file)
    with pytest.raises(pickle.UnpicklingError, match='print'):
        torch.load(file, weights_only=True)


def test_shims_are_applied_once() -> None:
    allowed = len(torch.serialization.get_safe_globals())
    adjust_hue, dump = ColorJitter.adjust_hue, logger_hook.dump
    compat.apply()
    assert len(torch.serialization.get_safe_globals()) == allowed
    assert ColorJitter.adjust_hue is adjust_hue
    assert logger_hook.dump is dump


@pytest.mark.parametrize('hue', [0.1, 0.5])
def test_color_jitter_works_for_forty_seeds(hue: float) -> None:
    clip = [np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)]
    for seed in range(40):
        np.random.seed(seed)
        jittered = ColorJitter(hue=hue)(dict(imgs=clip, img_shape=(8, 8)))['imgs'][0]
        assert jittered.dtype == np.uint8
        assert not np.array_equal(jittered, clip[0])


@pytest.mark.parametrize('steps, expected', [
    (60, (0, 255, 0)), (-60, (0, 0, 255)), (120, (0, 0, 255)), (-120, (0, 255, 0)),
    (0, (255, 0, 0))])
def test_hue_of_red_turns_on_the_colour_circle(steps: int, expected: tuple) -> None:
    red = np.full((2, 2, 3), (255, 0, 0), np.float32)
    # A hue step is two degrees; half a step keeps int() from rounding towards zero by one.
    turned = ColorJitter.adjust_hue(red, (steps + np.sign(steps) * 0.5) / 255)
    assert turned.dtype == np.float32
    assert turned[0, 0].tolist() == list(expected)


def test_blue_does_not_wrap_at_the_edge_of_a_byte() -> None:
    blue = np.full((1, 1, 3), (0, 0, 255), np.float32)  # hue 120
    assert ColorJitter.adjust_hue(blue, 180.5 / 255)[0, 0].tolist() == [0, 0, 255]


def test_a_working_adjust_hue_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def upstream(img: np.ndarray, factor: float) -> np.ndarray:
        return img

    monkeypatch.setattr(ColorJitter, 'adjust_hue', staticmethod(upstream))
    compat.repair_color_jitter()
    assert ColorJitter.adjust_hue is upstream


def test_mmengine_knows_the_package_and_keeps_another_choice(
        monkeypatch: pytest.MonkeyPatch) -> None:
    assert MODULE2PACKAGE['bss'] == 'bss'
    monkeypatch.setitem(MODULE2PACKAGE, 'bss', 'somebody-else')
    compat.name_package_for_mmengine()
    assert MODULE2PACKAGE['bss'] == 'somebody-else'


def test_functions_are_found_under_the_scope_of_mmaction2() -> None:
    with FUNCTIONS.switch_scope_and_registry('mmaction') as registry:
        assert registry.get('stack_streams') is stack_streams
        assert registry.get('pseudo_collate') is pseudo_collate
