"""A complete pseud peer (RPC protocol 2, docs/protocol.md) on one ZeroMQ socket: calls its peers and serves their calls.
Not to be run: copy it, and `from pseud_peer import Peer`.

Single-threaded: calls of others are served inside `serve` and while `call` or `stream` wait, so calls may nest to any depth.
"""

import collections
import contextlib
import itertools
import secrets
import time

import msgpack
import zmq

CALL, RESULT, ERROR, CANCEL, ITEM, END, CREDIT, NOTIFY, HELLO, WELCOME, GOAWAY, PING, PONG = range(13)


class RemoteError(Exception):
    """The peer answered a call with an ERROR; `code` is one of docs/protocol.md, `executed` no, maybe or yes."""

    def __init__(self, error):
        super().__init__(f"{error.get('c', 'INTERNAL')}: {error.get('m', '')}")
        self.code, self.executed, self.details = error.get("c"), error.get("x", "maybe"), error.get("d")


class Peer:
    """`Peer("name").connect(endpoint)` is a client, `Peer("name").bind(endpoint)` a server; both call and serve."""

    def __init__(self, name="", functions=()):
        self.name, self.functions = name, {f.__name__: f for f in functions}
        self.id, self.routes, self.welcome, self.leaving = secrets.token_hex(8), {}, None, None
        self.socket, self._answers, self._ids = None, {}, itertools.count(secrets.randbits(31))
        self.late = self.malformed = 0

    def register(self, function, name=None):
        """Offers `function` to the peers; usable as a decorator."""
        self.functions[name or function.__name__] = function
        return function

    def connect(self, endpoint):
        self._open(zmq.DEALER).connect(endpoint)
        self._send([], [HELLO, {"v": 2, "id": self.id, "name": self.name}])
        return self

    def bind(self, endpoint):
        """Returns the endpoint with the port that a wildcard became."""
        self._open(zmq.ROUTER).bind(endpoint)
        return self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def call(self, method, *args, to=None, timeout=10.0, **kwargs):
        """Calls `method` and returns its result; a bound peer says by `to` which of its clients it calls."""
        asked = self._ask(method, args, to, {"d": int(timeout * 1000), **({"k": kwargs} if kwargs else {})}, timeout)
        with contextlib.closing(asked):
            kind, value = next(asked)
        if kind in (ITEM, END):
            raise TypeError(f"{method} streams: go through the items of stream()")
        return value

    def stream(self, method, *args, to=None, timeout=10.0):
        """Yields the items of a function that streams; leaving the loop ends the function. `timeout` is for each item."""
        for kind, value in self._ask(method, args, to, {}, timeout):
            if kind != ITEM:
                return
            yield value

    def notify(self, method, *args, to=None):
        """Calls without an answer."""
        self._send(self._route(to), [NOTIFY, method, list(args)])

    def serve(self, seconds, until=lambda: False):
        """Serves calls for so long, or until the condition holds: then True."""
        end = time.monotonic() + seconds
        while not until():
            wait = end - time.monotonic()
            if wait <= 0 or not self.socket.poll(max(1, wait * 1000)):
                return until()
            *route, frame = self.socket.recv_multipart()
            try:
                kind, *fields = msgpack.unpackb(frame, timestamp=3, strict_map_key=False)
                self._handle(route, kind, *fields, *[None] * (4 - len(fields)))
            except (ValueError, TypeError, AttributeError, msgpack.UnpackException):
                self.malformed += 1  # the sender's fault, and no reason to end
        return True

    def close(self):
        self.socket.close(linger=1000)

    def _ask(self, method, args, to, meta, timeout):
        """Sends a call and yields what comes back as (kind, value); ends it at the other side when it is left before its end."""
        route, call, answers = self._route(to), next(self._ids), collections.deque()
        self._answers[call] = answers
        self._send(route, [CALL, call, method, list(args), meta])
        kind = ITEM
        try:
            while kind == ITEM:
                if not self.serve(timeout, until=lambda: answers):
                    raise TimeoutError(f"{method} did not answer within {timeout} s")
                kind, value = answers.popleft()
                if kind == ERROR:
                    raise RemoteError(value)
                yield kind, value
                if kind == ITEM:
                    self._send(route, [CREDIT, call, 1])  # one was taken, one more may come
        finally:
            del self._answers[call]
            if kind == ITEM:
                self._send(route, [CANCEL, call, "left"])

    def _handle(self, route, kind, *fields):
        if kind == CALL:
            call, method, args, meta = fields
            self._send(route, self._run(call, method, args, meta or {}))
        elif kind == NOTIFY:
            self._run(0, fields[0], fields[1], fields[2] or {})
        elif kind in (RESULT, ERROR, ITEM, END):
            if fields[0] in self._answers:
                self._answers[fields[0]].append((kind, fields[1]))
            else:
                self.late += 1  # its caller gave up
        elif kind == HELLO:
            name = fields[0].get("name") or route[0].decode(errors="replace")
            self.routes.setdefault(name, route)  # the first claimant keeps a name
            self._send(route, [WELCOME, {"v": 2, "id": self.id, "name": self.name}])
        elif kind == WELCOME:
            self.welcome = fields[0]
        elif kind == GOAWAY:
            self.leaving = fields[1] or "leaving"
        elif kind == PING:
            self._send(route, [PONG, fields[0]])

    def _run(self, call, method, args, meta):
        if method not in self.functions:
            return [ERROR, call, {"c": "NOT_FOUND", "m": f"no function is registered as {method}", "x": "no"}]
        try:
            result = [RESULT, call, self.functions[method](*args, **meta.get("k", {}))]
            return msgpack.packb(result, datetime=True)
        except Exception as error:
            return [ERROR, call, {"c": "INTERNAL", "m": str(error), "n": type(error).__name__, "x": "yes"}]

    def _route(self, name):
        """A client is known by the name in its HELLO, else by its ZMTP Identity."""
        return [] if self.socket.type == zmq.DEALER else self.routes.get(name) or [name.encode()]

    def _open(self, kind):
        self.socket = zmq.Context.instance().socket(kind)
        if self.name:
            self.socket.setsockopt_string(zmq.IDENTITY, self.name)
        return self.socket

    def _send(self, route, message):
        frame = message if isinstance(message, bytes) else msgpack.packb(message, datetime=True)
        self.socket.send_multipart([*route, frame])
