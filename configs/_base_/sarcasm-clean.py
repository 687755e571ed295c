"""A validation split for Sarcasm.

Purpose: what the sarcasm-clean configs replace in the others. Protocol 'clean': checkpoints are
chosen on the validation list, the test list is measured once.
Command: python tools/data/sarcasm/prepare.py data/sarcasm writes the lists.

Source of every number: our choice; one picture in ten of the training list serves validation
(docs/en/user_guides/prepare_data.md).
"""
clean_train_dataloader = dict(dataset=dict(ann_file='annotations/train_clean_data.json'))
clean_val_dataloader = dict(dataset=dict(ann_file='annotations/val_clean_data.json'))
