"""Rows of the table of tools/benchmark.py, top to bottom.

Purpose: the list that is read unless --rows names another one.
Command: python tools/benchmark.py avmnist --seeds 0,1,2 --out work_dirs/benchmark/avmnist

config:  file below configs/; {data} is the name of the data set. With *, ? or [ every file that
         fits is a row of its own.
name:    name of the row; {name} is what follows {data}_ in the name of the file (the default).
control: which control it is, if one. One row is 'vanilla', which all others are compared with.
options: changes of the config, by dotted key.
"""
rows = [
    dict(config='fusion/{data}_multihead.py', name='vanilla', control='vanilla'),
    dict(config='unimodal/{data}_*.py', name='alone-{name}', control='unimodal'),
    dict(config='fusion/{data}_concat.py'),
    dict(
        config='bss/{data}_bssh.py',
        name='bssh-random',
        control='random order',
        options={'custom_hooks.0.scheduler.order': 'random'}),
    dict(
        config='bss/{data}_bssh.py',
        name='bssh-anti',
        control='anti-CL',
        options={'custom_hooks.0.scheduler.order': 'imbalanced_first'}),
    dict(
        config='bss/{data}_bssh.py',
        name='bssh-equal-updates',
        control='equal updates',
        options={'custom_hooks.0.scheduler.equal_updates': True}),
    dict(config='rebalance/{data}_*.py'),
    dict(config='bss/{data}_bss[hl].py'),
]
