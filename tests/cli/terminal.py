"""Runs a program in a terminal of its own: terminal.py COLUMNS LINES PROGRAM ARGUMENT...

What stands on stdin is typed when the program has shown something, as a person would answer.
"""
import fcntl
import os
import pty
import struct
import sys
import termios

columns, lines = int(sys.argv[1]), int(sys.argv[2])
child, terminal = pty.fork()
if child == 0:
    # Set before the program begins, by the side that the program has.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    os.execv(sys.argv[3], sys.argv[3:])
typed = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
status = None
while True:
    try:
        shown = os.read(terminal, 65536)
    except OSError:  # EIO: the program has ended
        # On a busy machine its last lines may still be on their way through the kernel.
        if status is not None:
            break
        status = os.waitpid(child, 0)[1]
        continue
    if not shown:
        break
    sys.stdout.buffer.write(shown)
    if typed:
        os.write(terminal, typed)
        typed = b""
sys.stdout.flush()
if status is None:
    status = os.waitpid(child, 0)[1]
sys.exit(os.waitstatus_to_exitcode(status))
