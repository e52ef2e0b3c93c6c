# SPDX-License-Identifier: Apache-2.0
"""Turns the samples of a run into the tables of RESULTS.md."""
from statistics import median

from subjects import SUBJECTS

TITLES = {"sluice": "Sluice", "nginx": "nginx", "haproxy": "HAProxy", "nghttpx": "nghttpx"}
PEERS = ("nginx", "haproxy", "nghttpx")
COMPOSERS = ("nginx + Lua", "node")
POLICERS = ("haproxy", "nginx + Lua")


def ratio(rounds, ours, theirs, key="cpu_us"):
    """Median, least and greatest of the ratio in each round: what changed between rounds cancels out."""
    ratios = [r[ours][key] / r[theirs][key] for r in rounds if ours in r and theirs in r and r[theirs][key]]
    return (median(ratios), min(ratios), max(ratios)) if ratios else None


def middle(rounds, name, key):
    values = [r[name][key] for r in rounds if name in r]
    return median(values) if values else None


def cell(value, form="{:.1f}"):
    return "-" if value is None else form.format(value)


def aimed(text, value, aim):
    """With the aim, and whether it was reached, to the last digit that is shown."""
    if aim is None:
        return text
    return f"{text}, aim {aim:g} {'reached' if value <= aim + 0.005 else '**missed**'}"


def ratio_cell(found, aim):
    if found is None:
        return "-"
    text = f"{found[0]:.2f} ({found[1]:.2f} - {found[2]:.2f})"
    return aimed(text, found[0], aim)


def title(label):
    """A label as written in tables: "haproxy plain" is "HAProxy plain"."""
    first = label.split(" ")[0]
    return TITLES.get(first, first) + label[len(first):]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def cpu_table(results, cases):
    rows = []
    for case in cases:
        rounds = results.get(case.name, {}).get("rounds")
        if rounds and not case.against and not case.shape.compose and not case.shape.policies:
            rows.append([case.title, *(cell(middle(rounds, name, "cpu_us")) for name in TITLES),
                         *(ratio_cell(ratio(rounds, "sluice", peer), case.aims.get(peer))
                           for peer in PEERS)])
    head = ["work", *(f"{name} us" for name in TITLES.values()), *(f"Sluice / {TITLES[peer]}" for peer in PEERS)]
    return table(head, rows) if rows else []


def peers_table(results, cases, what, peers):
    """Cases that only some peers can be told to do, or none."""
    rows = []
    for case in cases:
        rounds = results.get(case.name, {}).get("rounds")
        if rounds:
            ours = middle(rounds, "sluice", "cpu_us")
            rows.append([case.title, aimed(cell(ours), ours, case.aim_us),
                         *(cell(middle(rounds, name, "cpu_us")) for name in peers),
                         *(ratio_cell(ratio(rounds, "sluice", peer), case.aims.get(peer)) for peer in peers)])
    head = [what, *(f"{title(name)} us" for name in ("sluice", *peers)), *(f"Sluice / {title(peer)}" for peer in peers)]
    return table(head, rows) if rows else []


def sizes_table(results, cases):
    """What compression made of a body, of those that were told to compress it."""
    rows = [[case.title, f"{case.expect:,}", *(cell(results[case.name]["sizes"].get(name), "{:,}") for name in TITLES)]
            for case in cases if results.get(case.name, {}).get("sizes")]
    return table(["compression", "bytes before", *(f"{name} bytes" for name in TITLES.values())], rows) if rows else []


def composed_table(results, cases):
    return peers_table(results, [c for c in cases if c.shape.compose], "composition", COMPOSERS)


def policed_table(results, cases):
    return peers_table(results, [c for c in cases if c.shape.policies and not c.against], "policies", POLICERS)


def detail_table(results, cases):
    rows = []
    for case in cases:
        rounds = results.get(case.name, {}).get("rounds", [])
        names = list(dict.fromkeys(name for r in rounds for name in r))
        for name in names:
            rows.append([case.name, title(name), cell(middle(rounds, name, "rps"), "{:,.0f}"),
                         cell(middle(rounds, name, "p50_us"), "{:,.0f}"),
                         cell(middle(rounds, name, "p99_us"), "{:,.0f}"),
                         cell(middle(rounds, name, "rss_kib") and middle(rounds, name, "rss_kib") / 1024)])
    return table(["case", "proxy", "requests/s", "p50 us", "p99 us", "RSS MiB"], rows) if rows else []


