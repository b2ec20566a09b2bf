"""Getting Chromium: from the machine, else the distribution's own, unpacked into the cache."""

import shutil
from pathlib import Path

from provision import debian
from provision.commands import CommandError, UnavailableError
from provision.places import CACHE, finish, unfinished, write

FOLDER = CACHE / "chromium"
LAUNCHER = FOLDER / "chromium"

# The packages' own launcher expects them in their usual places.
LAUNCHER_TEXT = """\
#!/bin/sh
export LD_LIBRARY_PATH="{libraries}"
if [ -d "{folder}/etc/fonts" ]; then
    export FONTCONFIG_PATH="{folder}/etc/fonts" XDG_DATA_HOME="{folder}/usr/share"
fi
exec "{folder}/usr/lib/chromium/chromium" "$@"
"""


def find() -> Path | None:
    """Return the machine's Chromium, or the one in this cache."""
    if found := shutil.which("chromium"):
        return Path(found)
    return LAUNCHER if LAUNCHER.exists() else None


def fetch() -> Path:
    """Return Chromium from the distribution's packages, unpacked into the cache."""
    partial = unfinished(FOLDER)
    try:
        release = debian.own_release()
        debian.unpack(["chromium"], partial, release=release, on_top_of_the_machine=True)
    except CommandError as error:
        raise UnavailableError(
            f"Chromium is not on this machine and could not be fetched ({error}): install it."
        ) from error
    libraries = (file for pattern in ("*.so", "*.so.*") for file in partial.rglob(pattern))
    folders = {str(FOLDER / file.parent.relative_to(partial)) for file in libraries}
    launcher = partial / LAUNCHER.name
    write(launcher, LAUNCHER_TEXT.format(folder=FOLDER, libraries=":".join(sorted(folders))))
    launcher.chmod(0o755)
    finish(partial, FOLDER)
    return LAUNCHER
