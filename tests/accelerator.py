"""A simulated accelerator: tensors that have values, on a device that is not the CPU.

``pytest -p tests.accelerator ...`` lets mmengine train there, on a machine without a GPU. The CPU
computes, but tensors and generators of both devices do not mix, a checkpoint must not hold any
tensor of this one, and operators that wait for values are counted. What it cannot tell: whether
a copy that is told not to wait comes from pinned memory, and anything about precision or speed.
Processes that a test starts afresh know nothing of it.
"""
from __future__ import annotations

import contextlib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import mmengine.device.utils
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils import backend_registration
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

NAME = 'simulated'
# Places in the code that waited for the device, with how often they did.
WAITS: Counter[str] = Counter()

_aten = torch.ops.aten
_INDEXING = {_aten.index.Tensor, _aten.index_put_.default, _aten.index_put.default,
             _aten._index_put_impl_.default}
# Tests compare across devices; the package does not call `equal`.
_MIXING = {_aten._to_copy.default, _aten.copy_.default, _aten.equal.default, *_INDEXING}
# Their results, or the shapes of them, depend on values.
_READING = {_aten._local_scalar_dense.default, _aten.equal.default, _aten.nonzero.default,
            _aten.masked_select.default, _aten.bincount.default, _aten._unique2.default,
            _aten.unique_consecutive.default, _aten.unique_dim.default,
            _aten.repeat_interleave.Tensor, _aten.allclose.default}
# Take no number of the CPU beside tensors of a GPU, unlike all others.
_STRICT = {_aten.cat.default, _aten.stack.default}
_HALF = {torch.nn.functional.linear, torch.conv1d, torch.conv2d, torch.conv3d, torch.matmul,
         torch.mm, torch.bmm, torch.addmm, torch.Tensor.matmul, torch.Tensor.__matmul__,
         torch.Tensor.mm, torch.Tensor.bmm}
_FROM_NUMBERS = {torch.tensor, torch.as_tensor, torch.asarray}


class DeviceTensor(torch.Tensor):
    """A tensor of the simulated device; ``values`` hold the same on the CPU."""

    values: torch.Tensor

    @staticmethod
    def __new__(cls, values: torch.Tensor) -> DeviceTensor:
        made = torch.Tensor._make_wrapper_subclass(
            cls, values.shape, strides=values.stride(), storage_offset=values.storage_offset(),
            dtype=values.dtype, device=f'{NAME}:0')
        made.values = values
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        return _run(func, args, kwargs or {})

    def __deepcopy__(self, memo: dict) -> DeviceTensor:
        copied = DeviceTensor(self.values.detach().clone()).requires_grad_(self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            copied._is_param = True
        return memo.setdefault(id(self), copied)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise RuntimeError('A tensor of the accelerator was pickled: bring it to the CPU first.')

    def __repr__(self, **kwargs: Any) -> str:
        return f'DeviceTensor({self.values!r})'

    def tolist(self) -> Any:
        return self.cpu().tolist()


class _Operators(TorchDispatchMode):
    """Catch operators without an argument on the device, such as those that make tensors."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        return _run(func, args, kwargs or {})


class _Functions(TorchFunctionMode):
    """Catch what never becomes an operator, and compute in half precision under autocast."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in _FROM_NUMBERS and _is_ours(kwargs.get('device')):
            device = kwargs.pop('device')
            return func(*args, **kwargs).to(device)
        if func is torch.lstm and isinstance(args[0], DeviceTensor):
            return _lstm(*args)
        if func in _HALF and torch.is_autocast_enabled(NAME):
            half = torch.get_autocast_dtype(NAME)
            args, kwargs = tree_map(
                lambda x: x.to(half) if isinstance(x, DeviceTensor) and x.is_floating_point()
                else x, (args, kwargs))
        out = func(*args, **kwargs)
        drawn = getattr(kwargs.get('generator'), 'place', None)
        if drawn and isinstance(out, torch.Tensor) and out.device.type != drawn:
            raise RuntimeError(f'{func} got a generator of the device {drawn} for another one.')
        return out


class _Generator(torch.Generator):
    """A generator of any device: the CPU draws."""

    place: str

    def __new__(cls, device: Any = 'cpu') -> _Generator:
        made = super().__new__(cls)
        made.place = torch.device(device).type
        return made


class _Module:
    """What PyTorch expects at ``torch.simulated``."""

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def _is_in_bad_fork(self) -> bool:
        return False

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def manual_seed_all(self, seed: int) -> None:
        pass  # the CPU draws

    def device(self, index: int) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext()

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]


def _lstm(inputs: torch.Tensor, state: Any, weights: Any, *options: Any) -> Any:
    """Compute one layer by its formula: accelerators have a kernel for it that a CPU lacks."""
    hidden, cell = (part[0] for part in state)
    steps = []
    for x in inputs.unbind(dim=1):
        gates = torch.addmm(weights[2], x, weights[0].T) + torch.addmm(weights[3], hidden,
                                                                       weights[1].T)
        take, forget, new, give = gates.chunk(4, dim=1)
        cell = forget.sigmoid() * cell + take.sigmoid() * new.tanh()
        hidden = give.sigmoid() * cell.tanh()
        steps.append(hidden)
    return torch.stack(steps, dim=1), hidden[None], cell[None]


