"""Audio alone on CREMA-D with 3 s of sound.

Purpose: the shorter of two sound pipelines in circulation.
Command: python tools/train.py configs/unimodal/cremad-a3_audio.py

Source of every number: ./cremad_audio.py has the method, _base_/cremad-a3.py the sound. Which of
the two the paper used is not known.
"""
_base_ = ['./cremad_audio.py', '../_base_/cremad-a3.py']
train_dataloader = {{_base_.a3_train_dataloader}}
val_dataloader = {{_base_.a3_test_dataloader}}
test_dataloader = {{_base_.a3_test_dataloader}}
