"""A worker in Python: offers functions of its standard library to the server that it connects to, and calls it back.
Run `python3 worker.py ENDPOINT`, as main.ts does; needs Python's packages zmq and msgpack."""

import statistics
import sys

from pseud_peer import Peer

worker = Peer("python")  # the name under which the server calls it
ended = []


def describe(numbers):
    limit = worker.call("limit")  # while it serves a call it makes another
    numbers = numbers[:limit]
    return {"count": len(numbers), "median": statistics.median(numbers), "mean": statistics.mean(numbers)}


worker.register(describe)
worker.register(lambda: ended.append(True), "end")
worker.connect(sys.argv[1])
worker.serve(600, until=lambda: ended)
worker.close()
