"""A validation split for NVGesture.

Purpose: what the nvgesture-clean configs replace in the others. Protocol 'clean': checkpoints are
chosen on the validation list, the test list is measured once.
Command: python tools/data/nvgesture/prepare.py data/nvgesture writes the lists.

Source of every number: our choice; persons 6, 12 and 18 of the training list serve validation
(docs/en/user_guides/prepare_data.md).
"""
clean_train_dataloader = dict(dataset=dict(ann_file='nvgesture_train_clean.lst'))
clean_val_dataloader = dict(
    dataset=dict(ann_file='nvgesture_val_clean.lst', split='train'))
