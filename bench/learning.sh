#!/usr/bin/env bash
# What the `small` presets learn on two cores, three seeds each: on generated sets, and on real clips where REELMINE_TEST_DATA (else ../shared/data)
# holds them. Nothing that is tested on here was used to choose a setting. Resumable: run it again, and it goes on where it stopped.
#   bench/learning.sh [OUT] [TASK...]      SEEDS='1 2 3' bench/learning.sh learning svg-lp svg-lp-deterministic
# A run takes two quiet cores up to six minutes; the script prints the seconds of each.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
out=${1:-learning}
shift || true
data=${REELMINE_TEST_DATA:-../shared/data}
seeds=${SEEDS:-1 2 3}
npm run --silent build
reelmine() { node dist/cli/main.js "$@" --quiet; }

# To add a task: what it is trained on and tested on (a line of `lessons`, sets as SET:ROLE where the corpus has an official split), its signal and
# protocol, and, where it needs them, settings of mining (for a task, a set, or both as TASK/SET:ROLE), training and testing.
declare -A signal=([shuffle-and-learn]=temporal-order [wang-gupta]=patch-triplets [prednet]=clips [svg-lp]=clips [svg-lp-deterministic]=clips
  [ambient-sound]=audio-clusters [ambient-sound-bits]=audio-clusters
  [deep3d]=stereo-pairs [motion-segmentation]=motion-masks)
declare -A protocol=([shuffle-and-learn]=temporal-order [wang-gupta]=track-retrieval [prednet]=prediction [svg-lp]=prediction [svg-lp-deterministic]=prediction
  [ambient-sound]=sound [ambient-sound-bits]=sound
  [deep3d]=stereo [motion-segmentation]=segmentation)
