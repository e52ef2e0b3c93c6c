# SPDX-License-Identifier: Apache-2.0
"""A classic microservice to stand behind the gateway: Flask, served by gunicorn.

    gunicorn --chdir config/examples/services --bind 127.0.0.1:9001 --threads 8 hello:app
"""
import time

from flask import Flask, Response, jsonify, redirect, request

app = Flask(__name__)


@app.get("/hello")
def hello():
    return jsonify(message=f"Hello, {request.args.get('name', 'world')}!")


@app.get("/headers")
def headers():
    """What the gateway made of the request: every header field, in order."""
    return jsonify(method=request.method, path=request.full_path.rstrip("?"), headers=[list(h) for h in request.headers])


@app.route("/echo", methods=["POST", "PUT"])
def echo():
    """The body that arrived, whether it came with a length or in chunks."""
    return Response(request.get_data(), content_type=request.content_type or "application/octet-stream")


@app.get("/slow")
def slow():
    seconds = min(float(request.args.get("seconds", 1)), 30)
    time.sleep(seconds)
    return jsonify(waited=seconds)


@app.get("/stream")
def stream():
    """A body whose length nobody knows when it starts, so it leaves in chunks."""
    parts = int(request.args.get("parts", 5))
    return Response((f"part {n}\n" for n in range(parts)), content_type="text/plain")


@app.get("/old")
def old():
    return redirect("/hello")
