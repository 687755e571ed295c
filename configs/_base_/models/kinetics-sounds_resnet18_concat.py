"""The two ResNet-18 of CREMA-D with 31 classes.

Purpose: the Kinetics-Sounds model, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/kinetics-sounds_bssl.py uses it.

Source of every number: 31 classes, BSS paper, section 4.1; the inherited file says the others.
"""
_base_ = './cremad_resnet18_concat.py'
model = dict(head=dict(num_classes=31))
