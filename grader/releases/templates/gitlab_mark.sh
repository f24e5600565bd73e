#!/usr/bin/env bash
# Grades each folder of SUBMISSIONS: mark.sh GRADE KEYS SUBMISSIONS REPORTS. A fault of ours stops it: it is nobody's grade.
set -euo pipefail
grade=$1 keys=$2 submissions=$3 reports=$4
mkdir -p "$reports"
for folder in "$submissions"/*/; do
  name=$(basename "$folder")
  echo "$name"
  "$grade" "$folder" @@EXPECT@@ --course "$keys" --isolation @@ISOLATION@@ \
    --fail-under 0 --format json -o "$reports/$name.json" --also html="$reports/$name.html"
done
