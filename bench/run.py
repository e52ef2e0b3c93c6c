#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Sluice against Debian's nginx and HAProxy, in turn and interleaved, and prints the table.

A whole run (every case, at least 5 rounds, not --quick) is saved in bench/RESULTS.md, its samples in build/bench-results.json.
"""
import argparse
import datetime
import json
import re
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import composition
import features
import instructions
import measure
import merge
import policies
import report
from cases import CASES, Case
from processes import memory_kib, raise_descriptor_limit
from subjects import SUBJECTS, Backend, Shape, Sluice

ROOT = Path(__file__).resolve().parents[1]
IDLE_CONNECTIONS = 5000
IDLE_TLS_CONNECTIONS = 2000
IDLE_H2_CONNECTIONS, IDLE_H2_STREAMS = 500, 100
ROUNDS_TO_SAVE = 5  # a median of fewer says too little
EXTRA = ("compose-cost", "features", "open-loop", "idle", "idle-tls", "idle-h2")


def arguments(words=None):
    names = [case.name for case in CASES] + list(EXTRA)
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of: {' '.join(names)}; default: all")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s; nothing is saved")
    parser.add_argument("--rounds", type=int, help="default: 5")
    parser.add_argument("--seconds", type=int, help="of load per measurement; default: 4")
    parser.add_argument("--save", action="store_true", help="put the rows of these cases into bench/RESULTS.md")
    parser.add_argument("--rate", type=int, help="of the open loop; default: a third of what the slowest can")
    parser.add_argument("--sluice", default=Sluice.binary, help=argparse.SUPPRESS)
    parser.add_argument("--open-loop", default="build/release/bench/load/open_loop", help=argparse.SUPPRESS)
    parser.add_argument("--websocket", default="build/release/bench/load/websocket", help=argparse.SUPPRESS)
    chosen = parser.parse_args(words)
    unknown = [name for name in chosen.cases if name not in names]
    if unknown:
        parser.error(f"no case {unknown[0]}; the cases are: {' '.join(names)}")
    chosen.rounds = chosen.rounds or (3 if chosen.quick else ROUNDS_TO_SAVE)
    if chosen.save and (chosen.quick or chosen.rounds < ROUNDS_TO_SAVE or not chosen.cases):
        parser.error(f"--save is for whole runs of some cases: {ROUNDS_TO_SAVE} rounds or more, and not --quick")
    chosen.seconds = chosen.seconds or (1 if chosen.quick else 4)
    return chosen


def is_whole(options):
    """Whether a run is worth all of RESULTS.md."""
    return not options.quick and not options.cases and options.rounds >= ROUNDS_TO_SAVE


class Run:
    """The state of one run: its folder, the backend, who takes part, and the samples so far."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.subjects = [s for s in SUBJECTS if s.available()]
        for subject in SUBJECTS:
            if subject not in self.subjects:
                print(f"bench: {subject.name} is left out: {subject.binary} is absent or cannot run yet", flush=True)
        self.backend = Backend(folder / "backend")
        self.results = {}

    def wants(self, name):
        return not self.options.cases or name in self.options.cases

    def start(self, name, shape, against=None):
        """{label: running subject}; with `against` each subject also runs in that shape, as "<name> plain"."""
        started = {}
        try:
            for subject in (s for s in self.subjects if s.takes_part(shape)):
                for label, one in ((subject.name, shape), (subject.name + " plain", against)):
                    if one is not None:
                        folder = self.folder / name / re.sub(r"\W+", "-", label)
                        started[label] = subject(folder, self.backend.port_for(one), one)
        except BaseException:
            stop_all(started)
            raise
        return started

    def rounds(self, started, take):
        """Each round measures everybody; who begins changes, so that nobody always runs first."""
        samples = []
        for number in range(self.options.rounds):
            labels = list(started)
            labels = labels[number % len(labels):] + labels[:number % len(labels)]
            taken = {label: take(started[label]) for label in labels}
            samples.append({label: taken[label] for label in started})
        return samples

    def case(self, case: Case):
        if case.shape.websocket and not measure.WEBSOCKET.exists():
            print(f"bench: {case.name} is left out: the target `websocket` is not built", flush=True)
            return
        print(f"bench: {case.name}: {case.title}", flush=True)
        if case.shape.websocket and not self.backend.echo:
            self.backend.start_echo(measure.WEBSOCKET)
        started = self.start(case.name, case.shape, case.against)
        if case.token:
            token = policies.make_token(self.folder / case.name / "issuer")
            case = replace(case, fields={**case.fields, "Authorization": f"Bearer {token.text}"})
        try:
            start = {label: {"seconds": s.process.start_seconds, "rss_kib": memory_kib(s.process.pid)}
                     for label, s in started.items()}
            for subject in started.values():
                measure.check(case, subject.port)
                if case.shape.grpc:
                    measure.check_calls(case, subject.port, subject.folder)
                measure.load(case, subject.port, 1, subject.folder)
            sizes = {label: measure.check_compressed(case, s.port) for label, s in started.items()
                     if case.shape.compress}
            rounds = self.rounds(started, lambda s: measure.closed_loop(case, s, self.options.seconds))
        finally:
            stop_all(started)
        self.results[case.name] = {"rounds": rounds, "start": start}
        if sizes:
            self.results[case.name]["sizes"] = sizes
        costs = (f"{label} {report.middle(rounds, label, 'cpu_us'):.2f} us" for label in started)
        print("       " + "   ".join(costs), flush=True)

    def open_loop(self):
        started = self.start("open-loop", Shape())
        try:
            rate = self.options.rate or self.third_of_the_slowest(started)
            print(f"bench: open-loop: 64 connections, {rate} requests/s", flush=True)
            rounds = self.rounds(
                started, lambda s: measure.open_loop(self.options.open_loop, s, rate, self.options.seconds))
        finally:
            stop_all(started)
        self.results["open-loop"] = {"rate": rate, "rounds": rounds}

    def third_of_the_slowest(self, started):
        slowest = min(measure.wrk(CASES[0], s.port, 1, s.folder)["rps"] for s in started.values())
        return int(slowest / 3 // 500 * 500) or 100

    def compose_cost(self):
        if Sluice not in self.subjects:
            return
        print("bench: compose-cost: a composition beside what it is made of", flush=True)
        case = next(case for case in CASES if case.shape.compose)
        listening, port = composition.silent_port()
        shape = Shape(compose=True, silent=port)

        def start():
            return Sluice(self.folder / "compose-cost", self.backend.port_for(shape), shape)

        subject = start()
        try:
            measure.load(case, subject.port, 1, subject.folder)
            rounds = [composition.sample(case, subject, self.options.seconds, Path(self.options.open_loop))
                      for _ in range(self.options.rounds)]
        finally:
            subject.stop()
        memory = composition.memory(start)
        listening.close()
        self.results["compose-cost"] = {"rounds": rounds, "memory": memory}

    def features(self):
        """Each for a second a round: there are many, and it is instructions that tell small costs."""
        if Sluice not in self.subjects:
            return
        print(f"bench: features: {len(features.FEATURES)} against the bare configuration", flush=True)
        self.results["features"] = {feature.name: self.feature(feature) for feature in features.FEATURES}

    def feature(self, feature):
        folder = self.folder / "features"
        fields = dict(feature.fields)
        if feature.token:
            fields["Authorization"] = f"Bearer {policies.make_token(folder / 'issuer').text}"
        case = Case(feature.name, feature.title, path=feature.path, fields=fields, body=feature.body, text=feature.text)
        started, cases = {}, {}
        try:
            for label, settings in (("with", feature.with_it), ("without", feature.without)):
                shape = Shape(feature=settings)
                started[label] = Sluice(folder / f"{feature.name}-{label}", self.backend.port_for(shape), shape)
                if feature.cookie and label == "with":
                    fields["Cookie"] = measure.cookie_of(started[label].port)
                answer = feature.answer if label == "with" else feature.answer_without
                cases[label] = replace(case, **vars(answer))
                measure.check(cases[label], started[label].port)
                measure.load(case, started[label].port, 1, started[label].folder)
            rounds = self.rounds(started, lambda s: measure.closed_loop(case, s, min(self.options.seconds, 1)))
        finally:
            stop_all(started)
        taken = {"rounds": rounds}
        if instructions.available():
            taken["instructions"] = {label: instructions.per_request(cases[label], s) for label, s in started.items()}
        return taken

    def idle(self, name, count, shape, take=measure.idle_memory):
        print(f"bench: {name}: {count} keep-alive connections", flush=True)
        started = self.start(name, shape)
        try:
            samples = {label: take(s, count) for label, s in started.items()}
        finally:
            stop_all(started)
        self.results[name] = {"connections": count, "samples": samples}
        print("       " + "   ".join(f"{label} {s['bytes']:.0f} bytes" for label, s in samples.items()), flush=True)

    def everything(self):
        for case in CASES:
            if self.wants(case.name):
                self.case(case)
        if self.wants("compose-cost"):
            self.compose_cost()
        if self.wants("features"):
            self.features()
        if self.wants("open-loop") and Path(self.options.open_loop).exists():
            self.open_loop()
        if self.wants("idle"):
            self.idle("idle", IDLE_CONNECTIONS, Shape())
        if self.wants("idle-tls"):
            self.idle("idle-tls", IDLE_TLS_CONNECTIONS, Shape(tls=True))
        if self.wants("idle-h2"):
            self.idle("idle-h2", IDLE_H2_CONNECTIONS, Shape(http2=True),
                      lambda s, count: measure.idle_h2_memory(s, count, IDLE_H2_STREAMS))

    def facts(self):
        model, kernel = measure.machine()
        versions = ", ".join(f"{report.TITLES[s.name]} {s.version()}" for s in self.subjects if s.name in report.TITLES)
        return {"date": datetime.date.today().isoformat(), "versions": versions, "kernel": kernel, "CPU": model,
                "rounds": f"{self.options.rounds} of {self.options.seconds} s each"}


def stop_all(started):
    for subject in started.values():
        subject.stop()


def main():
    options = arguments()
    Sluice.binary = str(Path(options.sluice).resolve())
    options.open_loop = str(Path(options.open_loop).resolve())
    measure.WEBSOCKET = Path(options.websocket).resolve()
    raise_descriptor_limit()
    folder = Path(tempfile.mkdtemp(prefix="sluice-bench-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    folder.chmod(0o755)  # nginx drops root's rights and then reads its files
    try:
        run = Run(options, folder)
        try:
            run.everything()
        finally:
            run.backend.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tables = composition.table(run.results), report.features_table(run.results, features.FEATURES)
    print("\n" + "\n".join(report.sections(run.results, CASES, *tables)))
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/bench-results.json").write_text(json.dumps(run.results, indent=1) + "\n")
    if is_whole(options) and Sluice in run.subjects:
        (ROOT / "bench/RESULTS.md").write_text(report.document(run.results, CASES, run.facts(), *tables))
        print("bench: saved in bench/RESULTS.md")
    elif options.save:
        saved = ROOT / "bench/RESULTS.md"
        note = f"- {', '.join(options.cases)}: measured on their own, by Sluice {Sluice.version()}"
        saved.write_text(merge.merge(saved.read_text(), report.sections(run.results, CASES, *tables), note))
        print("bench: saved in bench/RESULTS.md beside the others")


if __name__ == "__main__":
    sys.exit(main())
