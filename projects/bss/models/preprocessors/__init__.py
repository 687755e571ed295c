"""Data preprocessors of single streams, which run in batches on the device of the model."""

__all__: list[str] = []
