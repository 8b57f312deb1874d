"""examples/python/pseud_peer.py as a process that a test commands: one JSON command a line on stdin, one answer a line on
stdout; serves calls all the time. Usage: rpc_peer.py connect|bind ENDPOINT NAME
"""

import datetime
import json
import os
import queue
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/python"))
from pseud_peer import PING, Peer, RemoteError  # noqa: E402

role, endpoint, name = sys.argv[1:]
peer = Peer(name)
commands = queue.Queue()
noted = []


@peer.register
def addition(a, b):
    return a + b


@peer.register
def area(width, height):
    return width * height


@peer.register
def boom():
    raise LookupError("nothing there")


@peer.register
def echo(value):
    return value


@peer.register
def countdown(n):
    """The partner's `countdown` calls this back, and so on down to 0."""
    return ["python: lift-off"] if n == 0 else [f"python: {n}", *peer.call("countdown", n - 1, to=caller())]


@peer.register
def die():
    os._exit(3)


peer.register(noted.append, "note")


def caller():
    return next(iter(peer.routes), "client")


def call(method, *args, **kwargs):
    try:
        return {"value": peer.call(method, *args, to=caller(), **kwargs)}
    except RemoteError as error:
        return {"code": error.code, "executed": error.executed, "message": str(error)}
    except TimeoutError:
        return {"code": "TIMEOUT"}


def roundtrip():
    """Values of every type that both languages have, there and back."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=123000)
    values = [None, True, 0, -1, 2**53, -(2**63), 2**64 - 1, 1.5, "", "grüße 🎉", b"", b"\x00\xff", [], [1, [2]]]
    values += [{}, {"a": {"b": [1]}}, now, "x" * 300, b"y" * 70_000]
    answers = [peer.call("echo", value, to=caller()) for value in values]
    return [repr(value)[:80] for value, answer in zip(values, answers) if value != answer or type(value) is not type(answer)]


def stream(method, *args, leave_after=None, **kwargs):
    """What a stream yields, and how it ended."""
    taken = []
    try:
        for item in peer.stream(method, *args, to=caller(), **kwargs):
            taken.append(item)
            if len(taken) == leave_after:
                return {"taken": taken, "end": "left"}
    except RemoteError as error:
        return {"taken": taken, "end": error.code}
    return {"taken": taken, "end": "end"}


def ping():
    peer._send([], [PING, 7])


def state():
    return {"welcome": peer.welcome, "names": list(peer.routes), "late": peer.late, "malformed": peer.malformed, "noted": noted}


ACTIONS = {f.__name__: f for f in (call, roundtrip, stream, ping, state)}
ACTIONS["notify"] = lambda method, *args: peer.notify(method, *args, to=caller())

where = peer.bind(endpoint) if role == "bind" else (peer.connect(endpoint), endpoint)[1]
print(json.dumps({"value": where}), flush=True)


def read():
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put(None)


threading.Thread(target=read, daemon=True).start()
while True:
    peer.serve(0.005)
    try:
        command = commands.get_nowait()
    except queue.Empty:
        continue
    if command is None:
        peer.close()
        break
    try:
        answer = {"value": ACTIONS[command["do"]](*command.get("args", []), **command.get("options", {}))}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
