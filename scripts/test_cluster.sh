#!/usr/bin/env bash
# Encodes on a real Slurm and a real Ray of three nodes on this machine, and kills a node in the middle.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

RAY=2.60.0
SHARDS=12

usage() {
  cat <<'HELP'
Starts three nodes on this machine, encodes a corpus on them through scripts/cluster/, kills a node with all its
processes in the middle, and compares the result with that of one run, byte for byte. Linux alone, and root: a
node is a process namespace of its own. An engine that cannot be had is skipped, and named. Takes some minutes.

Usage: scripts/test_cluster.sh [slurm] [ray]

  slurm  needs slurmctld, slurmd, sbatch and munged, on Debian: apt install slurm-wlm munge
  ray    is fetched from PyPI (290 MB, once)

Example
  scripts/test_cluster.sh slurm
HELP
}

main() {
  local engine engines=("$@")
  for engine in "$@"; do
    case "$engine" in
      --help | -h) usage; exit 0 ;;
      slurm | ray) ;;
      *) usage_error "unknown engine '$engine'" ;;
    esac
  done
  [[ ${#engines[@]} -gt 0 ]] || engines=(slurm ray)
  need_cache
  [[ "$(uname -s)" == Linux && "$(id -u)" == 0 ]] || fail "this needs Linux, and root" "run it in a container of yours"
  "$SCRIPTS/setup.sh" onnxruntime model
  eval "$("$SCRIPTS/setup.sh" --print-env)"
  build_program --bin splade-export
  PROGRAM="$RELEASE/splade-export"
  WORK="$(mktemp -d)"
  trap finish EXIT
  corpus >"$WORK/corpus.jsonl"
  ARGUMENTS=("$WORK/corpus.jsonl" --model "$SPLADE_EXPORT_MODEL" --part-size 40)
  "$PROGRAM" documents "${ARGUMENTS[@]}" --quiet --output "$WORK/one/collection" --index "$WORK/one/index"
  for engine in "${engines[@]}"; do "test_$engine"; done
}

# Ends what was started, by the numbers of the processes.
STARTED=()
finish() {
  local process
  for process in "${STARTED[@]}"; do kill -9 "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf -- "$WORK"
}

# The fixtures again and again, each time with docids of their own.
corpus() {
  local copy
  for copy in {1..12}; do sed "s/\"_id\": *\"/&$copy-/" "$SCRIPTS/../fixtures/corpus.jsonl"; done
}

# node COMMAND...: runs a command in process and mount namespaces of its own, which end with it. Sets NODE.
node() {
  unshare --pid --mount --mount-proc --fork --kill-child "$@" >"$WORK/node.log" 2>&1 &
  NODE=$!
  STARTED+=("$NODE")
}

# await SECONDS WHAT COMMAND...
await() {
  local end=$((SECONDS + $1)) what="$2"
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [[ $SECONDS -gt $end ]]; then
      tail -n 20 "$WORK"/*.log "$WORK"/*/collection.work/logs/*.log >&2 || true
      fail "$what: this did not happen in time" "look at the logs above"
    fi
    sleep 0.2
  done
}

# begun FOLDER: one shard is whole and another one is being encoded.
begun() { compgen -G "$1/collection.work/shards/*/manifest.json" && compgen -G "$1/collection.work/shards/*/.unfinished"; }

# compare ENGINE
compare() {
  diff -r "$WORK/one/collection" "$WORK/$1/collection"
  diff -r "$WORK/one/index" "$WORK/$1/index"
  "$PROGRAM" verify "$WORK/$1/collection" --index "$WORK/$1/index"
  local tries
  tries="$(grep -lE '^(kept|waiting|finished) ' "$WORK/$1/collection.work/logs/"*.log | wc -l)"
  echo "$1: a node of three was killed, $tries tasks were run again, and all bytes are those of one run"
}

# ---- Slurm ------------------------------------------------------------------------------------------------------

test_slurm() {
  local tool
  for tool in slurmctld slurmd sbatch munged; do
    if ! PATH="$PATH:/usr/sbin" command -v "$tool" >/dev/null; then
      echo "slurm: SKIPPED, $tool was not found (on Debian: apt install slurm-wlm munge)"
      return
    fi
  done
  local PATH="$PATH:/usr/sbin" jobs first killed
  declare -A nodes
  start_slurm
  mkdir "$WORK/slurm"
  jobs="$("$SCRIPTS/cluster/slurm.sh" --shards "$SHARDS" --output "$WORK/slurm/collection" --index "$WORK/slurm/index" \
    --program "$PROGRAM" -- "${ARGUMENTS[@]}")"
  first="${jobs% *}"
  await 120 "a shard is whole and others are being encoded" begun "$WORK/slurm"
  killed="$(squeue --noheader --states=running --jobs="$first" --format=%N | head -n 1)"
  kill -9 "${nodes[$killed]}"
  echo "slurm: killed $killed"
  await 400 "both jobs end" no_jobs
  compare slurm
}

no_jobs() { [[ -z "$(squeue --noheader)" ]]; }

# Sets SLURM_CONF and nodes, and starts the daemons.
start_slurm() {
  local name folder="$WORK/slurm-state"
  mkdir -p "$folder/munge"
  chmod 755 "$WORK" "$folder" "$folder/munge"
  head -c 1024 /dev/urandom >"$folder/munge/key"
  chmod 400 "$folder/munge/key"
  munged --foreground --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" \
    --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" >"$WORK/munged.log" 2>&1 &
  STARTED+=($!)
  await 20 "munged answers" test -S "$folder/munge/socket"
  export SLURM_CONF="$folder/slurm.conf"
  cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=10
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=n[1-3] NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=[17001-17003] CPUs=1
PartitionName=all Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP
CONF
  mkdir -p "$folder/state"
  slurmctld -D >"$WORK/slurmctld.log" 2>&1 &
  STARTED+=($!)
  for name in n1 n2 n3; do
    node slurmd -D -N "$name"
    nodes[$name]="$NODE"
  done
  await 60 "three nodes are idle" idle
}

idle() { [[ "$(sinfo --noheader --Node --format=%t | grep -c idle)" == 3 ]]; }

# ---- Ray --------------------------------------------------------------------------------------------------------

test_ray() {
  local python="$CACHE/ray-$RAY/bin/python" number head second log="$WORK/ray.log"
  find_any_python
  if ! "$python" -c 'import ray' >/dev/null 2>&1; then
    say "ray: fetching Ray $RAY (290 MB from PyPI)"
    "${PYTHON:-python3}" -m venv "$CACHE/ray-$RAY"
    if ! "$CACHE/ray-$RAY/bin/pip" install --quiet "ray==$RAY"; then
      echo "ray: SKIPPED, Ray $RAY cannot be installed into a Python such as $("${PYTHON:-python3}" --version)"
      return
    fi
  fi
  "$SCRIPTS/build_wheel.sh" --native --output "$WORK/dist"
  "$CACHE/ray-$RAY/bin/pip" install --quiet --force-reinstall --no-deps "$WORK"/dist/*.whl
  export RAY_USAGE_STATS_ENABLED=0
  local ray="$CACHE/ray-$RAY/bin/ray" address=127.0.0.1:6399
  mkdir -p "$WORK/ray"
  ray_node "$ray" start --block --head --node-ip-address=127.0.0.1 --port="${address#*:}" --num-cpus=0 \
    --include-dashboard=false --system-config='{"health_check_period_ms":1000,"health_check_failure_threshold":3,"health_check_timeout_ms":2000}'
  head="$(await_child "$NODE")"
  await 60 "Ray's head answers" nsenter --target "$head" --pid --mount "$ray" status --address="$address"
  for number in 2 3 4; do
    ray_node "$ray" start --block --address="$address" --node-ip-address="127.0.0.$number" --num-cpus=1
    [[ $number != 3 ]] || second="$NODE"
  done
  (cd "$WORK/ray" && exec nsenter --target "$head" --pid --mount --wd="$WORK/ray" "$python" "$SCRIPTS/cluster/ray_export.py" --address "$address" --shards "$SHARDS" \
    --output collection --index index -- "${ARGUMENTS[@]}") >"$log" 2>&1 &
  local export=$!
  STARTED+=("$export")
  await 180 "a shard is whole and others are being encoded" begun "$WORK/ray"
  kill -9 "$second"
  echo "ray: killed a node"
  if ! wait "$export"; then
    tail -n 20 "$log" >&2
    fail "the export on Ray failed" "see its messages above"
  fi
  compare ray
}

# await_child PROCESS: the process that is the first one in a node.
await_child() {
  await 10 "the node starts" pgrep --parent "$1"
  pgrep --parent "$1"
}

# ray_node COMMAND...: a node with a /tmp/ray of its own.
ray_node() {
  # shellcheck disable=SC2016  # expanded in the node
  mkdir -p /tmp/ray
  node bash -c 'mount -t tmpfs tmpfs /tmp/ray && exec "$@"' ray "$@"
}

main "$@"
