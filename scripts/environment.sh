#!/bin/sh
# Find a Python that is new enough and let it make the environment; with --find, only name it.
# PYTHON=... chooses one.
set -eu
cd "$(dirname "$0")/.."

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# The environment's own Python first: when it works, a newer system Python is no reason to rebuild.
for candidate in "${PYTHON:-}" .venv/bin/python python3.13 python3.12 python3.11 python3 python; do
    [ -n "$candidate" ] || continue
    if new_enough "$candidate"; then
        if [ "${1:-}" = --find ]; then
            command -v "$candidate"
            exit 0
        fi
        exec "$candidate" scripts/setup_environment.py
    fi
    if [ "$candidate" = "${PYTHON:-}" ]; then
        echo "PYTHON=$PYTHON is not a Python 3.11 or newer." >&2
        exit 1
    fi
done

echo "supportlab needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)." >&2
echo "Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv; macOS: brew install" >&2
echo "python@3.12), or name one: make PYTHON=/path/to/python3.12 env" >&2
exit 1
