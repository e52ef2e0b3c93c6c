# SPDX-License-Identifier: Apache-2.0
"""The clients of the soak: what they take for a fault of the gateway, and what may be a machine that stalls."""
import gzip
import sys
import threading
import types
import unittest
from pathlib import Path

import websockets
from websockets.frames import Close

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from traffic import Chatter, Reader, Tally, Unpacker  # noqa: E402


class Answer:
    """A connection and the answer on it."""

    status = 500

    def __init__(self, reason):
        self.reason = reason

    def getresponse(self):
        return self

    def read(self):
        return f'{{"reason":"{self.reason}"}}'.encode()

    def getheader(self, _):
        return "application/problem+json"


class Faults(unittest.TestCase):
    def setUp(self):
        self.found = []
        self.soak = types.SimpleNamespace(tally=Tally(), over=threading.Event(), found=self.found.append)

    def client(self, kind):
        return kind(self.soak, "seed")

    def test_are_answers_that_say_the_gateway_failed(self):
        self.client(Reader).answer(Answer("upstream_reset"))
        self.assertEqual(self.found, [])

        self.client(Reader).answer(Answer("internal"))

        self.assertEqual(self.found, ["an answer with the reason internal"])

    def test_are_other_bytes_than_were_packed(self):
        whole = gzip.compress(b"z" * 200_000)
        self.client(Unpacker).look(whole)
        self.assertEqual(self.found, [])

        for body in (whole[:-9], gzip.compress(b"y"), b"z", whole[:20] + b"\xff" * 9 + whole[29:]):
            self.client(Unpacker).look(body)

        self.assertEqual(len(self.found), 4)

    def test_are_broken_frames(self):
        protocol, text = Close(1002, ""), Close(1007, "")
        for error in (websockets.ConnectionClosedError(None, protocol), websockets.ConnectionClosedError(text, None)):
            self.client(Chatter).ended(error)

        self.assertEqual(len(self.found), 2)

    def test_are_no_ends_that_a_stall_explains(self):
        for error in (websockets.ConnectionClosedError(None, None), websockets.ConnectionClosedError(Close(1011, ""), None),
                      TimeoutError()):
            self.client(Chatter).ended(error)
        self.client(Reader).lost(TimeoutError())

        self.assertEqual(self.found, [])
        self.assertTrue(self.soak.tally.fault)


if __name__ == "__main__":
    unittest.main()
