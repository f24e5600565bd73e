#!/usr/bin/env bash
# What needs a GPU, by hand on a machine that has one: PyTorch exercises judged there, and the training runs on it.
# Python with NumPy, PyTorch, Click, Rich and pytest is enough; nothing is installed. `tests/on_gpu.sh mps` is Apple's.
set -euo pipefail
device=${1:-cuda}
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD

python3 cli.py doctor
GRADE_DEVICE=$device python3 -m pytest -q tests/solutions/test_on_device.py tests/grading/test_training.py
python3 cli.py solutions --device "$device"
