"""libzmq's own zmq_proxy between callers and servers: a ROUTER in front, a DEALER behind. Prints both endpoints as JSON.

Usage: rpc_proxy.py [ENDPOINT ...]: connects the back to these, or binds it when there are none. Ends with its stdin.
"""

import json
import os
import sys
import threading

import zmq

context = zmq.Context()
front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
front.bind("tcp://127.0.0.1:*")
if len(sys.argv) > 1:
    for endpoint in sys.argv[1:]:
        back.connect(endpoint)
else:
    back.bind("tcp://127.0.0.1:*")
endpoints = [front.getsockopt_string(zmq.LAST_ENDPOINT), back.getsockopt_string(zmq.LAST_ENDPOINT)]
print(json.dumps(endpoints), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
zmq.proxy(front, back)
