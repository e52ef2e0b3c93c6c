#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves the two example services with the gateway in front of them, until Ctrl-C.

Usage: quickstart.py SLUICE_BINARY [CONFIG]
"""
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parents[1] / "quickstart.yaml"
GATEWAY, ADMIN, HELLO, USERS = 8080, 8081, 9001, 9002  # as in quickstart.yaml

WELCOME = f"""
  gateway  http://127.0.0.1:{GATEWAY}     admin  http://127.0.0.1:{ADMIN}/metrics

Try:
  curl http://127.0.0.1:{GATEWAY}/hello
  curl http://127.0.0.1:{GATEWAY}/users/1
  curl -d '{{"name": "Linus"}}' http://127.0.0.1:{GATEWAY}/users
  curl http://127.0.0.1:{GATEWAY}/inspect/headers
  curl -s http://127.0.0.1:{ADMIN}/metrics | grep sluice_requests_total

Ctrl-C ends all three.
"""
OWN = f"""
  {{config}} in front of the services http://127.0.0.1:{HELLO} and http://127.0.0.1:{USERS}.

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
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"quickstart: {process.args[0]} ended at once")
        if taken(port):
            return
        time.sleep(0.05)
    sys.exit(f"quickstart: nothing answers on port {port}")


def serve(binary, config):
    """Where a configuration of somebody's own listens, the gateway itself says."""
    own = config != CONFIG
    running = []
    try:
        for port, command in (
                (HELLO, ["gunicorn", "--chdir", HERE, "--bind", f"127.0.0.1:{HELLO}", "--threads", "8",
                         "--log-level", "warning", "hello:app"]),
                (USERS, [sys.executable, HERE / "users.py", str(USERS)]),
                (GATEWAY, [binary, "run", config])):
            running.append(start(*command))
            if not (own and port == GATEWAY):
                wait_for(port, running[-1])
        print(OWN.format(config=config) if own else WELCOME, flush=True)
        while all(process.poll() is None for process in running):
            time.sleep(0.2)
        sys.exit("quickstart: one of the processes ended; stopping the others")
    except KeyboardInterrupt:
        print("\nquickstart: stopping", flush=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        stop(running)


def interrupt(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    config = Path(sys.argv[2]) if len(sys.argv) > 2 else CONFIG
    for port in (HELLO, USERS) if config != CONFIG else (HELLO, USERS, GATEWAY, ADMIN):
        if taken(port):
            other = "" if port in (HELLO, USERS) else ", or serve a configuration of your own: ./dev run my.yaml"
            sys.exit(f"quickstart: port {port} is taken{owner(port)}; end that{other}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    serve(sys.argv[1], config)
