"""The smallest pseud server: a ROUTER that knows CALL, RESULT and ERROR.
Run `python3 server.py [endpoint]`, then any client, such as client.py."""

import sys

import msgpack
import zmq

functions = {"lower": str.lower, "add": lambda a, b: a + b}
router = zmq.Context().socket(zmq.ROUTER)
router.bind(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5555")
print("serving at", router.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
while True:
    *route, frame = router.recv_multipart()
    kind, call, *rest = msgpack.unpackb(frame)
    if kind != 0:
        continue
    function = functions.get(rest[0])
    try:
        answer = [1, call, function(*rest[1])] if function else [2, call, {"c": "NOT_FOUND", "m": rest[0], "x": "no"}]
    except Exception as error:
        answer = [2, call, {"c": "INTERNAL", "m": str(error), "x": "yes"}]
    router.send_multipart([*route, msgpack.packb(answer)])
