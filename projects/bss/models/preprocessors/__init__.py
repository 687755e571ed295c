"""Data preprocessors of single streams, which run in batches on the device of the model."""
from projects.bss.models.preprocessors.tokens import TokenPreprocessor

__all__ = ['TokenPreprocessor']
