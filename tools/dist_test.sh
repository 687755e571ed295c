#!/usr/bin/env bash
# Evaluate with GPUS processes on this machine, with or without a GPU:
#   bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [flags of tools/test.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR (that of NODE_RANK 0) and PORT on each.
set -eu

CONFIG=${1:?usage: dist_test.sh CONFIG CHECKPOINT GPUS [flags of tools/test.py]}
CHECKPOINT=${2:?usage: dist_test.sh CONFIG CHECKPOINT GPUS [flags of tools/test.py]}
GPUS=${3:?usage: dist_test.sh CONFIG CHECKPOINT GPUS [flags of tools/test.py]}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} MKL_NUM_THREADS=${MKL_NUM_THREADS:-1}

exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --nproc-per-node="$GPUS" \
    --rdzv-backend=c10d --rdzv-endpoint="${MASTER_ADDR:-127.0.0.1}:${PORT:-29500}" \
    --rdzv-id="${RDZV_ID:-bss}" --rdzv-conf="is_host=$((${NODE_RANK:-0} == 0))" \
    "$(dirname "$0")/test.py" "$CONFIG" "$CHECKPOINT" --launcher pytorch "${@:4}"
