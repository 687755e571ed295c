"""Eq 7 and its variants."""
import pytest

from projects.bss.functional import PACINGS, paced_count, pacing


@pytest.mark.parametrize('epoch, share', [(0, 0.1), (1, 0.186414), (2, 0.243926), (5, 0.365718),
                                          (10, 0.507445), (20, 0.710634), (39, 0.987547), (40, 1),
                                          (41, 1), (1000, 1)])
def test_equation_7(epoch, share):
    assert pacing(epoch) == pytest.approx(share, abs=5e-7)


@pytest.mark.parametrize('epoch, count', [(0, 669), (1, 1248), (20, 4759), (39, 6614),
                                          (40, 6698)])
def test_number_of_samples_of_cremad(epoch, count):
    assert paced_count(6698, pacing(epoch)) == count


def test_the_offset_of_the_authors_code_starts_one_epoch_later():
    assert pacing(0, offset=1) == pytest.approx(0.186414, abs=5e-7)
    assert pacing(39, offset=1) == 1


@pytest.mark.parametrize('type', sorted(PACINGS))
@pytest.mark.parametrize('power', [1, 2, 3, 5])
@pytest.mark.parametrize('lambda_0', [0.05, 0.3, 1.0])
def test_every_pacing_starts_at_lambda_0_never_falls_and_ends_at_one(type, power, lambda_0):
    shares = [pacing(t, type, power, t_grow=30, lambda_0=lambda_0) for t in range(35)]
    assert shares[0] == pytest.approx(lambda_0)
    assert shares == sorted(shares)
    assert shares[30:] == [1.0] * 5


@pytest.mark.parametrize('arguments, share', [
    (dict(type='root', power=3), ((1 - 0.001) * 0.25 + 0.001)**(1 / 3)),
    (dict(type='root', power=5), ((1 - 0.1**5) * 0.25 + 0.1**5)**0.2),
    (dict(type='root', power=1), 0.1 + 0.9 * 0.25),
    (dict(type='linear'), 0.325),
    (dict(type='geometric'), 0.1**0.75),
    (dict(type='baby_step'), 0.1 + 0.9 * 0.2),
])
def test_values_at_a_quarter(arguments, share):
    assert pacing(10, **arguments) == pytest.approx(share, abs=1e-12)


def test_baby_step_takes_five_equal_steps():
    shares = [pacing(t, 'baby_step', t_grow=10, lambda_0=0.5) for t in range(11)]
    assert shares == pytest.approx([.5, .5, .6, .6, .7, .7, .8, .8, .9, .9, 1])


def test_the_count_forgives_rounding_and_is_never_zero():
    assert paced_count(10, 0.1 + 0.2 - 1e-12) == 3
    assert paced_count(10, (0.3**5)**(1 / 5)) == 3
    assert paced_count(3, 0.01) == 1


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="Unknown pacing 'linaer'. Did you mean 'linear'?"):
        pacing(0, type='linaer')


@pytest.mark.parametrize('arguments, message', [
    (dict(lambda_0=0), r'`lambda_0` must lie in \(0, 1\], but got 0'),
    (dict(lambda_0=1.2), 'but got 1.2'),
    (dict(t_grow=0), 'must be positive, but got t_grow=0'),
    (dict(power=-1), 'power=-1'),
])
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        pacing(0, **arguments)