def variant_table(results, cases):
    rows = []
    for case in cases:
        found = results.get(case.name, {})
        for name in (s.name for s in SUBJECTS) if case.against else ():
            rounds = found.get("rounds", [])
            if not any(name in r for r in rounds):
                continue
            start, plain = found["start"][name], found["start"][name + " plain"]
            delta = [r[name]["cpu_us"] - r[name + " plain"]["cpu_us"] for r in rounds]
            aim = case.aims.get("itself") if name == "sluice" else None
            rows.append([case.title, TITLES[name], ratio_cell(ratio(rounds, name, name + " plain"), aim),
                         aimed(f"{median(delta):+.2f} ({min(delta):+.2f} - {max(delta):+.2f})", median(delta),
                               case.aim_us if name == "sluice" else None),
                         f"{start['seconds'] - plain['seconds']:+.3f}",
                         f"{(start['rss_kib'] - plain['rss_kib']) / 1024:+.1f}"])
    head = ["with against without", "proxy", "CPU ratio", "CPU us more", "start s more", "RSS MiB more"]
    return table(head, rows) if rows else []


def features_table(results, features):
    """A row for each that was measured."""
    found = results.get("features")
    if not found:
        return []
    rows = []
    for feature in features:
        sample = found.get(feature.name)
        if not sample:
            continue
        rounds = sample["rounds"]
        more = [r["with"]["cpu_us"] - r["without"]["cpu_us"] for r in rounds]
        counted = sample.get("instructions")
        rows.append([feature.title, ratio_cell(ratio(rounds, "with", "without"), None),
                     aimed(f"{median(more):+.2f} ({min(more):+.2f} - {max(more):+.2f})", median(more), feature.aim_us),
                     f"{counted['with'] - counted['without']:+,.0f}" if counted else "-"])
    plain = [s["instructions"]["without"] for s in found.values() if s.get("instructions")]
    about = "Each against the bare configuration, except where another is named: GET of 1 KiB, 64 connections."
    if plain:
        about += (f" Instructions are those of user space, counted by callgrind on one connection; the bare configuration takes "
                  f"{median(plain):,.0f} for each request.")
    return [about, "", *table(["feature", "CPU ratio", "CPU us more", "instructions more"], rows)]


def open_loop_table(results):
    found = results.get("open-loop")
    if not found:
        return []
    keys = ("p50_us", "p90_us", "p99_us", "p999_us", "max_us", "cpu_us", "failed")
    rows = [[TITLES[name], *(cell(middle(found["rounds"], name, key)) for key in keys)]
            for name in found["rounds"][0]]
    about = (f"Open loop: 64 connections, {found['rate']:,} requests/s whatever the answers do; latency counts from the "
             "moment a request was due.")
    return [about, "", *table(["proxy", "p50 us", "p90", "p99", "p99.9", "max", "CPU us/request", "failed"], rows)]


def idle_table(results, case, what, aim):
    found = results.get(case)
    if not found:
        return []
    rows = [[TITLES[name], f"{sample['bytes']:,.0f}", cell(sample["rss_kib"] / 1024)]
            for name, sample in found["samples"].items()]
    asked = "one request" if case != "idle-h2" else "100 at a time"
    about = f"Idle {what}: {found['connections']:,}, each after {asked}. Aim: {aim:,} bytes."
    return [about, "", *table(["proxy", "bytes per connection", "RSS MiB"], rows)]


def sections(results, cases, composing=(), costs=()):
    """The tables alone, as lines."""
    parts = [("CPU per request", cpu_table(results, cases)), ("Size of what was compressed", sizes_table(results, cases)),
             ("Composition", composed_table(results, cases)), ("Policies", policed_table(results, cases)), ("What composing costs", list(composing)),
             ("Sluice against itself", variant_table(results, cases)), ("What features cost", list(costs)),
             ("Latency at a fixed rate", open_loop_table(results)), ("Memory", idle_table(results, "idle", "keep-alive connections", 600)),
             ("Memory with TLS", idle_table(results, "idle-tls", "connections with TLS", 14_848)),
             ("Memory with HTTP/2", idle_table(results, "idle-h2", "connections of HTTP/2", 40_960)),
             ("Throughput, latency, memory", detail_table(results, cases))]
    return [line for title, lines in parts if lines for line in [f"## {title}", "", *lines]]


def document(results, cases, facts, composing=(), costs=()):
    """All of RESULTS.md."""
    head = ["# Results", "",
            "Written by `./dev bench`. Each proxy runs with one worker pinned to one core; the load (wrk) and the backend",
            "(an nginx of its own) share the other. The figure that ranks is the CPU time of the proxy's process tree",
            "(/proc/*/task/*/schedstat) per request, as the kernel's TCP is most of it for everybody. Ratios are medians",
            "of the ratios of each round, with the least and the greatest; the proxies take turns within a round.", "",
            "Closed-loop p99 on a machine that runs the load beside the proxy ranks nothing; it is here for completeness.",
            "", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    return "\n".join(head + sections(results, cases, composing, costs)).rstrip("\n") + "\n"
