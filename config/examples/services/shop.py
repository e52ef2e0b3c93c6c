# SPDX-License-Identifier: Apache-2.0
"""What a page of a shop is made of, as a service of Flask, served by gunicorn; for compositions.

    gunicorn --chdir config/examples/services --bind 127.0.0.1:9005 --threads 8 shop:app
"""
import time

from flask import Flask, Response, jsonify, request

app = Flask(__name__)

ORDERS = [{"id": 9007199254740993, "user": 1, "product": "pen", "price": 1.50, "internal": {"margin": 0.3}},
          {"id": 9007199254740995, "user": 1, "product": "ink", "price": 12.00, "internal": {"margin": 0.1}},
          {"id": 9007199254740997, "user": 2, "product": "pen", "price": 1.50, "internal": {"margin": 0.3}},
          {"id": 9007199254740999, "user": 1, "product": "pen", "price": 1.50, "internal": {"margin": 0.3}}]
PRODUCTS = {"pen": {"sku": "pen", "title": "Fountain pen", "stock": 3}, "ink": {"sku": "ink", "title": "Ink", "stock": 0}}


@app.get("/orders")
def orders():
    user = request.args.get("user", type=int)
    found = [order for order in ORDERS if user in (None, order["user"])]
    answer = jsonify(data={"items": found}, page=1)
    answer.headers["Cache-Control"] = "private, max-age=60"
    return answer


@app.get("/products")
def products():
    """Those of ?skus=a,b, in one answer."""
    skus = request.args.get("skus", "").split(",")
    return jsonify([PRODUCTS[sku] for sku in skus if sku in PRODUCTS])


@app.get("/products/<sku>")
def product(sku):
    return jsonify(PRODUCTS[sku]) if sku in PRODUCTS else (jsonify(error="no such product"), 404)


@app.get("/recommendations")
def recommendations():
    """Slow on request, as such services are."""
    time.sleep(min(float(request.args.get("delay", 0)), 5))
    return jsonify(["ink"])


@app.get("/reviews")
def reviews():
    return Response("the database is away", 500)


@app.post("/token")
def token():
    return jsonify(access_token="t-" + request.get_json()["user"], expires_in=60)


@app.get("/report")
def report():
    if not request.headers.get("Authorization", "").startswith("Bearer t-"):
        return jsonify(error="no token"), 401
    return Response("order,price\n9007199254740993,1.50\n", content_type="text/csv")


@app.get("/stock")
def stock():
    return jsonify(pen=3, ink=0, updated="2026-01-01")
