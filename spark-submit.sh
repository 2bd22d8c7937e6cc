#!/usr/bin/env bash
# The one door of lakerec:
#   ./spark-submit.sh <job> [--profile NAME] [flags] [-- spark-submit options]
# It installs what is missing, says so, and then becomes the real spark-submit. `--help` lists every verb.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
venv=$root/.venv
cache=${LAKEREC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lakerec}
export PYTHONPATH=$root/lib:$root
unset PYTHONDONTWRITEBYTECODE # images often set it; every Python would then compile all it imports at every start

say() { printf 'lakerec: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 2
}

# --- set-up: each step leaves .venv/.done-<step>, which holds the key of what it was done for -----------------

is_done() { [[ -f $venv/.done-$1 && $(<"$venv/.done-$1") == "$2" ]]; }
mark_done() { printf '%s\n' "$2" >"$venv/.done-$1"; }

# set_up runtime|dev: nothing to do in all starts but the first.
set_up() {
  java_is_done && packages_are_done "$1" && jars_are_done && return
  lock_set_up
  java_is_done || check_java
  packages_are_done "$1" || { install_packages "$1" && compile_loops; }
  jars_are_done || fetch_jars
  exec 9>&-
  say "set-up is complete; later starts skip it"
}

# One set-up of a checkout at a time; who had to wait finds the work done.
lock_set_up() {
  mkdir -p "$venv"
  exec 9>"$venv/.set-up"
  command -v flock >/dev/null || return 0
  flock -n 9 || { say "waiting for another set-up of this checkout" && flock 9; }
}

# --- Java -----------------------------------------------------------------------------------------------------

find_java() { if [[ -n ${JAVA_HOME:-} ]]; then echo "$JAVA_HOME/bin/java"; else command -v java || true; fi; }
java_key() { ls -lL "$(find_java)" 2>/dev/null || echo none; }
java_is_done() { is_done java "$(java_key)"; }
java_is_good() {
  "$(find_java)" --list-modules 2>/dev/null | grep -E '^jdk\.incubator\.vector@(17|21)([.+-]|$)' >/dev/null
}

check_java() {
  if ! java_is_good && [[ $EUID == 0 && -f /etc/debian_version && -z ${JAVA_HOME:-} ]]; then install_java; fi
  java_is_good || fail "Java 17 or 21 with the module jdk.incubator.vector is needed; found '$(find_java)'." \
    "Fix: apt-get install openjdk-17-jre-headless, or point JAVA_HOME at such a Java."
  mark_done java "$(java_key)"
}

install_java() {
  say "there is no suitable Java: installing Debian's with apt-get"
  apt-get update -qq >&2 || true
  local version
  for version in 17 21; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "openjdk-$version-jre-headless" >&2 && break
  done
  hash -r
}

# --- Python ---------------------------------------------------------------------------------------------------

find_python() {
  local name
  for name in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$name" && return
  done
  fail "Python 3.11 or newer is needed. Fix: apt-get install python3 python3-venv, or set PYTHON to such a Python."
}

lock_key() { cksum <"$root/requirements/$1.lock"; }
packages_are_done() { [[ -x $venv/bin/python ]] && is_done "$1" "$(lock_key "$1")"; }

install_packages() {
  local base group=$1 lock
  if [[ -f $venv/.done-dev ]]; then group=dev; fi # a developer's environment stays one when the locks change
  lock=requirements/$group.lock
  base=$(find_python) || exit 2
  rm -f "$venv"/.done-{runtime,dev,benchmark}
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    say "creating the Python environment $venv"
    "$base" -m venv "$venv" >&2 || fail "$base makes no environments. Fix: apt-get install python3-venv"
  fi
  say "installing the $(grep -c '^[a-z].*==' "$root/$lock") packages of $lock, hashes checked; about a minute"
  install_with_uv "$lock" || install_with_pip "$lock" || fail "the packages of $lock could not be installed; see above."
  if [[ $group != runtime ]]; then mark_done "$group" "$(lock_key "$group")"; fi
  mark_done runtime "$(lock_key runtime)" # the locks are made together: dev holds all of runtime
}

