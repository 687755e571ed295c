"""A validation split for VGGSound.

Purpose: what the vggsound-clean configs replace in the others. Protocol 'clean': checkpoints are
chosen on the validation list, the test list is measured once.
Command: python tools/data/vggsound/prepare.py data/vggsound writes the lists.

Source of every number: our choice; one YouTube id in ten of the training list serves validation
(docs/en/user_guides/prepare_data.md).
"""
clean_train_dataloader = dict(dataset=dict(ann_file='train_clean.csv'))
clean_val_dataloader = dict(dataset=dict(ann_file='val_clean.csv'))
