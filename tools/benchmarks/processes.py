"""Measurements in processes of their own."""
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def in_fresh_process(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a fork of this process, which has made the imports and nothing else.

    Args:
        function: A function of a module.
        *args: Its arguments.

    Returns:
        What it returns.
    """
    with ProcessPoolExecutor(1, mp_context=get_context('fork')) as pool:
        return pool.submit(function, *args).result()
