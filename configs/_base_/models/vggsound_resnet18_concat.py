"""The two ResNet-18 of CREMA-D with 309 classes.

Purpose: the VGGSound model, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/vggsound_bssl.py uses it.

Source of every number: 309 classes, BSS paper, section 4.1; the inherited file says the others.
The authors' code has a width of 310.
"""
_base_ = './cremad_resnet18_concat.py'
model = dict(head=dict(num_classes=309))
