"""Samplers that a curriculum can steer."""
from .balance_sampler import BalanceSampler
from .plan import Plan

__all__ = ['BalanceSampler', 'Plan']
