"""A libzmq peer in a process of its own, by pyzmq: the twin of peer.mjs and actions.mjs, with the same commands.

One JSON command a line on stdin, in turn, and one JSON answer a line on stdout. Ends when stdin does.
"""

import base64
import errno
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
    "linger": zmq.LINGER,
    "immediate": zmq.IMMEDIATE,
    "conflate": zmq.CONFLATE,
    "ipv6": zmq.IPV6,
    "maxMessageSize": zmq.MAXMSGSIZE,
    "manual": zmq.XPUB_MANUAL,
    "noDrop": zmq.XPUB_NODROP,
    "welcomeMessage": zmq.XPUB_WELCOME_MSG,
    "invertMatching": zmq.INVERT_MATCHING,
    "plainServer": zmq.PLAIN_SERVER,
    "plainUsername": zmq.PLAIN_USERNAME,
    "plainPassword": zmq.PLAIN_PASSWORD,
    "curveServer": zmq.CURVE_SERVER,
    "curvePublicKey": zmq.CURVE_PUBLICKEY,
    "curveSecretKey": zmq.CURVE_SECRETKEY,
    "curveServerKey": zmq.CURVE_SERVERKEY,
    "zapDomain": zmq.ZAP_DOMAIN,
    # The values of `verbosity`.
    "allSubs": zmq.XPUB_VERBOSE,
    "allSubsUnsubs": zmq.XPUB_VERBOSER,
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


POOL = hashlib.shake_256(b"pseud").digest(9 * 1024 * 1024)


def parts_of(run, n):
    shape = run.get("special", {}).get(str(n)) or run["shapes"][n % len(run["shapes"])]
    start = seed_number(run["seed"]) + n * 8191
    ats = [(start + i * 127) % (len(POOL) - size + 1) for i, size in enumerate(shape)]
    return [POOL[at : at + size] for at, size in zip(ats, shape)]


def seed_number(seed):
    number = 0
    for octet in seed.encode():
        number = (number * 31 + octet) % 1_000_003
    return number


runs = {}


def messages_of(run):
    key = json.dumps(run)
    if key not in runs:
        runs[key] = [parts_of(run, n) for n in range(run["count"])]
    return runs[key]


def sizes_of(parts):
    return "+".join(str(len(part)) for part in parts)


def digest_of(parts):
    return sizes_of(parts) + ":" + hashlib.sha256(b"".join(parts)).hexdigest()[:16]


class Tally:
    def __init__(self, per):
        self.per, self.digests, self.hash, self.open = per, [], hashlib.sha256(), 0

    def add(self, parts):
        if self.per == 1:
            self.digests.append(digest_of(parts))
            return
        self.hash.update(sizes_of(parts).encode() + b":")
        for part in parts:
            self.hash.update(part)
        self.open += 1
        if self.open == self.per:
            self.cut()

    def end(self):
        if self.open > 0:
            self.cut()
        return self.digests

    def cut(self):
        self.digests.append(self.hash.hexdigest()[:16])
        self.hash, self.open = hashlib.sha256(), 0


def frames(prefix):
    return [frame.encode() for frame in prefix]


def version(_):
    return zmq.zmq_version()


def socket(command):
    made = context.socket(getattr(zmq, command["type"]))
    made.linger, made.rcvtimeo, made.sndtimeo = 1000, 20_000, 20_000
    for option, value in command.get("options", {}).items():
        set_option(made, option, value)
    sockets[command["name"]] = made


def set_option(made, option, value):
    if option == "verbosity":
        option, value = value, True
    made.setsockopt(OPTIONS[option], value.encode() if isinstance(value, str) else int(value))


def set_(command):
    set_option(sockets[command["name"]], command["option"], command["value"])


def number(command):
    sockets[command["name"]].setsockopt(command["number"], command["value"])


def zap(command):
    handler = context.socket(zmq.ROUTER)
    handler.bind("inproc://zeromq.zap.01")

    def is_good(mechanism, shown, domain):
        if mechanism == b"PLAIN":
            return shown == [command["user"].encode(), command["password"].encode()]
        if mechanism == b"CURVE":
            return base64.b64encode(shown[0]).decode() == command["key"]
        return domain == command["domain"].encode()

    def loop():
        while True:
            peer, delimiter, version, id, domain, _, _, mechanism, *shown = handler.recv_multipart()
            good = is_good(mechanism, shown, domain)
            status = "200" if good else command.get("status", "400")
            handler.send_multipart([peer, delimiter, version, id, status.encode(), b"", b"alice" if good else b"", b""])

    threading.Thread(target=loop, daemon=True).start()


def bind(command):
    sockets[command["name"]].bind(command["endpoint"])
    return endpoint(command)


