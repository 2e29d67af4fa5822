#!/usr/bin/env bash
# What features that were learned without labels are worth on real clips: every run that bench/learning.sh made and that has an encoder, by a linear probe,
# by retrieval and fine-tuned, on the clips of UCF101 that REELMINE_TEST_DATA (else ../shared/data) holds, beside untrained weights, k-means, colours and
# gradients, pictures in wrong orders; the six clips of HMDB51 through the same path; and on generated pictures of shapes, whose kinds only outlines tell.
# Resumable: run it again, and it goes on where it stopped. SETS names those to ask about.
#   bench/transfer.sh [OUT] [TASK|RUN...]      bench/transfer.sh learning wang-gupta films/deep3d-1      PRESET=tiny SEEDS=2 FINE_TUNE_STEPS=2 bench/transfer.sh
#   SETS=shapes bench/transfer.sh learning sounds/ambient-sound-1      SHAPES='synthetic:shapes@1?train=100&test=100' SETS=shapes bench/transfer.sh small
# OUT is the folder of bench/learning.sh and a RUN a folder in it; untrained weights are in it as `untrained`. The seconds of each score are printed; most
# go into fine-tuning, whose updates are FINE_TUNE_STEPS times two learning rates and one final run, for each seed and each of three sets of weights.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
out=${1:-learning}
shift || true
data=${REELMINE_TEST_DATA:-../shared/data}
seeds=${SEEDS:-3}
preset=${PRESET:-small}
steps=${FINE_TUNE_STEPS:-100}
sets=${SETS:-ucf101 hmdb51 shapes}
npm run --silent build
reelmine() { node dist/cli/main.js "$@" --quiet; }

asked() { [[ " $sets " == *" $1 "* ]]; } # SET
ingested() { # CORPUS SOURCE
  [ -f "$1/corpus.json" ] || reelmine ingest "$2" --corpus "$1" >&2 || [ $? = 3 ]
}
ucf=$out/six-classes/corpus hmdb=$out/hmdb51/corpus shapes=$out/shapes/corpus
if asked ucf101; then
  [ -d "$data/ucf101" ] || { echo "There are no clips: $data/ucf101 is missing; SETS=shapes needs none." >&2 && exit 1; }
  # The six classes that are whole; single clips of others, which have nothing to be told from, are left out.
  mkdir -p "$out/six-classes/set"
  for part in videos ucfTrainTestlist; do ln -sfn "$(realpath "$data/ucf101/$part")" "$out/six-classes/set/$part"; done
  ingested "$ucf" "ucf101:$out/six-classes/set"
fi
! asked hmdb51 || [ ! -d "$data/hmdb51" ] || ingested "$hmdb" "hmdb51:$data/hmdb51"
! asked shapes || ingested "$shapes" "${SHAPES:-synthetic:shapes@1}"

score() { # RUN FOLDER-OF-RESULTS NAME PROTOCOL CORPUS SPLIT SETTING...
  local result=$2/$3 start=$SECONDS flags=() setting
  for setting in "${@:7}"; do flags+=(--set "$setting"); done
  if [ ! -f "$result/result.json" ]; then
    # Nothing of the official test list of UCF101 was trained on where bench/learning.sh trained; other sets share no clip with it.
    reelmine eval "$4" --run "$1" --data "$5" --split "$6" --partial --seeds "$seeds" --out "$result" "${flags[@]}" >/dev/null ||
      { echo "== $3 of $1: failed" && failed=1 && return 0; }
  fi
  echo "== $3 of $1 ($((SECONDS - start)) s)"
  node scripts/show-result.mjs "$result/result.json"
  results+=("$result")
}

transfer() { # RUN FOLDER-OF-RESULTS
  if asked ucf101; then
    score "$1" "$2" recognition-ucf101 action-recognition "$ucf" 1
    score "$1" "$2" retrieval-ucf101 retrieval "$ucf" 1
    score "$1" "$2" fine-tuned-ucf101 action-recognition "$ucf" 1 protocol=fine-tune "fineTune.steps=$steps"
  fi
  ! asked shapes || score "$1" "$2" shapes voc-classification "$shapes" 1
  ! asked hmdb51 || [ ! -f "$hmdb/corpus.json" ] || for split in 1 2; do # in split 3 none of the six is tested on
    score "$1" "$2" "recognition-hmdb51-$split" action-recognition "$hmdb" "$split"
    score "$1" "$2" "retrieval-hmdb51-$split" retrieval "$hmdb" "$split"
  done
}

failed=0
results=()
tasks=${*:-shuffle-and-learn wang-gupta ambient-sound motion-segmentation deep3d prednet}
for task in $tasks; do
  runs=()
  for run in "$out"/*/"$task"-[0-9]* "$out/$task"; do [ ! -f "$run/config.yaml" ] || runs+=("$run"); done
  [[ ${#runs[@]} -gt 0 || $task != */* ]] || { echo "$out/$task is no run." >&2 && exit 1; }
  [ ${#runs[@]} -gt 0 ] || echo "$task: bench/learning.sh has made no run of it in $out; untrained weights only."
  for run in "${runs[@]}"; do transfer "$run" "$run/results"; done
  [ ${#runs[@]} -gt 0 ] || transfer "random:$task?preset=$preset" "$out/untrained/$task"
done
# A page for each question: many runs on one page can be read where all are asked the same.
for name in recognition-ucf101 retrieval-ucf101 fine-tuned-ucf101 shapes; do
  same=()
  for result in "${results[@]}"; do [[ $result != */$name ]] || same+=("$result"); done
  [ ${#same[@]} = 0 ] || reelmine report "${same[@]}" --title "Transfer: $name" --out "$out/transfer-$name.html"
done
exit "$failed"