def _is_ours(device: Any) -> bool:
    return isinstance(device, (str, torch.device)) and torch.device(device).type == NAME


def _run(func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Run an operator on values, if all its tensors are where they should be."""
    leaves = tree_leaves((args, kwargs))
    remote = [x for x in leaves if isinstance(x, DeviceTensor)]
    local = [x for x in leaves if isinstance(x, torch.Tensor) and not isinstance(x, DeviceTensor)]
    if not remote and not _is_ours(kwargs.get('device')):
        return func(*args, **kwargs)
    _check_devices(func, args, local if remote else [])
    if _waits(func, args, kwargs):
        WAITS[_place()] += 1
    values, options = tree_map(lambda x: x.values if isinstance(x, DeviceTensor) else x,
                               (args, kwargs))
    if _is_ours(options.get('device')):
        options['device'] = torch.device('cpu')
    elif func is _aten._to_copy.default and options.get('device') is not None:
        return func(*values, **options)  # to the CPU
    out = func(*values, **options)
    if func is _aten.copy_.default and not isinstance(args[0], DeviceTensor):
        return out
    if torch.Tag.inplace_view in func.tags:
        with no_dispatch():
            func(*args, **kwargs)
    # What was changed in place is given back as the same object.
    same = {id(x.values): x for x in remote}

    def wrap(x: Any) -> Any:
        if not isinstance(x, torch.Tensor):
            return x
        return same[id(x)] if id(x) in same else DeviceTensor(x)

    return tree_map(wrap, out)


def _check_devices(func: Any, args: tuple, local: list[torch.Tensor]) -> None:
    """Refuse what a GPU refuses; a number on the CPU goes with everything."""
    mixed = func not in _MIXING and any(x.dim() or func in _STRICT for x in local)
    if func in _INDEXING:
        assigned = args[2] if len(args) > 2 else args[0]
        mixed = any(not isinstance(x, DeviceTensor) and x.dim() for x in (args[0], assigned))
    if mixed:
        raise RuntimeError(f'{func} got tensors of the CPU beside those of the accelerator.')


def _waits(func: Any, args: tuple, kwargs: dict[str, Any]) -> bool:
    """Whether a GPU makes the program wait here."""
    if func in (_aten._to_copy.default, _aten.copy_.default):
        source = args[1] if func is _aten.copy_.default else args[0]
        target = kwargs.get('device') if func is _aten._to_copy.default else args[0].device
        if target is None or _is_ours(target) == isinstance(source, DeviceTensor):
            return False
        told_not_to = kwargs.get('non_blocking') or len(args) > 2 and args[2]
        return not told_not_to
    if func in _INDEXING:
        kinds = [(x.dtype, isinstance(x, DeviceTensor)) for x in args[1] if x is not None]
        return any(dtype in (torch.bool, torch.uint8) or not there for dtype, there in kinds)
    return func in _READING


def _place() -> str:
    """Name the innermost function of the package, or of anything else but PyTorch."""
    lines = [frame for frame in traceback.extract_stack()
             if '/torch/' not in frame.filename and frame.filename != __file__
             and not frame.name.startswith('<')]
    own = [frame for frame in lines if '/projects/bss/' in frame.filename]
    innermost = (own or lines)[-1]
    return f'{innermost.filename.rpartition("/")[2]} {innermost.name}'


def _loading(load: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``torch.load`` bring tensors to the device."""

    def to_device(file: Any, map_location: Any = None, **kwargs: Any) -> Any:
        if not _is_ours(map_location):
            return load(file, map_location=map_location, **kwargs)
        return tree_map(lambda x: x.to(map_location) if isinstance(x, torch.Tensor) else x,
                        load(file, map_location='cpu', **kwargs))

    return to_device


@contextlib.contextmanager
def simulated() -> Iterator[None]:
    """Make the device the one that mmengine takes."""
    with patch('torch.load', _loading(torch.load)), patch('torch.Generator', _Generator), \
            patch.object(mmengine.device.utils, 'DEVICE', NAME), _Functions(), _Operators():
        yield


def pytest_configure() -> None:
    """Register the device, for the whole process."""
    if not hasattr(backend_registration, '_setup_privateuseone_for_python_backend'):
        raise pytest.UsageError(f'torch {torch.__version__} is too old to simulate an accelerator: '
                                'install the one that constraints.txt names.')
    backend_registration._setup_privateuseone_for_python_backend(NAME, _Module())
    # Otherwise a module keeps its parameters and takes over their values only.
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    global _autocast
    _autocast = torch.library.Library('_', 'IMPL')
    _autocast.fallback(torch.library.fallthrough_kernel, 'AutocastPrivateUse1')


@pytest.fixture(autouse=True)
def _on_the_accelerator() -> Iterator[None]:
    with simulated():
        yield
