"""Hooks of mmengine's Runner."""
from .bss_hook import BSSHook
from .buffered_info_hook import BufferedInfoHook
from .compile_hook import CompileHook
from .resume_order_hook import ResumeOrderHook

__all__ = ['BSSHook', 'BufferedInfoHook', 'CompileHook', 'ResumeOrderHook']
