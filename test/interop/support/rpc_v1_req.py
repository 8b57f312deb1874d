"""A client of protocol 1 on a REQ, as Python's SyncClient is one. Usage: rpc_v1_req.py ENDPOINT COUNT; prints the answers as JSON."""

import json
import sys
import uuid

import msgpack
import zmq

req = zmq.Context().socket(zmq.REQ)
req.rcvtimeo = req.linger = 10_000
req.connect(sys.argv[1])
answers = []
for n in range(int(sys.argv[2])):
    uid = uuid.uuid4().bytes
    name = "upper" if n % 10 else "nothing"
    req.send_multipart([b"v1", uid, b"\x03", msgpack.packb((name, (f"call {n}",), {}))])
    version, answer, kind, body = req.recv_multipart()
    assert (version, answer) == (b"v1", uid), (version, answer)
    answers.append([kind.hex(), msgpack.unpackb(body)])
print(json.dumps(answers))
