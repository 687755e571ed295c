"""Measures of a trained model, by stream."""
from projects.bss.evaluation.metric import MultiModalMetric, classification_scores

__all__ = ['MultiModalMetric', 'classification_scores']
