"""Plainly shuffled order, which a resumed run continues at the very batch.

Purpose: the order of everything that is not BSS, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/fusion/cremad_concat.py uses it.

Source of every number: there is none.
"""
custom_hooks = [dict(type='ResumeOrderHook')]
