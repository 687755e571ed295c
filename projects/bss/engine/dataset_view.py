"""See through data set wrappers: identity of a data set and of its items, and its views."""
from __future__ import annotations

import hashlib
from typing import Any, Sequence

from mmengine.dataset import Compose
from torch.utils.data import Subset

_WRAPPED = ('datasets', 'dataset', '_dataset')


def fingerprint(dataset: Any) -> str:
    """Identify a data set by its annotations.

    Args:
        dataset: A data set with its own ``fingerprint()``, any mmengine ``BaseDataset``, or a
            wrapper (concat, repeat) of such; of anything else only the length is known.

    Returns:
        Hexadecimal digest.
    """
    if hasattr(dataset, 'fingerprint'):
        return dataset.fingerprint()
    parts = [type(dataset).__name__, str(len(dataset))]
    parts += [fingerprint(inner) for inner in _inner_datasets(dataset)]
    digest = hashlib.sha256('/'.join(parts).encode())
    if len(getattr(dataset, 'data_bytes', ())):
        digest.update(dataset.data_bytes.data)
    else:
        digest.update(repr(getattr(dataset, 'data_list', None)).encode())
    return digest.hexdigest()


def identities(dataset: Any) -> list[dict[str, Any]]:
    """Say which data is read, and what differs from the manifest of its data root.

    Args:
        dataset: A data set or a wrapper.

    Returns:
        What ``describe_identity()`` says of each data set inside that has this method.
    """
    if hasattr(dataset, 'describe_identity'):
        return [dataset.describe_identity()]
    return [found for inner in _inner_datasets(dataset) for found in identities(inner)]


def seed_views(dataset: Any, seed: int, epoch: int) -> None:
    """Fix the random views of an epoch in every data set that can, also inside wrappers.

    Args:
        dataset: A data set or a wrapper; one without ``seed_views`` is left alone.
        seed: Seed of the run, >= 0.
        epoch: Epoch, counted from 0.
    """
    if hasattr(dataset, 'seed_views'):
        dataset.seed_views(seed, epoch)
    else:
        for inner in _inner_datasets(dataset):
            seed_views(inner, seed, epoch)


def original_index(dataset: Any, position: int) -> int:
    """Find the ``sample_idx`` that an item carries at a position of a possibly wrapped data set.

    Args:
        dataset: A data set, an mmengine wrapper or a torch ``Subset`` of one.
        position: Position in ``dataset``.

    Returns:
        The position in the innermost data set, which mmengine stores as ``sample_idx``.
    """
    if isinstance(dataset, Subset):
        return original_index(dataset.dataset, dataset.indices[position])
    if '_dataset' in _attributes(dataset):
        return original_index(_attributes(dataset)['_dataset'], position)
    if not hasattr(dataset, '_get_ori_dataset_idx'):
        return position
    inner = dataset._get_ori_dataset_idx(position)
    if isinstance(inner, tuple):
        return original_index(dataset.datasets[inner[0]], inner[1])
    return original_index(dataset.dataset, inner)


def with_pipeline(dataset: Any, pipeline: Sequence[Any]) -> Any:
    """Make a view of a data set that goes through another pipeline; annotations are shared.

    Args:
        dataset: A data set with a ``pipeline`` or a wrapper of such.
        pipeline: Configs of the transforms.

    Returns:
        The view, of the same length and order.

    Raises:
        TypeError: If no ``pipeline`` is found.
    """
    own = _attributes(dataset)
    wrapped = [name for name in _WRAPPED if name in own]
    if not wrapped and not hasattr(dataset, 'pipeline'):
        raise TypeError(f'A {type(dataset).__name__} has no `pipeline` that a scoring view could '
                        'replace: set `scoring=dict(pipeline=None)` in BSSHook to score the '
                        'training view as it is.')
    view = object.__new__(type(dataset))  # mmengine's slices cannot be copied
    vars(view).update(own)
    for name in wrapped:
        several = isinstance(own[name], (list, tuple))
        vars(view)[name] = ([with_pipeline(part, pipeline) for part in own[name]] if several
                            else with_pipeline(own[name], pipeline))
    if not wrapped:
        view.pipeline = Compose(list(pipeline))
    return view


def _inner_datasets(dataset: Any) -> list[Any]:
    found: list[Any] = []
    for name in _WRAPPED:
        inner = _attributes(dataset).get(name, [])
        found += list(inner) if isinstance(inner, (list, tuple)) else [inner]
    return found


def _attributes(dataset: Any) -> dict[str, Any]:
    # A plain list of samples is a data set too, and has none.
    return getattr(dataset, '__dict__', {})
