"""A libzmq peer in a process of its own, by pyzmq: the twin of peer.mjs and actions.mjs, with the same commands.

One JSON command a line on stdin, in turn, and one JSON answer a line on stdout. Ends when stdin does.
"""

import base64
import hashlib
import json
import os
import sys
import threading
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

OPTIONS = {
    "routingId": zmq.IDENTITY,
    "mandatory": zmq.ROUTER_MANDATORY,
    "handover": zmq.ROUTER_HANDOVER,
    "probeRouter": zmq.PROBE_ROUTER,
    "correlate": zmq.REQ_CORRELATE,
    "relaxed": zmq.REQ_RELAXED,
    "heartbeatInterval": zmq.HEARTBEAT_IVL,
    "heartbeatTimeout": zmq.HEARTBEAT_TIMEOUT,
    "heartbeatTimeToLive": zmq.HEARTBEAT_TTL,
    "reconnectInterval": zmq.RECONNECT_IVL,
    "sendHighWaterMark": zmq.SNDHWM,
    "receiveHighWaterMark": zmq.RCVHWM,
    "verboser": zmq.XPUB_VERBOSER,
}
EVENTS = {
    zmq.EVENT_HANDSHAKE_SUCCEEDED: "handshake",
    zmq.EVENT_DISCONNECTED: "disconnect",
    zmq.EVENT_CONNECTED: "connect",
    zmq.EVENT_ACCEPTED: "accept",
}

context = zmq.Context()
sockets = {}
counts = {}


def parts_of(run, n):
    shape = run["shapes"][n % len(run["shapes"])]
    return [hashlib.shake_256(f"{run['seed']}/{n}/{i}".encode()).digest(size) for i, size in enumerate(shape)]


def digest_of(parts):
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:16]
    return "+".join(str(len(part)) for part in parts) + ":" + digest


def frames(prefix):
    return [frame.encode() for frame in prefix]


def version(_):
    return zmq.zmq_version()


def socket(command):
    made = context.socket(getattr(zmq, command["type"]))
    made.linger, made.rcvtimeo, made.sndtimeo = 1000, 20_000, 20_000
    for option, value in command.get("options", {}).items():
        made.setsockopt(OPTIONS[option], value.encode() if isinstance(value, str) else int(value))
    sockets[command["name"]] = made


def bind(command):
    made = sockets[command["name"]]
    made.bind(command["endpoint"])
    return made.getsockopt_string(zmq.LAST_ENDPOINT)


def connect(command):
    sockets[command["name"]].connect(command["endpoint"])


def watch(command):
    monitor = sockets[command["name"]].get_monitor_socket()
    seen = counts[command["name"]] = {}

    def loop():
        while True:
            event = recv_monitor_message(monitor)["event"]
            if event in EVENTS:
                seen[EVENTS[event]] = seen.get(EVENTS[event], 0) + 1

    threading.Thread(target=loop, daemon=True).start()


def events(command):
    return counts[command["name"]]


def send(command):
    made, prefix = sockets[command["name"]], frames(command.get("prefix", []))
    for n in range(command["run"]["count"]):
        made.send_multipart(prefix + parts_of(command["run"], n))


def send_when_known(name, parts):
    """A ROUTER with ROUTER_MANDATORY does not know its peer the moment that the peer knows it."""
    end = time.monotonic() + 10
    while True:
        try:
            return sockets[name].send_multipart(parts)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH or time.monotonic() > end:
                raise
            time.sleep(0.005)


def greet(command):
    send_when_known(command["name"], frames(command["parts"]))


def put(command):
    send_when_known(command["name"], [base64.b64decode(part) for part in command["parts"]])


def take(command):
    return [base64.b64encode(part).decode() for part in sockets[command["name"]].recv_multipart()]


def subscribe(command):
    made, cancel = sockets[command["name"]], command.get("cancel", False)
    for topic in map(base64.b64decode, command["topics"]):
        if made.type == zmq.XSUB:
            made.send((b"\0" if cancel else b"\1") + topic)
        else:
            made.setsockopt(zmq.UNSUBSCRIBE if cancel else zmq.SUBSCRIBE, topic)


def hear(command):
    made = sockets[command["name"]]
    made.rcvtimeo = command["ms"]
    try:
        while made.recv_multipart()[0] != command["text"].encode():
            pass
        return True
    except zmq.Again:
        return False
    finally:
        made.rcvtimeo = 20_000


def receive(command):
    made, strip = sockets[command["name"]], command.get("strip", 0)
    return [digest_of(made.recv_multipart()[strip:]) for _ in range(command["count"])]


def request(command):
    made, prefix, strip = sockets[command["name"]], frames(command.get("prefix", [])), command.get("strip", 0)
    digests = []
    for n in range(command["run"]["count"]):
        made.send_multipart(prefix + parts_of(command["run"], n))
        digests.append(digest_of(made.recv_multipart()[strip:]))
    return digests


def reply(command):
    made, route = sockets[command["name"]], command.get("route", 0)
    digests = []
    for n in range(command["run"]["count"]):
        parts = made.recv_multipart()
        digests.append(digest_of(parts[route:]))
        made.send_multipart(parts[:route] + parts_of(command["run"], n))
    return digests


def close(command):
    sockets.pop(command["name"]).close()


ACTIONS = {
    f.__name__: f
    for f in (version, socket, bind, connect, watch, events, send, greet, put, take, subscribe, hear, receive)
    + (request, reply, close)
}

for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"id": command["id"], "value": ACTIONS[command["do"]](command)}
    except Exception as error:
        answer = {"id": command["id"], "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
os._exit(0)  # not through the sockets: a monitor's thread may be reading
