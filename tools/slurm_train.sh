#!/usr/bin/env bash
# Train under Slurm, one process per GPU:
#   GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS="--time=1-0" \
#       bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [flags of tools/train.py]
set -eu

USAGE='usage: slurm_train.sh PARTITION JOB_NAME CONFIG [flags of tools/train.py]'
PARTITION=${1:?$USAGE}
JOB_NAME=${2:?$USAGE}
CONFIG=${3:?$USAGE}
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
export MASTER_PORT=${MASTER_PORT:-$((12000 + RANDOM % 20000))}

# SRUN_ARGS is several words on purpose.
exec srun -p "$PARTITION" --job-name="$JOB_NAME" \
    --nodes=$(((GPUS + GPUS_PER_NODE - 1) / GPUS_PER_NODE)) --gres=gpu:"$GPUS_PER_NODE" \
    --ntasks="$GPUS" --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$(dirname "$0")/train.py" "$CONFIG" --launcher slurm "${@:4}"
