"""The error that means: this one sample cannot be read."""
from __future__ import annotations


class UnreadableSampleError(ValueError):
    """A file of one sample is missing, corrupt or shorter than its annotation says.

    Readers raise it with a sentence that names the file; ``MultiModalDataset`` adds the sample and
    applies its ``on_error`` policy. It takes one message only, so that it survives the way back
    from a loader's worker process.
    """
