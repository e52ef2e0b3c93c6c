# SPDX-License-Identifier: Apache-2.0
"""Limits that are kept by several Redis servers: a master with a replica that sentinels watch, and a cluster, in plain
and over TLS. Real redis-server processes; masters are killed, moved and handed over."""
import contextlib
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import PATIENCE, Case, Running, eventually, sluice, unused_port
from redis_test import Gateway


class Servers(Case):
    """Redis processes by port, and gateways that use them."""
    tls = False  # whether all of them speak TLS, to each other too, and nothing else

    def setUp(self):
        super().setUp()
        self.servers = {}
        self.certs = self.folder / "certs"
        self.scheme, self.tls_of_store = "redis", ""
        if self.tls:
            self.make_certificate("localhost", "127.0.0.1", "limits")
            self.make_certificate("node", "--client")  # by which nodes of a cluster know each other
            self.scheme, self.tls_of_store = "rediss", f", tls: {{ca: {self.certs / 'ca.pem'}}}"

    def make_certificate(self, *words):
        self.assertEqual(sluice("dev-cert", *words, "--dir", self.certs).returncode, 0)

    def listening(self, port):
        """Settings of a server, or of a sentinel."""
        if not self.tls:
            return {"port": port, "bind": "127.0.0.1"}
        return {"port": 0, "tls-port": port, "bind": "127.0.0.1", "tls-cert-file": self.certs / "localhost.pem",
                "tls-key-file": self.certs / "localhost.key", "tls-ca-cert-file": self.certs / "ca.pem",
                "tls-client-cert-file": self.certs / "node.pem", "tls-client-key-file": self.certs / "node.key",
                "tls-auth-clients": "no", "tls-replication": "yes", "tls-cluster": "yes"}

    def server(self, port, *options):
        listening = [word for name, value in self.listening(port).items() for word in (f"--{name}", str(value))]
        server = Running(["redis-server", *listening, "--save", "", "--dir", self.folder, "--appendonly", "no",
                          "--dbfilename", f"{port}.rdb", *options], owner=self)
        server.says("eady to accept connections")
        self.servers[port] = server
        return server

    def kill(self, port):
        self.servers[port].send(signal.SIGKILL)
        self.servers[port].wait()

    def asked(self, port, *words):
        tls = ["--tls", "--cacert", self.certs / "ca.pem"] if self.tls else []
        return subprocess.run(["redis-cli", *tls, "-p", str(port), *words], capture_output=True, text=True,
                              timeout=PATIENCE)

    def cli(self, port, *words):
        said = self.asked(port, *words)
        said.check_returncode()
        return said.stdout.strip()

    def role(self, port):
        """"" while it cannot say: a server that changes its role cuts its clients off."""
        said = self.asked(port, "role")
        return said.stdout.split("\n")[0] if said.returncode == 0 else ""

    def gateway_of(self, redis, policy, on_error="local", workers=2):
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
workers: {workers}
stores: {{shared: {{redis: {{timeout: 500ms, connect_timeout: 500ms, {redis}}}, on_error: {on_error}}}}}
policies: {{few: {{{policy}}}}}
routes: [{{name: all, match: {{path: /**}}, use: [few], respond: {{status: 200, body: ok}}}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        gateway = Gateway(self, self.config)
        self.gateway, self.port, self.admin_port = gateway.process, gateway.port, gateway.admin_port
        return gateway

    def passes(self, *options):
        return self.curl("/", *options).status == 200

    def degraded(self):
        return self.metric("sluice_rate_limit_requests_total", policy="few", result="degraded")


class OneAddress(Servers):
    """A master and its replica behind one address, which leads new connections to `self.behind`."""

    def setUp(self):
        super().setUp()
        self.master, self.replica = unused_port(), unused_port()
        self.server(self.master)
        self.server(self.replica)
        self.behind = self.master
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        threading.Thread(target=self.lead, args=(listener,), daemon=True).start()
        self.gateway_of(f'url: "redis://127.0.0.1:{listener.getsockname()[1]}"',
                        "rate_limit: {limit: 1000/h, store: shared}", workers=1)
        self.assertTrue(self.passes())
        self.assertEqual(self.degraded(), 0)

    def lead(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client = listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.behind))
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self.copy, args=ends, daemon=True).start()

    @staticmethod
    def copy(source, sink):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
        source.close()

    def hand_over(self):
        self.cli(self.master, "replicaof", "127.0.0.1", str(self.replica))

    def test_follows_when_the_master_becomes_a_replica(self):
        self.behind = self.replica
        self.hand_over()
        eventually(lambda: self.passes() and "sluice:few:" in self.cli(self.replica, "--scan"),
                   "requests are counted at the new master")

    def test_leaves_a_replica_alone(self):
        self.hand_over()
        self.cli(self.master, "config", "resetstat")
        self.assertTrue(self.passes())
        begun = time.monotonic()
        while time.monotonic() - begun < 2:
            self.assertTrue(self.passes())
        asked = self.cli(self.master, "info", "commandstats").split("cmdstat_evalsha:calls=")[1].split(",")[0]
        # It is asked anew after a tenth of a second, and then after twice the time.
        self.assertLessEqual(int(asked), 8)
        self.assertEqual(self.gateway.count("does not answer: READONLY"), 1)
        self.assertEqual(self.gateway.count("answers again"), 0)


class SentinelServers(Servers):
    def setUp(self):
        super().setUp()
        self.master, self.replica = unused_port(), unused_port()
        self.server(self.master)
        self.server(self.replica, "--replicaof", "127.0.0.1", str(self.master))
        eventually(lambda: "state=online" in self.cli(self.master, "info", "replication"), "the replica follows")
        self.sentinels = [unused_port() for _ in range(3)]
        for port in self.sentinels:
            config = self.folder / f"sentinel-{port}.conf"
            config.write_text(f"""sentinel monitor limits 127.0.0.1 {self.master} 2
sentinel down-after-milliseconds limits 500
sentinel failover-timeout limits 3000
""")
            # It rewrites the file that it is given; port and address stand there too.
            with config.open("a") as text:
                text.write(f"dir {self.folder}\n")
                text.writelines(f"{name} {value}\n" for name, value in self.listening(port).items())
            server = Running(["redis-server", config, "--sentinel"], owner=self)
            server.says("monitor master limits")
            self.servers[port] = server
        for port in self.sentinels:
            eventually(lambda p=port: "sentinels=3" in self.cli(p, "info", "sentinel") and
                       "slaves=1" in self.cli(p, "info", "sentinel"), "the sentinels know all")
        at = ", ".join(f'"{self.scheme}://127.0.0.1:{port}"' for port in self.sentinels)
        self.redis = f"sentinel: {{master: limits, at: [{at}]}}{self.tls_of_store}"


class Sentinel(SentinelServers):
    def test_counts_at_the_master(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 3/h, store: shared}")
        self.assertEqual(gateway.ask(4), [200, 200, 200, 429])
        self.assertIn("sluice:few:", self.cli(self.master, "--scan"))
        self.assertEqual(self.degraded(), 0)

    def test_asks_another_sentinel_when_one_is_gone(self):
        self.kill(self.sentinels[0])
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 3/h, store: shared}")
        self.assertEqual(gateway.ask(4), [200, 200, 200, 429])
        self.assertEqual(self.degraded(), 0)

    def test_follows_when_the_master_is_killed(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 1000/h, store: shared}")
        self.assertEqual(gateway.ask(2), [200] * 2)
        self.kill(self.master)
        # Meanwhile each process counts alone.
        self.assertEqual(gateway.ask(20), [200] * 20)
        eventually(lambda: gateway.ask() and self.metric("sluice_store_up", store="shared") == 1,
                   "the gateway finds the new master")
        self.assertGreater(self.degraded(), 0)

        def counted_again():  # every worker has its own connection, and finds the master by itself
            before = self.degraded()
            self.assertEqual(gateway.ask(5), [200] * 5)
            return self.degraded() == before
        eventually(counted_again, "requests are counted at the new master")
        self.assertIn("master", self.cli(self.replica, "role"))
        self.assertIn("sluice:few:", self.cli(self.replica, "--scan"))

    def test_follows_when_the_master_hands_over(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 1000/h, store: shared}")
        self.assertEqual(gateway.ask(2), [200] * 2)
        self.cli(self.sentinels[0], "sentinel", "failover", "limits")
        eventually(lambda: self.role(self.replica) == "master", "the replica is promoted")
        eventually(lambda: self.role(self.master) == "slave", "the master follows")

        def counted():
            key = self.cli(self.replica, "--scan")
            before = self.cli(self.replica, "get", key) if key else ""
            self.assertEqual(gateway.ask(), [200])
            return before and self.cli(self.replica, "get", key) != before
        eventually(counted, "requests are counted at the new master")

    def test_says_what_the_sentinels_do_not_know(self):
        redis = self.redis.replace("master: limits", "master: nobody")
        gateway = self.gateway_of(redis, "rate_limit: {limit: 3/h, store: shared}")
        self.assertEqual(gateway.ask(4), [200, 200, 200, 429])
        self.gateway.says(r"store `shared` \(master `nobody`\) does not answer: sentinel .* knows no master `nobody`")


class SentinelOverTls(SentinelServers):
    tls = True

    def test_asks_sentinels_and_counts_at_the_master_wherever_that_moves(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 1000/h, store: shared}", on_error="deny")
        self.assertEqual(gateway.ask(2), [200] * 2)
        self.assertIn("sluice:few:", self.cli(self.master, "--scan"))
        self.cli(self.sentinels[0], "sentinel", "failover", "limits")
        eventually(lambda: self.role(self.replica) == "master", "the replica is promoted")
        eventually(lambda: gateway.ask() == [200], "requests are counted at the new master")
        self.assertIn("sluice:few:", self.cli(self.replica, "--scan"))


class ClusterServers(Servers):
    def setUp(self):
        super().setUp()
        self.nodes = [unused_port() for _ in range(3)]
        for port in self.nodes:
            self.server(port, *self.cluster_options(port))
        self.cli(self.nodes[0], "--cluster", "create", *(f"127.0.0.1:{p}" for p in self.nodes), "--cluster-yes")
        self.await_agreement()
        self.redis = f'cluster: "{self.scheme}://127.0.0.1:{self.nodes[0]}"{self.tls_of_store}'

    @staticmethod
    def cluster_options(port):
        return ["--cluster-enabled", "yes", "--cluster-config-file", f"{port}.nodes", "--cluster-node-timeout", "1000",
                "--cluster-port", str(unused_port()), "--cluster-require-full-coverage", "no"]

    def await_agreement(self):
        for port in self.nodes:
            eventually(lambda p=port: "cluster_state:ok" in self.cli(p, "cluster", "info") and
                       "cluster_slots_assigned:16384" in self.cli(p, "cluster", "info"), "the cluster is one")

    def keys(self):
        return {port: self.cli(port, "--scan").split() for port in self.nodes}


class Cluster(ClusterServers):
    def test_counts_each_caller_at_the_master_of_its_key(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: [2/h, 3/12h], by: header.X-Key, store: shared}")
        for caller in range(30):
            statuses = [self.curl("/", "-H", f"X-Key: {caller}").status for _ in range(3)]
            self.assertEqual(statuses, [200, 200, 429])
        keys = self.keys()
        self.assertTrue(all(keys.values()), keys)  # each node has some
        self.assertEqual(sum(map(len, keys.values())), 60)
        self.assertEqual(self.degraded(), 0)
        self.assertEqual(gateway.process.count("does not answer"), 0)

    def slot_of_few(self):
        return int(self.cli(self.nodes[0], "cluster", "keyslot", "{ip=127.0.0.1}"))

    def owner(self, slot):
        """Port and id of the master of a slot, by what the first node knows."""
        for line in self.cli(self.nodes[0], "cluster", "nodes").splitlines():
            words = line.split()
            for span in words[8:]:
                first, _, last = span.partition("-")
                if first.isdigit() and int(first) <= slot <= int(last or first):
                    return int(words[1].split("@")[0].rpartition(":")[2]), words[0]
        raise AssertionError(f"nobody has slot {slot}")

    def id_of(self, port):
        return self.cli(port, "cluster", "myid")

    def test_follows_a_slot_that_is_moved(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 4/h, store: shared}")
        self.assertEqual(gateway.ask(2), [200] * 2)
        slot = self.slot_of_few()
        source, source_id = self.owner(slot)
        target = next(port for port in self.nodes if port != source)
        # Half way: what is new in the slot is asked for at the target (ASK), what is there at the source.
        self.cli(target, "cluster", "setslot", str(slot), "importing", source_id)
        self.cli(source, "cluster", "setslot", str(slot), "migrating", self.id_of(target))
        self.assertEqual(gateway.ask(), [200])
        [key] = self.cli(source, "cluster", "getkeysinslot", str(slot), "10").split()
        self.cli(source, "migrate", "127.0.0.1", str(target), key, "0", "5000")
        self.assertEqual(gateway.ask(2), [200, 429])  # by ASK
        self.assertEqual(self.cli(target, "cluster", "countkeysinslot", str(slot)), "1")
        for port in self.nodes:
            self.cli(port, "cluster", "setslot", str(slot), "node", self.id_of(target))
        self.assertEqual(gateway.ask(2), [429] * 2)  # by MOVED
        self.assertEqual(self.degraded(), 0)

    def test_counts_alone_only_what_a_dead_node_has(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 2/h, by: header.X-Key, store: shared}")
        for caller in range(20):
            self.assertTrue(self.passes("-H", f"X-Key: {caller}"))
        dead = self.nodes[2]
        lost = len(self.cli(dead, "--scan").split())
        self.assertGreater(lost, 0)
        self.kill(dead)
        for caller in range(20):
            self.assertTrue(self.passes("-H", f"X-Key: {caller}"))
        self.assertEqual(self.degraded(), lost)
        self.assertEqual(self.metric("sluice_store_up", store="shared"), 0)
        gateway.process.says(rf"store `shared` \(127\.0\.0\.1:{dead}\) does not answer")

    def test_follows_a_failover(self):
        slot = self.slot_of_few()
        replica = unused_port()
        self.server(replica, *self.cluster_options(replica))
        master, master_id = self.owner(slot)
        self.cli(replica, "--cluster", "add-node", f"127.0.0.1:{replica}", f"127.0.0.1:{self.nodes[0]}",
                 "--cluster-slave", "--cluster-master-id", master_id)
        eventually(lambda: "master_link_status:up" in self.cli(replica, "info", "replication"), "the replica follows")
        at = ", ".join(f'"redis://127.0.0.1:{port}"' for port in self.nodes)
        gateway = self.gateway_of(f"cluster: [{at}]", "rate_limit: {limit: 1000/h, store: shared}")
        self.assertEqual(gateway.ask(2), [200] * 2)

        self.kill(master)

        def found():
            before = self.degraded()
            self.assertEqual(gateway.ask(), [200])
            return self.degraded() == before
        eventually(found, "the gateway finds the new master")
        self.assertIn("master", self.cli(replica, "role"))
        eventually(lambda: self.metric("sluice_store_up", store="shared") == 1, "the store is whole again")

    def test_begins_with_whichever_node_is_there(self):
        at = f'"redis://127.0.0.1:{unused_port()}", "redis://127.0.0.1:{self.nodes[1]}"'
        gateway = self.gateway_of(f"cluster: [{at}]", "rate_limit: {limit: 1000/h, store: shared}")

        def counted():
            self.assertEqual(gateway.ask(), [200])
            return any(self.keys().values())
        eventually(counted, "requests are counted in the cluster")

    def test_keeps_quotas(self):
        gateway = self.gateway_of(self.redis, "quota: {limit: [2/day, 3/month], store: shared}")
        self.assertEqual(gateway.ask(3), [200, 200, 429])
        self.assertEqual(sum(map(len, self.keys().values())), 2)
        self.assertIn('"used":2', self.admin("/quotas?policy=few&key=ip%3D127.0.0.1").body.decode())


class ClusterOverTls(ClusterServers):
    tls = True

    def test_counts_each_caller_at_the_master_of_its_key(self):
        gateway = self.gateway_of(self.redis, "rate_limit: {limit: 2/h, by: header.X-Key, store: shared}")
        for caller in range(20):
            statuses = [self.curl("/", "-H", f"X-Key: {caller}").status for _ in range(3)]
            self.assertEqual(statuses, [200, 200, 429])
        keys = self.keys()
        self.assertTrue(all(keys.values()), keys)  # nodes that only the cluster told of have some, too
        self.assertEqual(sum(map(len, keys.values())), 20)
        self.assertEqual(self.degraded(), 0)
        self.assertEqual(gateway.process.count("does not answer"), 0)


if __name__ == "__main__":
    unittest.main()
