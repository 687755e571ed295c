"""What the authors' published code does otherwise on Sarcasm, apart from order.

Purpose: what the sarcasm_*-official configs replace in the paper's.
Command: none of its own; python tools/train.py configs/bss/sarcasm_bssl-official.py uses it.

Source of every number: authors' published code. Batches of 32, the last incomplete one dropped;
all losses weigh 1; rate / 10 at epoch 70; scores from train mode on the training view; ResNet-50
keeps its classifier, whose 1000 outputs are projected to 768. Not followed: its two unimodal
classifiers are one.
"""
official_train_dataloader = dict(batch_size=32, drop_last=True)
official_test_dataloader = dict(batch_size=32)
equal_weights = dict(text=1, image=1, fused=1)
official_model = dict(
    encoders=dict(image=dict(keep_classifier=True, out_channels=768)),
    fusion=dict(in_channels=dict(image=768)),
    head=dict(in_channels=dict(image=768), fused_channels=1536, loss_weights=equal_weights))
official_schedule = [dict(type='StepLR', step_size=70, gamma=0.1, by_epoch=True)]
official_scoring = dict(pipeline=None, batch_size=32, mode='train')
