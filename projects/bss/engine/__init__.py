"""What acts during training: measurer, schedulers, hooks and the training loop."""
from .criteria import (Criterion, FeatureSimilarity, HeadGradientMagnitude, ModelOutputs,
                       PredictionSimilarity, TrainingLoss)
from .gradient_criterion import GradientMagnitude
from .hooks import BSSHook, BufferedInfoHook, CompileHook, ResumeOrderHook
from .loops import CurriculumTrainLoop
from .measurer import BalanceMeasurer
from .probe import LogitsProbe
from .schedulers import BalanceScheduler, HeuristicScheduler, LearningBasedScheduler
from .score_table import ScoreTable
from .scoring import score_dataset

__all__ = [
    'BSSHook', 'BalanceMeasurer', 'BalanceScheduler', 'BufferedInfoHook', 'CompileHook',
    'Criterion', 'CurriculumTrainLoop',
    'FeatureSimilarity', 'GradientMagnitude', 'HeadGradientMagnitude', 'HeuristicScheduler',
    'LearningBasedScheduler', 'LogitsProbe', 'ModelOutputs', 'PredictionSimilarity',
    'ResumeOrderHook', 'ScoreTable', 'TrainingLoss', 'score_dataset'
]