declare -A task=([svg-lp-deterministic]=svg-lp [ambient-sound-bits]=ambient-sound) # others are called what they are
declare -A training=([svg-lp-deterministic]='prior=none' [ambient-sound]='outputs=8' [ambient-sound-bits]='target=bits')
declare -A testing=([prednet]='mode=one-step' [svg-lp]='mode=multi-step samples=20' [svg-lp-deterministic]='mode=multi-step')
driving='preset=kitti colour=luma length=10 phase=start'
declare -A mining=(
  [shuffle-and-learn]='imageWidth=112 imageHeight=112'
  [digits]='preset=moving-mnist'
  [deep3d]='pairsPerSecond=3 leastBudget=40'
  [motion-segmentation]='secondsApart=0.08 masksPerShot=30'
  [sounds]='framesPerSource=4 clusters=8'
  [sounds-held-out]="framesPerSource=4 clusters=8 codebook=$out/sounds/audio-clusters-all"
  [ambient-sound/ucf101:train]='clusters=8'
  [ambient-sound/ucf101:test]="clusters=8 codebook=$out/ucf101/audio-clusters-train"
  [web]="clusters=8 codebook=$out/ucf101/audio-clusters-train"
  [kitti-begin]="$driving width=424 stride=1" # its whole width: the preset cuts elsewhere in every clip
  [kitti-end]="$driving stride=1"             # eight windows that overlap: their interval is too narrow
  [highway]="$driving"                        # eight, side by side
)
# A set: the sources of one corpus; several files or folders that must be there for it stand after #.
declare -A sources=(
  [motion]='synthetic:5 synthetic:6 synthetic:7'
  [ucf101]="ucf101:$data/ucf101 # $data/ucf101"
  [digits]="moving-mnist:svg@11?train=1500&test=128$([ -d "$data/mnist" ] && echo "&digits=$data/mnist")"
  [kitti-begin]="frames:$out/frames/kitti-begin@10 # $data/driving"
  [kitti-end]="frames:$out/frames/kitti-end@10 # $data/driving"
  [highway]="$data/driving/solidWhiteRight.mp4 # $data/driving"
  [films]='synthetic:stereo@5'
  [sounds]='synthetic:sounds@5'
  [sounds-held-out]='synthetic:sounds@6'
  [web]="$data/kinetics $data/general # $data/kinetics"
)
lessons='
shuffle-and-learn     motion:train motion:test
shuffle-and-learn     ucf101:train ucf101:test
wang-gupta            motion:train motion:test
wang-gupta            ucf101:train ucf101:test
prednet               kitti-begin  kitti-end highway
svg-lp                digits:train digits:test
svg-lp-deterministic  digits:train digits:test
ambient-sound         sounds       sounds-held-out
ambient-sound-bits    sounds       sounds-held-out
ambient-sound         ucf101:train ucf101:test web
deep3d                films:train  films:test
'
# Masks mined from all sequences but one, asked about that one.
if [ -d "$data/davis" ]; then
  for folder in "$data"/davis/JPEGImages/480p/*/; do
    left=$(basename "$folder")
    sources[davis-no-$left]="davis:$data/davis?except=$left # $data/davis"
    lessons+="motion-segmentation davis-no-$left davis:$data/davis?only=$left
"
  done
fi


# The one sequence of KITTI there is: the first two thirds to learn from, the last third to be asked about.
kitti="$data/driving/KITTI_sequence_1/image_l"
if [ -d "$kitti" ] && [ ! -d "$out/frames/kitti-end" ]; then
  pictures=("$kitti"/*.png)
  two=$((${#pictures[@]} * 2 / 3))
  mkdir -p "$out/frames/kitti-begin" "$out/frames/kitti-end.part"
  cp "${pictures[@]:0:two}" "$out/frames/kitti-begin"
  cp "${pictures[@]:two}" "$out/frames/kitti-end.part"
  mv "$out/frames/kitti-end.part" "$out/frames/kitti-end"
fi

set_flags() { for setting; do printf -- '--set\n%s\n' "$setting"; done; } # one argument a line

is_there() { # SET
  local needed=${sources[$1]#*# }
  [ "$needed" = "${sources[$1]}" ] || [ -e "$needed" ]
}

mined() { # TASK SET[:ROLE]: prints the dataset, after making it
  local name=${2%:*} role=${2#*:} kind=${signal[$1]} corpus=$out/${2%:*}/corpus
  [ "$role" = "$2" ] && role=all
  local dataset=$out/$name/$kind-$role flags=()
  [ "$role" = all ] || flags=(--split 1 --role "$role")
  # shellcheck disable=SC2086 -- several words
  mapfile -t -O ${#flags[@]} flags < <(set_flags ${mining[$1]:-} ${mining[$name]:-} ${mining[$1/$2]:-})
  # shellcheck disable=SC2086
  [ -f "$corpus/corpus.json" ] || reelmine ingest ${sources[$name]%%#*} --corpus "$corpus" >&2 || [ $? = 3 ]
  reelmine mine "$kind" --corpus "$corpus" --out "$dataset" "${flags[@]}" | tail -n 1 >&2
  echo "$dataset"
}

held() { # TASK SET[:ROLE]|SOURCE: what is asked about, a dataset or a source of its own
  [[ $2 == davis:* ]] && echo "$2" || mined "$1" "$2"
}

learn() { # TASK TRAINED-ON TESTED-ON...
  local name=$1 trained=$2 seed run dataset result start flags tests=("${@:3}")
  dataset=$(mined "$name" "$trained")
  # shellcheck disable=SC2086
  mapfile -t flags < <(set_flags preset=small ${training[$name]:-})
  for seed in $seeds; do
    run=$out/${trained%:*}/$name-$seed
    start=$SECONDS
    reelmine train "${task[$name]:-$name}" --data "$dataset" --out "$run" --seed "$seed" --resume "${flags[@]}" | tail -n 1
    echo "  $((SECONDS - start)) s"
    for tested in "${tests[@]}"; do
      result=$run/results/${protocol[$name]}
      [ ${#tests[@]} = 1 ] || result+=-${tested%:*}
      if [ ! -f "$result/result.json" ]; then
        # shellcheck disable=SC2086,SC2046
        reelmine eval "${protocol[$name]}" --run "$run" --data "$(held "$name" "$tested")" --out "$result" $(set_flags ${testing[$name]:-}) >/dev/null
      fi
      echo "== $name on ${trained%:*}, seed $seed, asked about $tested"
      node scripts/show-result.mjs "$result/result.json"
      [[ $name != svg-lp ]] || node bench/collisions.mjs "$result" "$out/${tested%:*}/corpus"
      results[$seed/${tested%:*}]+=" $result"
    done
  done
}

declare -A results=()
chosen=" ${*:-shuffle-and-learn wang-gupta prednet svg-lp svg-lp-deterministic ambient-sound ambient-sound-bits deep3d motion-segmentation} "
while read -r name lesson; do
  [[ -n $name && $chosen == *" $name "* ]] || continue
  for set in $lesson; do
    [[ $set == davis:* ]] && continue
    is_there "${set%:*}" || { echo "$name: ${set%:*} is left out, ${sources[${set%:*}]#*# } is not there." && continue 2; }
  done
  # shellcheck disable=SC2086
  learn "$name" $lesson </dev/null
done <<<"$lessons"
# A page for each seed and tested set, whose charts hold few enough curves to be read; and one about all runs.
for page in "${!results[@]}"; do
  # shellcheck disable=SC2086
  reelmine report ${results[$page]} --title "Held-out ${page#*/}, seed ${page%/*}" --out "$out/report-${page#*/}-${page%/*}.html"
done
runs=("$out"/*/*-[0-9])
[ ! -e "${runs[0]}" ] || reelmine report "${runs[@]}" --out "$out/report.html"
