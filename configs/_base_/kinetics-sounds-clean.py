"""A validation split for Kinetics-Sounds.

Purpose: what the kinetics-sounds-clean configs replace in the others. Protocol 'clean':
checkpoints are chosen on the validation list, the test list is measured once.
Command: python tools/data/kinetics_sounds/prepare.py data/kinetics-sounds writes the lists.

Source of every number: our choice; one YouTube id in ten of the training list serves validation
(docs/en/user_guides/prepare_data.md).
"""
clean_train_dataloader = dict(dataset=dict(ann_file='annotations/train_clean.csv'))
clean_val_dataloader = dict(dataset=dict(ann_file='annotations/val_clean.csv', split='train'))
