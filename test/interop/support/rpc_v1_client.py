"""A client of protocol 1 on a ROUTER, frame by frame, as Python's pseud is one. Usage: rpc_v1_client.py ENDPOINT [USER PASSWORD].

Probes, calls, answers what it is asked, and prints one line of JSON for each thing it has seen; ends with the word "end" on stdin.
"""

import json
import sys
import uuid

import msgpack
import zmq

WORK, OK, ERROR, HELLO = b"\x03", b"\x01", b"\x10", b"\x02"
AUTHENTICATED, UNAUTHORIZED, HEARTBEAT = b"\x04", b"\x11", b"\x06"

router = zmq.Context().socket(zmq.ROUTER)
router.identity = b"client"
router.probe_router = 1
router.router_mandatory = 1
router.linger = router.rcvtimeo = 10_000
router.connect(sys.argv[1])


def say(**seen):
    print(json.dumps(seen), flush=True)


def send(kind, uid, body):
    # Until the server's greeting has come, a mandatory ROUTER does not know it.
    for _ in range(100):
        try:
            router.send_multipart([b"remote", b"", b"v1", uid, kind, body])
            return
        except zmq.error.ZMQError:
            router.poll(50)
    raise SystemExit("the server cannot be reached")


def receive():
    peer, delimiter, version, uid, kind, body = router.recv_multipart()
    assert (peer, delimiter, version, len(kind)) == (b"remote", b"", b"v1", 1), (peer, delimiter, version, kind)
    return uid, kind, body


def call(name, *args, **kwargs):
    uid = uuid.uuid4().bytes
    send(WORK, uid, msgpack.packb((name, args, kwargs)))
    answer, kind, body = receive()
    assert answer == uid, (answer, uid)
    if kind in (OK, ERROR):
        say(call=name, type=kind.hex(), value=msgpack.unpackb(body))
    else:
        say(call=name, type=kind.hex(), text=body.decode())


def serve():
    uid, kind, body = receive()
    assert kind == WORK and len(uid) == 16, (kind, uid)
    name, args, kwargs = msgpack.unpackb(body)
    if name == "twice":
        send(OK, uid, msgpack.packb(2 * args[0]))
    else:
        send(ERROR, uid, msgpack.packb(("ServiceNotFoundError", name, "Traceback (most recent call last):\n  here")))
    say(asked=name, args=args, kwargs=kwargs)


def login(user, password):
    uid = uuid.uuid4().bytes
    send(HELLO, uid, msgpack.packb((user.encode(), password.encode())))
    answer, kind, body = receive()
    assert answer == uid
    say(login=kind.hex(), text=body.decode())


send(HEARTBEAT, b"", b"")
call("lower", "ABC")
if len(sys.argv) > 2:
    login(*sys.argv[2:])
    call("lower", "ABC")
call("area", width=3, height=4)
call("nothingAtAll")
call("explode")
call("missing")
call("ticks")
send(HEARTBEAT, b"", b"")
for line in sys.stdin:
    if line.strip() == "serve":
        serve()
    else:
        break
