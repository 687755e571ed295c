"""Which of several visits of a sample counts."""
import pytest
import torch

from projects.bss.engine import BalanceMeasurer, ScoreTable
from projects.bss.engine.score_source import TrainingForward, last_visits


def test_last_visits_by_hand():
    assert last_visits(torch.tensor([3, 0, 3, 1, 0]), 5).tolist() == [4, 3, 2]
    assert last_visits(torch.tensor([], dtype=torch.int64), 2).tolist() == []


@pytest.fixture
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def test_a_sample_seen_twice_keeps_its_last_values_at_any_size(two_threads):
    """Enough samples for several threads, of which each writes a share."""
    size = 200_000
    source = TrainingForward(BalanceMeasurer())
    source.table = ScoreTable(size)
    positions = torch.cat([torch.randperm(size), torch.arange(size)])
    rounds = torch.arange(2.).repeat_interleave(size)
    unread = torch.ones(2 * size)
    unread[-1] = 0  # another sample came in the place of the last one
    source._seen.append(torch.stack([unread, positions, rounds, 10 + rounds]).double())
    source.flush()
    assert source.table.correlation[:-1].eq(1).all() and source.table.correlation[-1] == 0
    assert source.table.information[:-1].eq(11).all() and source.table.information[-1] == 10
