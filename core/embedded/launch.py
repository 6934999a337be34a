"""The first instructions of every child process: drop privileges, die with the parent, become the program.

Run as a script, never imported. It stands between fork and exec as an own small program because Python code between
the two can deadlock in a process with threads, and because it must run before the program's user may be unable to
read this file.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def _main(parent: str, death_signal: str, user: str, *argv: str) -> None:
    if user:
        uid, gid = (int(part) for part in user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of user, which clears it.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("the parent ended while this process was being started")
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - the whole purpose
    except OSError as exc:
        sys.exit(f"cannot start {argv[0]}: {exc.strerror}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
