#!/usr/bin/env bash
# Grades what lies in submission/ into results/results.json. Keys and grader come from this zip, never from the submission.
set -uo pipefail
root=${AUTOGRADER_ROOT:-/autograder}
results=$root/results/results.json
mkdir -p "$root/results"
rm -f "$results"
cd "$root/submission" || exit 1

"$root/venv/bin/grade" . @@EXPECT@@ --course "$root/source/course" --isolation @@ISOLATION@@ \
  --format gradescope -o "$results" --fail-under 0
status=$?
if [ "$status" -ne 0 ]; then
  rm -f "$results" # a fault of ours is no grade: Gradescope shows that the autograder failed, and nobody loses a point
fi
exit "$status"
