#!/usr/bin/env bash
# Clones each project of repositories.txt into a folder: get.sh FOLDER. One that cannot be cloned is told, and the others go on.
set -uo pipefail
mkdir -p "$1"
grep -v '^#' repositories.txt | while read -r project; do
  [ -n "$project" ] || continue
  git clone --quiet --depth 1 "https://oauth2:${STUDENTS_TOKEN}@${CI_SERVER_HOST}/$project.git" "$1/${project//\//__}" ||
    echo "cannot clone $project: is it in the token's reach?" >&2
done
