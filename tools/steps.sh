# shellcheck shell=bash
# Source this: run a job in named steps and end with one line that says how it went.
#   begin JOB; step 'What happens' COMMAND…; …; finish 'What is true now'
begin() {
  job=$1
  current_step='start'
  job_began=$SECONDS
  trap say_how_it_went EXIT
  trap 'exit 130' INT TERM
}

step() {
  current_step=$1
  shift
  local began=$SECONDS
  printf '\n==> %s: %s\n' "$job" "$current_step"
  "$@"
  printf '    done in %s\n' "$(in_words $((SECONDS - began)))"
}

finish() {
  current_step=
  outcome=$1
}

in_words() {
  if [ "$1" -lt 60 ]; then
    printf '%d s' "$1"
  else
    printf '%d min %d s' $(($1 / 60)) $(($1 % 60))
  fi
}

say_how_it_went() {
  local status=$? took
  took=$(in_words $((SECONDS - job_began)))
  if [ "$status" = 0 ] && [ -z "$current_step" ]; then
    printf '\n%s: ok, %s (%s)\n' "$job" "$outcome" "$took"
  else
    printf '\n%s: FAILED at "%s" (%s)\n' "$job" "$current_step" "$took"
    exit $((status ? status : 1))
  fi
}