# uv is three times as fast as pip, its fallback. It is told what the machine tells pip.
install_with_uv() {
  install_with_pip requirements/bootstrap.lock || return 1
  (
    tell_uv UV_DEFAULT_INDEX index-url
    tell_uv UV_INDEX extra-index-url
    tell_uv UV_FIND_LINKS find-links
    tell_uv SSL_CERT_FILE cert
    "$venv/bin/python" -m uv pip sync --python "$venv/bin/python" --require-hashes "$root/$1" 2>&1 |
      { grep --line-buffered -v '^ [-+~] ' || true; } >&2
  ) && return
  say "uv did not manage; trying pip, which is slower"
  return 1
}

# tell_uv VARIABLE NAME: pip's setting NAME, from PIP_<NAME>, which pip lists first, or from pip's own files.
tell_uv() {
  local value
  value=$("$venv/bin/python" -m pip config list | sed -n "s/^[^=]*\.$2='\(.*\)'$/\1/p" | sed -e 's/\\n/ /g' -e '1!d')
  if [[ -n $value && -z ${!1:-} ]]; then export "$1=$value"; fi
}

install_with_pip() {
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r "$root/$1" >&2
}

# numba keeps what it compiled beside the modules; whoever needed a loop first would wait for it without a word.
compile_loops() {
  say "compiling the inner loops for this processor; about half a minute"
  "$venv/bin/python" -c 'import lakerec.worker_daemon' 2>/dev/null || say "that did not work; they are compiled when they are needed"
}

# --- Delta's jars ---------------------------------------------------------------------------------------------

jar_paths() {
  local artifact revision
  grep -v '^#' "$root/conf/jars.lock" | tr ':' ' ' | while read -r _ artifact revision _; do
    printf '%s\n' "$cache/jars/$artifact-$revision.jar"
  done
}

jars_key() { printf '%s %s' "$cache" "$(cksum <"$root/conf/jars.lock")"; }
jars_are_done() {
  local path
  while read -r path; do [[ -f $path ]] || return 1; done < <(jar_paths)
  is_done jars "$(jars_key)"
}

fetch_jars() {
  say "checking Delta's jars in $cache/jars, fetching what is missing"
  "$venv/bin/python" -m lakerec.door.jars >&2 || exit 2
  mark_done jars "$(jars_key)"
}

# --- Java's classes -------------------------------------------------------------------------------------------

# Java loads and verifies some twenty thousand classes at every start. Kept once, they take a third off a small job.
classes=$venv/spark-classes.jsa
classes_key() { printf '%s %s' "$(java_key)" "$(lock_key runtime)"; }
classes_are_done() { [[ -f $classes ]] && is_done classes "$(classes_key)"; }

# keep_classes <command>: run it, and keep the classes that it loaded.
keep_classes() {
  local code=0 begun=$classes.begun
  say "this run also keeps what Java loads, for faster starts from now on; that takes about half a minute at its end"
  SPARK_SUBMIT_OPTS+=" \"-XX:ArchiveClassesAtExit=$begun\""
  stay_with "$@" || code=$?
  if ((code == 0 || code == 4)) && [[ -s $begun ]]; then # any other run may have ended before it loaded much
    mv -f "$begun" "$classes"
    mark_done classes "$(classes_key)"
  fi
  rm -f "$begun"
  return "$code"
}

# --- verbs ----------------------------------------------------------------------------------------------------

set_environment() {
  local homes=("$venv"/lib/python3.*/site-packages/pyspark)
  # Kept classes need a class path of jars alone, so Spark's own folder of settings is one that is not there.
  export SPARK_HOME=${homes[0]} SPARK_CONF_DIR=${homes[0]}/conf
  export SPARK_SUBMIT_OPTS="${SPARK_SUBMIT_OPTS:-} \"-Dlog4j2.configurationFile=$root/conf/spark/log4j2.properties\" -Xlog:cds*=off"
  if classes_are_done; then SPARK_SUBMIT_OPTS+=" \"-XX:SharedArchiveFile=$classes\""; fi
  export PYSPARK_PYTHON=$venv/bin/python PYSPARK_DRIVER_PYTHON=$venv/bin/python
  export TZ=UTC PYTHONHASHSEED=0 OPENBLAS_NUM_THREADS=1
}

