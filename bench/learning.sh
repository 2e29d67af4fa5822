#!/usr/bin/env bash
# What the `small` presets learn on two cores, three seeds each, held out by group: on the generated set, and on real clips where REELMINE_TEST_DATA
# (else ../shared/data) holds some of UCF101. Resumable: run it again, and it goes on where it stopped. About 40 minutes.
#   bench/learning.sh [OUT] [TASK...]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-learning}
shift || true
tasks=(${*:-shuffle-and-learn wang-gupta})
data=${REELMINE_TEST_DATA:-../shared/data}
npm run --silent build
reelmine() { node dist/cli/main.js "$@" --quiet; }

declare -A signal=([shuffle-and-learn]=temporal-order [wang-gupta]=patch-triplets)
declare -A protocol=([shuffle-and-learn]=temporal-order [wang-gupta]=track-retrieval)
declare -A mining=([shuffle-and-learn]='--set imageWidth=112 --set imageHeight=112' [wang-gupta]='')

corpus() { # NAME SOURCE...
  local name=$1
  shift
  [ -f "$out/$name/corpus/corpus.json" ] || reelmine ingest "$@" --corpus "$out/$name/corpus" >/dev/null || [ $? = 3 ]
}

learn() { # NAME TASK
  local name=$1 task=$2 kind=${signal[$2]}
  for role in train test; do
    # shellcheck disable=SC2086 -- several words
    reelmine mine "$kind" --corpus "$out/$name/corpus" --out "$out/$name/$kind-$role" --split 1 --role $role ${mining[$task]} | tail -n 1
  done
  for seed in 1 2 3; do
    local run=$out/$name/$task-$seed result=results/${protocol[$task]}/result.json
    local start=$SECONDS
    reelmine train "$task" --data "$out/$name/$kind-train" --out "$run" --seed $seed --set preset=small --resume | tail -n 1
    echo "  $((SECONDS - start)) s"
    [ -f "$run/$result" ] || reelmine eval "${protocol[$task]}" --run "$run" --data "$out/$name/$kind-test" >/dev/null
    echo "== $name, $task, seed $seed"
    node scripts/show-result.mjs "$run/$result"
  done
}

corpus motion synthetic:5 synthetic:6 synthetic:7 # the settings were chosen on other seeds
for task in "${tasks[@]}"; do learn motion "$task"; done
if [ -d "$data/ucf101" ]; then
  corpus ucf101 "ucf101:$data/ucf101"
  for task in "${tasks[@]}"; do learn ucf101 "$task"; done
else
  echo "No $data/ucf101: real clips are left out."
fi
runs=("$out"/*/*-[123])
reelmine report "${runs[@]}" --out "$out/report.html"
