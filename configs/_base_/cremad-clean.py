"""The speaker-independent split of CREMA-D.

Purpose: what the cremad-clean configs replace in the others. Protocol 'clean': no actor is in two
of the three lists, checkpoints are chosen on the validation list, the test list is measured once.
Command: python tools/data/cremad/prepare.py data/cremad writes the lists.

Source of every number: our choice; docs/en/user_guides/prepare_data.md has the rule.
"""
clean_train_dataloader = dict(dataset=dict(ann_file='annotations/train_clean.csv'))
clean_val_dataloader = dict(dataset=dict(ann_file='annotations/val_clean.csv'))
clean_test_dataloader = dict(dataset=dict(ann_file='annotations/test_clean.csv'))
