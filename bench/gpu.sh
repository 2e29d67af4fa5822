#!/usr/bin/env bash
# Steps a second of every model on a GPU, against PyTorch in fp32 and tf32, with memory and the GPU's busy share: about ten minutes.
# Needs an NVIDIA GPU, `reelmine setup --gpu` (TensorFlow's CUDA build) and a Python with bench/peers/requirements.txt.
#   bench/gpu.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-${REELMINE_PEERS_PYTHON:-python3}}
command -v nvidia-smi >/dev/null || { echo "No nvidia-smi here: this benchmark needs an NVIDIA GPU." >&2; exit 1; }
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
npm run --silent build
node dist/cli/main.js doctor | grep -i tensorflow
cores=$(seq -s, 0 $(($(nproc) - 1)))
samples=$(mktemp)
trap 'rm -f "$samples"' EXIT

measure() { # TASK PRESET BATCH
  nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits --loop-ms=200 >"$samples" &
  local watcher=$!
  node bench/train.bench.mjs "$1" --preset "$2" --batch "$3" --device cuda --steps 50 --warm 20 --rounds 2 --cores "$cores" --python "$python" || echo "  failed"
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  awk -F', ' '{ busy += $1; if ($2 > most) most = $2 } END { if (NR) printf "  GPU busy %.0f %% of all samples, most memory in use %d MiB\n", busy / NR, most }' "$samples"
}

measure shuffle-and-learn paper 128
measure wang-gupta paper 50
measure prednet paper 4
measure svg-lp paper 32
measure shuffle-and-learn small 64
measure wang-gupta small 32
measure prednet small 8
measure svg-lp small 32
