"""A REQ that calls: the smallest synchronous client. Usage: rpc_req.py ENDPOINT COUNT; prints the answers as JSON."""

import json
import sys

import msgpack
import zmq

req = zmq.Context().socket(zmq.REQ)
req.rcvtimeo = req.linger = 10_000
req.connect(sys.argv[1])
answers = []
for n in range(int(sys.argv[2])):
    req.send(msgpack.packb([0, n, "upper" if n % 10 else "nothing", [f"call {n}"]]))
    answers.append(msgpack.unpackb(req.recv()))
print(json.dumps(answers))