# become_job <job> [flags] [-- spark-submit options]
become_job() {
  local name=$1 profile=local job=("$root/jobs/$1.py") options word start=exec
  options=(--jars "$(jar_paths | paste -sd, -)")
  shift
  while (($#)); do
    word=$1 && shift
    case $word in
    --) options+=("$@") && break ;;
    -h | --help)
      packages_are_done runtime || set_up runtime
      exec "$venv/bin/python" "${job[0]}" --help
      ;;
    --follow) start=stay_with ;;
    --dry-run) name= ;; # loads next to nothing
    --profile) profile=${1:-} ;;
    --profile=*) profile=${word#*=} ;;
    esac
    job+=("$word")
  done
  [[ -f $root/conf/spark/$profile.conf ]] || fail "there is no profile '$profile'; known: $(names "$root"/conf/spark/*.conf)"
  set_up runtime
  set_environment
  if [[ $profile == cluster ]]; then add_package; fi
  if [[ $name-$profile-$start == run_pipeline-local-exec ]] && ! classes_are_done; then
    if is_done pipeline "$(classes_key)"; then start=keep_classes; fi # whoever tries lakerec once does not wait for it
    mark_done pipeline "$(classes_key)"
  fi
  $start "$SPARK_HOME/bin/spark-submit" --properties-file "$root/conf/spark/$profile.conf" "${options[@]}" "${job[@]}"
}

# stay_with <command>: pass a request to stop on to the driver, which ends its batch, and not to the Java around it.
# Returns its exit code.
stay_with() {
  local code=0
  LAKEREC_DRIVER_PID_FILE=$(mktemp)
  export LAKEREC_DRIVER_PID_FILE
  "$@" &
  trap 'kill -TERM "$(cat "$LAKEREC_DRIVER_PID_FILE")" 2>/dev/null || kill -TERM $!' TERM INT
  while kill -0 $! 2>/dev/null; do wait $! && code=0 || code=$?; done
  rm -f "$LAKEREC_DRIVER_PID_FILE"
  return "$code"
}

# What executors elsewhere need; the driver runs here, in client mode.
add_package() {
  "$venv/bin/python" -m lakerec.door.package --reuse-environment >&2 || exit 2
  options+=(--py-files "$root/dist/lakerec.zip" --archives "$root/dist/environment.tar.gz#environment")
  options+=(--conf "spark.pyspark.driver.python=$venv/bin/python")
}

names() { printf '%s\n' "$@" | sed -e 's|.*/||' -e 's|\.[a-z]*$||' -e '/^__/d' | paste -sd' ' -; }

become_tests() {
  set_up dev
  set_environment
  cd "$root"
  if [[ ${1:-} == --quick ]]; then shift && set -- -m "not lake and not slow and not cluster" "$@"; fi
  exec "$venv/bin/python" -m pytest --numprocesses 2 --dist loadgroup "$@"
}

# become_benchmark <name> [options]: in an environment of its own, which holds the peers beside everything else.
become_benchmark() {
  local name=${1:-}
  [[ $name =~ ^[a-z_]+$ && -f $root/benchmarks/$name.py ]] || fail "there is no benchmark '$name'; see benchmarks/README.md"
  shift
  venv=$root/build/benchmark/.venv
  mkdir -p "$venv"
  set_up benchmark
  set_environment
  cd "$root"
  exec "$venv/bin/python" -m "benchmarks.$name" "$@"
}

verb=${1:---help}
shift || true
case $verb in
-h | --help | help) exec "$(find_python)" -m lakerec.door.verbs ;;
setup)
  set_up runtime # each verb sets up what it needs; this does nothing else
  say "everything is there; ./spark-submit.sh --help lists what to do with it"
  ;;
test) become_tests "$@" ;;
benchmark) become_benchmark "$@" ;;
doctor)
  if [[ -x $venv/bin/python ]]; then set_environment && exec "$venv/bin/python" -m lakerec.door.doctor "$@"; fi
  exec "$(find_python)" -m lakerec.door.doctor "$@"
  ;;
package)
  set_up runtime
  exec "$venv/bin/python" -m lakerec.door.package "$@"
  ;;
notebook)
  set_up dev
  set_environment
  exec "$venv/bin/python" -m lakerec.door.notebook "$@"
  ;;
*)
  [[ $verb =~ ^[a-z_]+$ && -f $root/jobs/$verb.py ]] || fail "there is no job '$verb'; known: $(names "$root"/jobs/*.py)"
  become_job "$verb" "$@"
  ;;
esac
