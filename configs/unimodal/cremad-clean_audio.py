"""Audio alone on CREMA-D, protocol "clean".

Purpose: speaker-independent lists; chosen on validation, tested once.
Command: python tools/train.py configs/unimodal/cremad-clean_audio.py

Source of every number: ./cremad_audio.py has the method, _base_/cremad-clean.py the lists, which
are our choice. It has no row in the paper.
"""
_base_ = ['./cremad_audio.py', '../_base_/cremad-clean.py']
train_dataloader = {{_base_.clean_train_dataloader}}
val_dataloader = {{_base_.clean_val_dataloader}}
test_dataloader = {{_base_.clean_test_dataloader}}
