"""The model of BSS, in plainly shuffled order, on Kinetics-Sounds, protocol "clean".

Purpose: a validation list of its own; chosen on it, tested once.
Command: python tools/train.py configs/fusion/kinetics-sounds-clean_multihead.py

Source of every number: ./kinetics-sounds_multihead.py has the method, _base_/kinetics-sounds-
clean.py the lists, which are our choice. It has no row in the paper.
"""
_base_ = ['./kinetics-sounds_multihead.py', '../_base_/kinetics-sounds-clean.py']
train_dataloader = {{_base_.clean_train_dataloader}}
val_dataloader = {{_base_.clean_val_dataloader}}
