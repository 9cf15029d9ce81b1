#!/usr/bin/env bash
# Encodes a corpus on a Slurm cluster: an array of tasks, and a job that joins their shards.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
  cat <<'HELP'
Submits an array job in which each task encodes a shard of a corpus, and a job that joins the shards.

Usage: scripts/cluster/slurm.sh --shards N --output DIR [OPTION...] -- PATH... [OPTION OF documents...]

  --shards N       tasks, of which each encodes a shard; more than nodes, so that a lost one costs little
  --output DIR     the folder of the collection to make
  --index DIR      the folder of the Lucene index to make
  --force-merge    merge the index into one segment
  --work DIR       the folder of shards and logs (default: OUTPUT.work)
  --cpus C         cores per task (default: 1)
  --gpus G         GPUs per task (default: none)
  --wait SECONDS   how long a task that is started again waits for the first one, where that still lives
                   (default: 600)
  --sbatch OPTION  an option for sbatch, such as --sbatch --partition=gpu; may be given several times
  --program FILE   the program (default: splade-export in PATH)
  --dry-run        print the jobs as a shell script, submit nothing and write nothing

All paths have to be the same on all nodes, on a file system that the nodes share. A task whose node is lost is
queued again, and goes on with what is whole. Prints the numbers of the two jobs. The shards may be removed when the
second has ended.

Example
  scripts/cluster/slurm.sh --dry-run --shards 3 --output out/collection --index out/index --program splade-export \
    -- fixtures --part-size 20
HELP
}

main() {
  local shards="" output="" index="" merge=false work="" cpus=1 gpus="" wait=600 program="" dry=false sbatch=()
  while [[ $# -gt 0 && "$1" != -- ]]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --force-merge) merge=true ;;
      --dry-run) dry=true ;;
      --shards | --output | --index | --work | --cpus | --gpus | --wait | --sbatch | --program)
        need_value "$1" $#
        case "$1" in
          --shards | --cpus | --gpus | --wait) need_integer "$1" "$2" ;;
        esac
        case "$1" in
          --sbatch) sbatch+=("$2") ;;
          *) printf -v "${1#--}" %s "$2" ;;
        esac
        shift
        ;;
      *) usage_error "unknown option '$1'; what is for documents stands behind --" ;;
    esac
    shift
  done
  [[ $# -ge 2 ]] || usage_error "behind -- stands what is read, and the options of documents"
  shift
  [[ -n "$shards" ]] || usage_error "--shards says how many tasks there are"
  [[ -n "$output" ]] || usage_error "--output says where the collection goes"
  [[ -n "$index" ]] || ! $merge || usage_error "--force-merge is about the index, so it needs --index"
  output="$(real_path "$output")"
  work="$(real_path "${work:-$output.work}")"
  [[ -z "$index" ]] || index="$(real_path "$index")"
  # Slurm would read it as a pattern for the names of logs.
  [[ "$work" != *[%\\]* ]] || fail "$work has a % or a backslash in its name" "name another folder: --work DIR"
  find_program "$program"
  submit "$@"
}

# Sets PROGRAM.
find_program() {
  PROGRAM="$1"
  [[ -n "$PROGRAM" ]] || PROGRAM="$(command -v splade-export)" ||
    fail "splade-export is not in PATH" "install it on all nodes, or name it: --program FILE"
}

# submit ARGUMENT...: submits both jobs, or prints them.
submit() {
  local array=(--parsable --job-name=splade-export "--array=1-$shards" --requeue --open-mode=append
    "--output=$work/logs/%a.log" "--cpus-per-task=$cpus" ${gpus:+"--gres=gpu:$gpus"} "${sbatch[@]}")
  local after=(--parsable --job-name=splade-export-join --requeue --open-mode=append --kill-on-invalid-dep=yes
    "--output=$work/logs/join.log" "${sbatch[@]}")
  if $dry; then
    echo "sbatch$(quoted "${array[@]}") <<'JOB'"
    task "$@"
    echo JOB
    # shellcheck disable=SC2016  # the number is known when the first job is submitted
    echo 'sbatch --dependency=afterok:"$ARRAY"'"$(quoted "${after[@]}") <<'JOB'"
    join_task
    echo JOB
    return
  fi
  command -v sbatch >/dev/null || fail "Slurm's sbatch was not found" "run this where jobs are submitted, or see --dry-run"
  mkdir -p -- "$work/logs"
  local first second
  first="$(task "$@" | sbatch "${array[@]}")"
  first="${first%%;*}"
  second="$(join_task | sbatch "--dependency=afterok:$first" "${after[@]}")"
  echo "$first ${second%%;*}"
}

# quoted WORD...: the words as a shell reads them.
quoted() { [[ $# -eq 0 ]] || printf ' %q' "$@"; }

# task ARGUMENT...: the script of a task of the array.
task() {
  local threads=(--threads "$cpus")
  [[ -z "$gpus" ]] || threads=()
  cat <<SH
#!/usr/bin/env bash
set -euo pipefail
shard="\$(printf %05d "\$SLURM_ARRAY_TASK_ID")"
exec$(quoted "$PROGRAM" documents "$@" "${threads[@]}") --parts "\$SLURM_ARRAY_TASK_ID/$shards" --resume --wait-for-lock $wait \\
  --output$(quoted "$work")/shards/"\$shard"${index:+ --index$(quoted "$work")/indexes/\"\$shard\"}
SH
}

# join_task: the script of the second job.
join_task() {
  local merge_option=()
  ! $merge || merge_option=(--force-merge)
  cat <<SH
#!/usr/bin/env bash
set -euo pipefail
exec$(quoted "$PROGRAM" join)$(quoted "$work")/shards/* --resume --wait-for-lock $wait --output$(quoted "$output")${index:+ \\
  --index$(quoted "$index") --indexes$(quoted "$work")/indexes/*}$(quoted "${merge_option[@]}")
SH
}

main "$@"
