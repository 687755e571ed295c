"""Measurements in processes of their own."""
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def in_fresh_process(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a new process, which has imported its module and done nothing else.

    It is not a fork of this process: threads that have computed before do not survive a fork.

    Args:
        function: A function of a module.
        *args: Its arguments.

    Returns:
        What it returns.
    """
    context = get_context('forkserver')
    context.set_forkserver_preload([function.__module__])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args).result()
