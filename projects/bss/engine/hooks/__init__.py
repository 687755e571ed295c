"""Hooks of mmengine's Runner."""
from .bss_hook import BSSHook
from .resume_order_hook import ResumeOrderHook

__all__ = ['BSSHook', 'ResumeOrderHook']
