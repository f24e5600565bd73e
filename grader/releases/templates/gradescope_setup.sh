#!/usr/bin/env bash
# Installs the grader from the wheels beside this file. The network is used only where there is no fitting Python.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}
version=@@PYTHON@@

python=$(command -v "python$version" || true)
if [ -z "$python" ] && python3 -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
  python=$(command -v python3)
fi
if [ -z "$python" ]; then
  apt-get update && apt-get install -y "python$version" "python$version-venv" && python=$(command -v "python$version") || {
    echo "There is no Python $version here. Choose a base image that has it, or make the zip again with --python VERSION." >&2
    exit 1
  }
fi

"$python" -m venv --without-pip "$root/venv" # ensurepip is not in every image; pip comes as a wheel
pip=$(echo "$root"/source/wheels/pip-*.whl)
"$root/venv/bin/python" "$pip/pip" install --quiet @@TORCH_FIRST@@
"$root/venv/bin/python" "$pip/pip" install --quiet --no-index --find-links "$root/source/wheels" deep-grade==@@VERSION@@@@TORCH@@
"$root/venv/bin/grade" --version
