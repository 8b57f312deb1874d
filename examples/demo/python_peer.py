"""The Python peer of the demo: calls the server, is called by it, and serves the client.
Run `npm run demo`, which gives it the endpoint of the server."""

import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
from pseud_peer import Peer  # noqa: E402

stopped = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()


def timed(call, run, expected):
    start = time.perf_counter()
    result = run()
    ms = (time.perf_counter() - start) * 1000
    line = {"from": "python", "to": "server", "call": call, "result": json.dumps(result), "ms": ms, "ok": result == expected}
    print(json.dumps(line), flush=True)


server = Peer("python")
server.register(lambda text: text[::-1], "reverse")
server.register(lambda a, b: a / b, "divide")
endpoint = server.bind("tcp://127.0.0.1:*")

client = Peer("python")
client.register(lambda a, b: a + b, "addition")
client.connect(sys.argv[1])
timed('upper("from python")', lambda: client.call("upper", "from python"), "FROM PYTHON")
print(json.dumps({"ready": endpoint}), flush=True)
while not stopped.is_set():
    server.serve(0.01)
    client.serve(0.01)
