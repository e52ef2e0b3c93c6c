# SPDX-License-Identifier: Apache-2.0
"""What the backend answers beside bytes of no meaning."""
import gzip
import hashlib
import json

MOVED = "x" * 1024  # with a Location and a cookie, as a service behind a prefix sends them


def varied_json():
    """16 KiB of JSON whose values repeat as little as those of a real list do."""
    def word(n):
        return hashlib.sha256(str(n).encode()).hexdigest()

    items = []
    while len(text := json.dumps({"items": items}, separators=(",", ":"))) < 16 * 1024:
        n = len(items)
        items.append({"id": 100_000 + 7 * n, "name": f"Product {word(n)[:6]}", "price": int(word(-n)[:4], 16) / 100,
                      "tags": ["red", "large"] if n % 3 else ["blue"], "stock": n % 5 > 0,
                      "owner": {"id": int(word(n % 17)[:3], 16), "mail": f"{word(n % 17)[:8]}@example.com"}})
    return text


def coded_json():
    return gzip.compress(varied_json().encode(), mtime=0)
