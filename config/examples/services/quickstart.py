#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves the two example services with the gateway in front of them, until Ctrl-C.

Ports are those of quickstart.yaml, or four others; a configuration of one's own says itself where the gateway listens.
"""
import argparse
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parents[1] / "quickstart.yaml"


class Ports(NamedTuple):
    gateway: int
    admin: int
    hello: int
    users: int


WRITTEN = Ports(8080, 8081, 9001, 9002)  # in quickstart.yaml
WELCOME = """
  gateway  http://127.0.0.1:{0.gateway}     admin  http://127.0.0.1:{0.admin}/metrics

Try:
  curl http://127.0.0.1:{0.gateway}/hello
  curl http://127.0.0.1:{0.gateway}/users/1
  curl -d '{{"name": "Linus"}}' http://127.0.0.1:{0.gateway}/users
  curl http://127.0.0.1:{0.gateway}/inspect/headers
  curl -s http://127.0.0.1:{0.admin}/metrics | grep sluice_requests_total

Ctrl-C ends all three.
"""
OWN = """
  {1} in front of the services http://127.0.0.1:{0.hello} and http://127.0.0.1:{0.users}.

Ctrl-C ends all three.
"""


def taken(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def owner(port):
    """Who listens there, if `ss` is installed and may tell."""
    try:
        listed = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return ""
    found = re.search(r'"([^"]+)",pid=(\d+)', listed)
    return f" by {found.group(1)}, pid {found.group(2)}" if found else ""


def start(*command):
    # In a session of its own, so that Ctrl-C reaches this script alone and it ends them in order.
    return subprocess.Popen(command, start_new_session=True)


def stop(processes):
    for process in reversed(processes):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port, process):
    for _ in range(1200):
        if process.poll() is not None:
            sys.exit(f"quickstart: {process.args[0]} ended at once")
        if taken(port):
            return
        time.sleep(0.05)
    sys.exit(f"quickstart: nothing answers on port {port}")


def moved(text, ports):
    """The quickstart's configuration on other ports."""
    for written, wanted in zip(WRITTEN, ports):
        text = text.replace(f":{written}\"", f":{wanted}\"")
    return text


def serve(binary, config, own, ports):
    """Where a configuration of somebody's own listens, the gateway itself says."""
    running = {}
    try:
        for name, port, command in (
                ("the service hello", ports.hello, ["gunicorn", "--chdir", HERE, "--bind", f"127.0.0.1:{ports.hello}",
                                                    "--threads", "8", "--log-level", "warning", "hello:app"]),
                ("the service users", ports.users, [sys.executable, HERE / "users.py", str(ports.users)]),
                ("the gateway", ports.gateway, [binary, "run", config])):
            running[name] = start(*command)
            if not (own and port == ports.gateway):
                wait_for(port, running[name])
        print((OWN if own else WELCOME).format(ports, config), flush=True)
        while all(process.poll() is None for process in running.values()):
            time.sleep(0.2)
        ended = next(name for name, process in running.items() if process.poll() is not None)
        sys.exit(f"quickstart: {ended} ended; stopping the others")
    except KeyboardInterrupt:
        print("\nquickstart: stopping", flush=True)
    finally:
        heed_no_more()
        stop(list(running.values()))


def heed_no_more():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def interrupt(*_):
    heed_no_more()  # a second Ctrl-C finds the services being stopped
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", metavar="SLUICE_BINARY")
    parser.add_argument("config", metavar="CONFIG", nargs="?", type=Path, default=CONFIG)
    parser.add_argument("--ports", nargs=4, type=int, default=WRITTEN, metavar=("GATEWAY", "ADMIN", "HELLO", "USERS"))
    arguments = parser.parse_args()
    ports, own = Ports(*arguments.ports), arguments.config != CONFIG
    for port in (ports.hello, ports.users) if own else (ports.hello, ports.users, ports.gateway, ports.admin):
        if taken(port):
            other = "choose others with --ports" if own else "choose others: ./dev run --ports 18080 18081 19001 19002"
            sys.exit(f"quickstart: port {port} is taken{owner(port)}; end that, or {other}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    with tempfile.TemporaryDirectory(prefix="sluice-quickstart-") as folder:
        config = arguments.config
        if not own and ports != WRITTEN:
            config = Path(folder) / CONFIG.name
            config.write_text(moved(CONFIG.read_text(), ports))
        serve(arguments.binary, config, own, ports)


if __name__ == "__main__":
    main()
