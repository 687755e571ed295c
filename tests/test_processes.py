"""What a process says when another one is gone."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from torch import distributed

from projects.bss.processes import sentence_for_lost_process

PLACE = '[/gloo/transport/tcp/pair.cc:78] '


@pytest.fixture
def group() -> Iterator[None]:
    distributed.init_process_group('gloo', store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize('text', [
    'Connection closed by peer [127.0.0.1]:2950', 'Read error: Connection reset by peer',
    'Write error: Broken pipe', 'Timed out waiting 2000ms for recv operation to complete',
    'Application timeout caused pair closure', 'Read timeout [127.0.0.1]:2950',
    'Connect timeout [127.0.0.1]:2950'])
def test_what_gloo_says_of_a_lost_rank_is_explained(
        text: str, group: None, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(RuntimeError, match='gloo'), sentence_for_lost_process():
        raise RuntimeError(PLACE + text)
    assert capsys.readouterr().err.startswith(
        'Rank 0 of 1 has lost another rank, which was killed, has failed or does not answer: ')


def test_errors_of_torch_are_explained_by_their_type(
        group: None, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(distributed.DistError), sentence_for_lost_process():
        raise distributed.DistStoreError('wait timeout after 2000ms, keys: /0')
    assert 'has lost another rank' in capsys.readouterr().err


def test_another_error_is_left_alone(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(RuntimeError, match='shapes'), sentence_for_lost_process():
        raise RuntimeError('mat1 and mat2 shapes cannot be multiplied')
    assert capsys.readouterr().err == ''
