"""Runs a program on a terminal and types into it, as a user would. Usage: terminal.py PROGRAM ARGUMENT…

Reads lines of JSON, each a text to type; answers each, and the program's start, with a line of JSON: what the terminal
showed until the next prompt (the prompt included) or the program's end.
"""
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios

PROMPT = re.compile(rb"(?:^|\n)(?:MySQL \[[^\]\n]*\]> |MariaDB \[[^\]\n]*\]> |    -> |>>> |\.\.\. )$")

pid, terminal = pty.fork()
if pid == 0:
    # No colours and no moving of the cursor: lines as they would be copied from a terminal.
    os.environ["TERM"] = "dumb"
    # What is typed is shown by us: else by the terminal or by the program, or by both when they are not in step.
    modes = termios.tcgetattr(0)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, modes)
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 500, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])


def shown(typed=b""):
    """Passes on what the terminal shows. Returns whether the program waits for more."""
    output = typed
    while not PROMPT.search(output):
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        output = (output + chunk).replace(b"\r\n", b"\n").replace(b"\a", b"")
    print(json.dumps(output.decode()), flush=True)
    return PROMPT.search(output) is not None


is_waiting = shown()
while is_waiting and (line := sys.stdin.readline()):
    typed = json.loads(line).encode() + b"\n"
    os.write(terminal, typed)
    is_waiting = shown(typed)
os.close(terminal)
