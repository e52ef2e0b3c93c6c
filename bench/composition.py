# SPDX-License-Identifier: Apache-2.0
"""What a composition costs beside what it is made of: CPU beyond three plain forwards of the same bodies through the
same gateway, latency beyond the slowest of three plain forwards side by side, at half of what it can, and memory while its calls
are under way: all of them, or the last of three when the bodies of the others are there."""
import socket
from dataclasses import replace

import measure
import report

UNDER_WAY = 800
CALLS = 3
AIMS = {"beyond_us": 30, "added_p99_us": 500, "half": 64 * 1024}


def silent_port():
    """A socket that takes connections into its queue and says nothing, and its port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(4096)
    return listening, listening.getsockname()[1]


def sample(case, subject, seconds, open_loop):
    """One round."""
    part = replace(case, path="/part1")
    page, forward = (measure.closed_loop(c, subject, seconds) for c in (case, part))
    out = {"page_us": page["cpu_us"], "forward_us": forward["cpu_us"],
           "beyond_us": page["cpu_us"] - CALLS * forward["cpu_us"], "rps": page["rps"]}
    if open_loop.exists():
        rate = max(100, int(page["rps"] / 2))
        # What a client waits for that makes the calls of a page itself: as much work for the backend, and as many
        # answers to wait for, so that what is beyond them is the composing.
        for name, path, at_once in (("page", "/page", 1), ("calls", "/part1", CALLS)):
            taken = measure.open_loop(open_loop, subject, rate, seconds, connections=64 * at_once, path=path,
                                      at_once=at_once)
            out[f"{name}_p50_us"], out[f"{name}_p99_us"] = taken["p50_us"], taken["p99_us"]
        out["rate"] = rate
        out["added_p99_us"] = out["page_p99_us"] - out["calls_p99_us"]
    return out


def memory(start):
    """Each in a process of its own: what one has used, the other would find."""
    found = {}
    for name, path in (("page", "/silent-page"), ("half", "/half-page"), ("forward", "/silent")):
        subject = start()
        try:
            found[name] = measure.under_way(subject, path, UNDER_WAY)
        finally:
            subject.stop()
    return found


def table(results):
    found = results.get("compose-cost")
    if not found:
        return []
    rounds = [{"sluice": r} for r in found["rounds"]]

    def cell(key, form="{:.1f}"):
        value = report.middle(rounds, "sluice", key) if key in found["rounds"][0] else None
        text = report.cell(value, form)
        return text if value is None else report.aimed(text, value, AIMS.get(key))

    def memory_cell(name):
        value = found["memory"].get(name)  # none in results of a time before it was measured
        text = report.cell(value, "{:,.0f}")
        return text if value is None else report.aimed(text, value, AIMS.get(name))

    rows = [["CPU us: composition of three bodies of 10 KiB", cell("page_us")],
            ["CPU us: plain forward of one of them", cell("forward_us")],
            ["CPU us: composition beyond three plain forwards", cell("beyond_us")],
            ["requests/s at half load", cell("rate", "{:,.0f}")],
            ["p50 us at half load: composition / the slowest of three plain forwards at once",
             f"{cell('page_p50_us')} / {cell('calls_p50_us')}"],
            ["p99 us at half load: composition / the slowest of three plain forwards at once",
             f"{cell('page_p99_us')} / {cell('calls_p99_us')}"],
            ["p99 us at half load: added by composing", cell("added_p99_us")],
            [f"bytes of each composition under way ({UNDER_WAY:,} of them, each with four connections)",
             memory_cell("page")],
            ["bytes of each that has two bodies of 10 KiB and awaits the third", memory_cell("half")],
            ["bytes of each plain forward under way (two connections)", memory_cell("forward")]]
    return report.table(["Sluice composing", ""], rows)
