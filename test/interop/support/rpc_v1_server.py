"""A server of protocol 1 on a ROUTER, frame by frame, as Python's pseud is one. Usage: rpc_v1_server.py [USER PASSWORD].

Prints its endpoint, then one line of JSON for each message that is no call; a line on stdin is a method of the client to be called with [21], "end"
ends it. With a user it serves nobody who has not said HELLO with that password.
"""

import datetime
import json
import pickle
import sys
import uuid

import msgpack
import zmq

WORK, OK, ERROR, HELLO = b"\x03", b"\x01", b"\x10", b"\x02"
AUTHENTICATED, UNAUTHORIZED, HEARTBEAT = b"\x04", b"\x11", b"\x06"

router = zmq.Context().socket(zmq.ROUTER)
router.identity = b"remote"
router.router_mandatory = 1
router.linger = 10_000
router.bind("tcp://127.0.0.1:*")
wanted = tuple(word.encode() for word in sys.argv[1:3])
admitted = set()
asked = {}


def say(**seen):
    print(json.dumps(seen), flush=True)


def stamp(value):
    return msgpack.ExtType(125, pickle.dumps(value))


FUNCTIONS = {
    "lower": lambda text: text.lower(),
    "math.add": lambda a, b: a + b,
    "echo": lambda value: value,
    "now": lambda: stamp(datetime.datetime(2026, 1, 1)),
    "boom": lambda: {}["nothing there"],
    "wrong": lambda: None + 1,
}


def work(body):
    name, args, kwargs = msgpack.unpackb(body)
    assert kwargs == {}, kwargs
    if name not in FUNCTIONS:
        return ERROR, msgpack.packb(("ServiceNotFoundError", name, f"Traceback: {name}"))
    try:
        return OK, msgpack.packb(FUNCTIONS[name](*args))
    except Exception as error:
        return ERROR, msgpack.packb((type(error).__name__, str(error), "Traceback (most recent call last):\n  here"))


def hear():
    peer, *frames = router.recv_multipart()
    if frames == [b""]:
        say(probe=True)
        return
    delimiter, version, uid, kind, body = frames
    assert (delimiter, version, len(kind)) == (b"", b"v1", 1), frames
    assert len(uid) == (0 if kind == HEARTBEAT else 16), frames
    if kind == HEARTBEAT:
        assert body == b"", body
        say(heartbeat=True)
    elif kind == HELLO:
        ok = tuple(msgpack.unpackb(body)) == wanted
        if ok:
            admitted.add(peer)
        say(hello=ok)
        router.send_multipart(
            [peer, b"", b"v1", uid, AUTHENTICATED, b"Welcome"]
            if ok
            else [peer, b"", b"v1", uid, UNAUTHORIZED, b"Authentication Error"]
        )
    elif wanted and peer not in admitted:
        router.send_multipart([peer, b"", b"v1", uid, UNAUTHORIZED, b"Authentication Required"])
    elif kind == WORK:
        router.send_multipart([peer, b"", b"v1", uid, *work(body)])
    else:
        say(answer=asked.pop(uid), type=kind.hex(), value=msgpack.unpackb(body))


print(router.last_endpoint.decode(), flush=True)
poller = zmq.Poller()
poller.register(router, zmq.POLLIN)
poller.register(sys.stdin, zmq.POLLIN)
while True:
    for socket, _ in poller.poll():
        if socket is router:
            hear()
            continue
        line = sys.stdin.readline().strip()
        if line in ("", "end"):
            sys.exit()
        uid = uuid.uuid4().bytes
        asked[uid] = line
        router.send_multipart([b"client", b"", b"v1", uid, WORK, msgpack.packb((line, (21,), {}))])