def endpoint(command):
    return sockets[command["name"]].getsockopt_string(zmq.LAST_ENDPOINT)


def connect(command):
    if "routingId" in command:
        sockets[command["name"]].setsockopt(zmq.CONNECT_ROUTING_ID, command["routingId"].encode())
    sockets[command["name"]].connect(command["endpoint"])


def disconnect(command):
    sockets[command["name"]].disconnect(command["endpoint"])


def unbind(command):
    sockets[command["name"]].unbind(command["endpoint"])


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
    for parts in messages_of(command["run"]):
        made.send_multipart(prefix + parts)


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


def attempt(command):
    made = sockets[command["name"]]
    made.sndtimeo = command["ms"]
    try:
        made.send_multipart([base64.b64decode(part) for part in command["parts"]])
        return "sent"
    except zmq.ZMQError as error:
        return "EFSM" if error.errno == zmq.EFSM else errno.errorcode[error.errno]
    finally:
        made.sndtimeo = 20_000


def within(command, receive):
    made, ms = sockets[command["name"]], command.get("ms")
    made.rcvtimeo = 20_000 if ms is None else ms
    try:
        return receive(made)
    except zmq.Again:
        if ms is None:
            raise
        return None
    finally:
        made.rcvtimeo = 20_000


def take(command):
    parts = within(command, lambda made: made.recv_multipart())
    return None if parts is None else [base64.b64encode(part).decode() for part in parts]


def subscribe(command):
    made, cancel = sockets[command["name"]], command.get("cancel", False)
    for topic in map(base64.b64decode, command["topics"]):
        if made.type == zmq.XSUB:
            made.send((b"\0" if cancel else b"\1") + topic)
        else:
            made.setsockopt(zmq.UNSUBSCRIBE if cancel else zmq.SUBSCRIBE, topic)


def hear(command):
    def listen(made):
        while made.recv_multipart()[0] != command["text"].encode():
            pass
        return True

    return within(command, listen) or False


def drain(command):
    tally = Tally(1)
    while (parts := within(command, lambda made: made.recv_multipart())) is not None:
        tally.add(parts)
    return tally.end()


def receive(command):
    made, strip, tally = sockets[command["name"]], command.get("strip", 0), Tally(command.get("per", 1))
    for _ in range(command["count"]):
        tally.add(made.recv_multipart()[strip:])
    return tally.end()


def exchange(command):
    """`send` and `receive` at once: as much of either as goes without waiting, in turn."""
    made, strip, tally = sockets[command["name"]], command.get("strip", 0), Tally(command.get("per", 1))
    prefix, messages = frames(command.get("prefix", [])), messages_of(command["run"])
    sent, missing = 0, command["count"]
    while sent < len(messages) or missing > 0:
        before = sent, missing
        try:
            for parts in messages[sent : sent + 100]:
                made.send_multipart(prefix + parts, zmq.NOBLOCK)
                sent += 1
        except zmq.Again:
            pass
        try:
            for _ in range(min(missing, 100)):
                tally.add(made.recv_multipart(zmq.NOBLOCK)[strip:])
                missing -= 1
        except zmq.Again:
            pass
        if (sent, missing) == before:
            wanted = (zmq.POLLOUT if sent < len(messages) else 0) | (zmq.POLLIN if missing > 0 else 0)
            if made.poll(20_000, wanted) == 0:
                raise zmq.Again()
    return tally.end()


def request(command):
    made, prefix, strip = sockets[command["name"]], frames(command.get("prefix", [])), command.get("strip", 0)
    tally = Tally(command.get("per", 1))
    for parts in messages_of(command["run"]):
        made.send_multipart(prefix + parts)
        tally.add(made.recv_multipart()[strip:])
    return tally.end()


def reply(command):
    made, route, tally = sockets[command["name"]], command.get("route", 0), Tally(command.get("per", 1))
    for answer in messages_of(command["run"]):
        parts = made.recv_multipart()
        tally.add(parts[route:])
        made.send_multipart(parts[:route] + answer)
    return tally.end()


def close(command):
    sockets.pop(command["name"]).close()


def end(command):
    made = sockets.pop(command["name"], None)
    if made is not None:
        made.close(0)


ACTIONS = {
    f.__name__.rstrip("_"): f
    for f in (version, socket, set_, number, bind, endpoint, connect, disconnect, unbind, watch, events, send, greet, put, attempt, take)
    + (zap, subscribe, hear, drain, receive, exchange, request, reply, close, end)
}

for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"id": command["id"], "value": ACTIONS[command["do"]](command)}
    except Exception as error:
        answer = {"id": command["id"], "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
os._exit(0)  # not through the sockets: a monitor's thread may be reading
