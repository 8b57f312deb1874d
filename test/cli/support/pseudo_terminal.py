"""Runs a command in a pseudo-terminal, for test/cli/support/terminal.ts: pseudo_terminal.py COLUMNS ROWS FILE [ARGUMENT ...]

Orders come as lines of JSON on standard input: {"type": text}, {"size": [columns, rows]}, {"signal": number}. What the command prints goes to
standard output as it is. Once it has ended, one line of JSON on descriptor 3 says how, and whether the terminal is as it was.
"""

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios

columns, rows, *command = sys.argv[1:]


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def kill(number):
    # What has ended meanwhile cannot be told so.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, number)


def obey(order):
    if "type" in order:
        octets = order["type"].encode()
        while octets:
            octets = octets[os.write(terminal, octets):]
    if "size" in order:
        resize(terminal, *order["size"])
    if "signal" in order:
        kill(order["signal"])


# Our hold on the command's side stays, so that the state of the terminal can be read when the command has left it.
terminal, inside = pty.openpty()
before = termios.tcgetattr(inside)
resize(terminal, int(columns), int(rows))
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(inside, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(inside, fd)
    os.closerange(3, 256)
    os.execvp(command[0], command)

ended, status = 0, 0
orders = b""
sources = [0, terminal]
while True:
    readable, _, _ = select.select(sources, [], [], 0.02)
    if 0 in readable:
        octets = os.read(0, 65536)
        if not octets:
            # The test is over.
            kill(signal.SIGKILL)
            sources.remove(0)
        *lines, orders = (orders + octets).split(b"\n")
        for line in lines:
            obey(json.loads(line))
    if terminal in readable:
        os.write(1, os.read(terminal, 65536))
    elif ended == child:
        break
    if not ended:
        ended, status = os.waitpid(child, os.WNOHANG)

code = os.waitstatus_to_exitcode(status)
after = termios.tcgetattr(inside)
report = {"code": code if code >= 0 else 128 - code, "restored": after == before}
os.write(3, (json.dumps(report) + "\n").encode())
