# shellcheck shell=sh
# Begins each script here: goes to the repository's folder, wherever the script was called from.
# Folders named in the environment are meant from where the caller stands.

seen_from_here() {
    case "$1" in
        '' | /*) printf '%s' "$1" ;;
        *) printf '%s' "$PWD/$1" ;;
    esac
}

DEPIN_CACHE=$(seen_from_here "${DEPIN_CACHE:-}")
DEPIN_REFERENCE=$(seen_from_here "${DEPIN_REFERENCE:-}")
export DEPIN_CACHE DEPIN_REFERENCE

# With CDPATH set, cd may go elsewhere, and prints where.
unset CDPATH
cd -- "$(dirname -- "$0")/.." || exit
