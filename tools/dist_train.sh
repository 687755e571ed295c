#!/usr/bin/env bash
# Train with GPUS processes on this machine, with or without a GPU:
#   bash tools/dist_train.sh CONFIG GPUS [flags of tools/train.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR (that of NODE_RANK 0) and PORT on each.
# MAX_RESTARTS=3 starts all ranks again when one is lost; add --resume to go on where they were.
set -eu

CONFIG=${1:?usage: dist_train.sh CONFIG GPUS [flags of tools/train.py]}
GPUS=${2:?usage: dist_train.sh CONFIG GPUS [flags of tools/train.py]}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} MKL_NUM_THREADS=${MKL_NUM_THREADS:-1}
# torch 2.15 keeps the addresses of lost ranks in the store that it shares between attempts.
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1

exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --nproc-per-node="$GPUS" \
    --rdzv-backend=c10d --rdzv-endpoint="${MASTER_ADDR:-127.0.0.1}:${PORT:-29500}" \
    --rdzv-id="${RDZV_ID:-bss}" --rdzv-conf="is_host=$((${NODE_RANK:-0} == 0))" \
    --max-restarts="${MAX_RESTARTS:-0}" \
    "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "${@:3}"
