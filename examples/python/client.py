"""The smallest pseud client: three lines, no library.
Run `python3 client.py [endpoint]`, with a server there, such as that of the quickstart."""

import sys

import msgpack
import zmq

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5555"
s = zmq.Context().socket(zmq.DEALER); s.connect(endpoint)
s.send(msgpack.packb([0, 1, "lower", ["ABC"]])); print(msgpack.unpackb(s.recv()))   # [1, 1, 'abc']
