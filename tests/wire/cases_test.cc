// SPDX-License-Identifier: Apache-2.0
// Every file of tests/wire/cases/ through a whole gateway: at once, byte by byte and in odd pieces. The
// format is described in tests/support/wire_case.h.
#include <gmock/gmock.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <numeric>
#include <optional>
#include <random>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/wire_case.h"

namespace sluice::test::cases_test {
namespace {

using ::testing::ElementsAreArray;

constexpr const char* kFolder = "tests/wire/cases";
constexpr const char* kYaml = R"(
listeners:
  web: {bind: "127.0.0.1:0", limits: {body: 32KiB}}
upstreams:
  all: {targets: ["<all>"], retry: none}
access_log: {enabled: false}
routes:
  - {name: all, match: {path: /**}, to: all}
  - {name: encoded, match: {path: /encoded/**}, allow_encoded: [slash, backslash], to: all}
  - {name: local, match: {path: /local}, respond: {status: 200, body: here}}
)";
constexpr std::string_view kAfter = "GET /after HTTP/1.1\r\nHost: a.example\r\n\r\n";

// What the upstream says when the case leaves it to itself.
Answer method_and_target(const Request& request) {
  std::string body = request.method + " " + request.target;
  std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return {request.method == "HEAD" ? head : head + body};
}

std::vector<std::string> lines(std::string_view head) {
  std::vector<std::string> out;
  for (std::size_t end; (end = head.find("\r\n")) != head.npos && end > 0; head.remove_prefix(end + 2))
    out.emplace_back(head.substr(0, end));
  return out;
}

std::vector<std::string> lines(const std::vector<Line>& fields) {
  std::vector<std::string> out;
  for (const Line& f : fields) out.push_back(f.name + ": " + f.value);
  return out;
}

// Takes a line end, or what has come of one.
bool take_line_end(std::string_view& bytes) {
  constexpr std::string_view kEnd = "\r\n";
  auto got = bytes.substr(0, kEnd.size());
  bytes.remove_prefix(got.size());
  return kEnd.starts_with(got);
}

// What has come of a body that was cut; nothing if it is not framed as its head says, or has an end.
std::optional<std::string> body_of_cut(std::string_view bytes, bool chunked) {
  if (!chunked) return std::string(bytes);
  std::string out;
  while (!bytes.empty()) {
    std::size_t size = 0;
    auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), size, 16);
    bytes.remove_prefix(static_cast<std::size_t>(end - bytes.data()));
    if (error != std::errc() || size == 0 || !take_line_end(bytes)) return std::nullopt;
    out += bytes.substr(0, size);
    bytes.remove_prefix(std::min(size, bytes.size()));
    if (!take_line_end(bytes)) return std::nullopt;
  }
  return out;
}

enum class Delivery { whole, bytewise, pieces };
constexpr Delivery kDeliveries[] = {Delivery::whole, Delivery::bytewise, Delivery::pieces};
constexpr const char* kDeliveryNames[] = {"whole", "bytewise", "in pieces"};

// One gateway and one upstream for all cases: whatever a case leaves behind would show in the next one.
class Wire : public ::testing::TestWithParam<WireCase> {
 protected:
  static void SetUpTestSuite() {
    gw_ = std::make_unique<Gateway>(kYaml);
    all().answers_by(method_and_target);
    // From here on there is a connection in the pool.
    EXPECT_EQ(gw_->get("/sentinel").status, 200);
  }
  static void TearDownTestSuite() { gw_.reset(); }
  static Upstream& all() { return gw_->upstream("all"); }

  // What the upstream has seen so far.
  struct Seen {
    std::size_t requests;
    std::vector<std::size_t> bytes;  // by connection
    std::size_t total() const { return std::accumulate(bytes.begin(), bytes.end(), std::size_t{0}); }
  };
  static Seen seen() { return {all().request_count(), all().received_bytes()}; }

  void run(const WireCase& c, Delivery delivery) {
    if (!c.answer.empty()) all().answers_with(c.answer, c.answer_closes);
    const Seen before = seen();
    RawClient client = gw_->connect();
    deliver(client, c, delivery);

    for (const auto& expected : c.responses) check(client.response(expected.method), expected);
    all().answers_by(method_and_target);
    check_ending(client, c);
    settle();
    std::size_t cut = 0;
    check_requests(c, before, cut);
    check_nothing_else(before, cut);
  }

 private:
  static void deliver(RawClient& client, const WireCase& c, Delivery delivery) {
    std::string_view rest = c.sends;
    std::seed_seq seed(c.name.begin(), c.name.end());
    std::mt19937 random(seed);
    while (!rest.empty()) {
      std::size_t n = delivery == Delivery::whole      ? rest.size()
                      : delivery == Delivery::bytewise ? 1
                                                       : random() % 40 + 1;
      // A gateway that has refused already may not take the rest.
      if (!client.send(rest.substr(0, n))) break;
      rest.remove_prefix(std::min(n, rest.size()));
    }
    if (c.half_close) client.half_close();
  }

  static void check(const Response& got, const WireCase::Response& expected) {
    if (!expected.reason.empty()) {
      EXPECT_THAT(got, Refused(expected.status, expected.reason));
      return;
    }
    EXPECT_EQ(got.status, expected.status) << got;
    EXPECT_EQ(got.complete, !expected.cut) << got;
    EXPECT_EQ(got.fault, "") << got;
    auto have = lines(got.head);
    auto from = have.begin();
    for (const auto& line : expected.lines) {
      from = std::find(from, have.end(), line);
      EXPECT_NE(from, have.end()) << "no line `" << line << "`, or not in this place, in" << got;
    }
    for (const auto& name : expected.absent) EXPECT_FALSE(got.has(name)) << name << " in" << got;
    EXPECT_EQ(lines(got.trailers), expected.trailers);
    EXPECT_EQ(got.body, expected.body.value_or(got.body));
  }

  // What the gateway has ended, the upstream has seen the end of.
  static void settle() {
    auto text = gw_->metrics();
    auto opened = static_cast<std::size_t>(sum(text, "sluice_upstream_connections_total"));
    auto open = static_cast<std::size_t>(sum(text, "sluice_upstream_connections"));
    EXPECT_TRUE(all().has_seen(opened, opened - open));
  }

  static void check_ending(RawClient& client, const WireCase& c) {
    if (c.keep) {
      EXPECT_EQ(client.ask(kAfter).body, "GET /after") << "the connection was not kept";
    } else {
      EXPECT_TRUE(client.ended()) << "the connection was not closed, or more was sent: " << client.receive(1);
    }
  }

  // The requests that the upstream got of the case itself. Counts the bytes of those that were cut.
  static void check_requests(const WireCase& c, const Seen& before, std::size_t& cut) {
    auto got = all().requests(before.requests);
    if (c.keep && !got.empty()) got.pop_back();
    std::vector<const WireCase::Request*> expected;
    for (const auto& r : c.requests)
      if (!r.cut) expected.push_back(&r);
    auto forwarded =
        std::count_if(c.responses.begin(), c.responses.end(), [](const auto& r) { return r.reason.empty(); });
    auto count = c.requests.empty() && !c.no_request ? static_cast<std::size_t>(forwarded) : expected.size();
    ASSERT_EQ(got.size(), count) << "requests at the upstream; the last one:"
                                 << (got.empty() ? Request() : got.back());
    for (const auto& r : got) EXPECT_EQ(r.fault, "") << r;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_THAT(lines(got[i].head), ElementsAreArray(expected[i]->head));
      EXPECT_EQ(got[i].body, expected[i]->body);
      EXPECT_EQ(lines(got[i].trailers), expected[i]->trailers);
    }
    for (const auto& r : c.requests)
      if (r.cut) cut += check_cut(r, before);
  }

  // The part of a request that reached the upstream, if any did, is its head as expected, no more of its body
  // than was good, and then the end. How many bytes that was.
  static std::size_t check_cut(const WireCase::Request& expected, const Seen& before) {
    std::string head;
    for (const auto& line : expected.head) head += line + "\r\n";
    head += "\r\n";
    bool chunked = head.find("\r\nTransfer-Encoding: chunked\r\n") != head.npos;
    std::size_t came = 0;
    for (std::size_t i = 0; i < all().connections(); ++i) {
      auto bytes = all().received(i).substr(i < before.bytes.size() ? before.bytes[i] : 0);
      if (bytes.empty()) continue;
      EXPECT_EQ(came, 0u) << "it came on two connections";
      came = bytes.size();
      EXPECT_TRUE(all().closed(i)) << "the connection of a request that was cut stayed open";
      if (!bytes.starts_with(head)) {
        ADD_FAILURE() << "not the head that was expected: " << bytes;
        continue;
      }
      auto body = body_of_cut(std::string_view(bytes).substr(head.size()), chunked);
      EXPECT_TRUE(body && expected.body.starts_with(*body)) << "more than the good part: " << bytes;
    }
    return came;
  }

  // Another client's request goes to the upstream and back, and what the upstream has seen since the case
  // began is the requests that it was to see, what came of one that was `cut`, and no byte more. All else would
  // have come before this one.
  static void check_nothing_else(const Seen& before, std::size_t cut) {
    std::size_t requests = all().requests(before.requests).size();
    EXPECT_EQ(gw_->get("/sentinel").body, "GET /sentinel");
    auto got = all().requests(before.requests);
    EXPECT_EQ(got.size(), requests + 1);
    std::size_t bytes = cut;
    for (const auto& r : got) bytes += r.raw.size();
    EXPECT_EQ(seen().total() - before.total(), bytes) << "bytes that are no request reached the upstream";
  }

  static std::unique_ptr<Gateway> gw_;
};

std::unique_ptr<Gateway> Wire::gw_;

TEST_P(Wire, ComesToItsVerdict) {
  for (Delivery delivery : kDeliveries) {
    if (GetParam().whole && delivery != Delivery::whole) continue;
    SCOPED_TRACE(std::string("sent ") + kDeliveryNames[static_cast<int>(delivery)] + "\n" + GetParam().about);
    run(GetParam(), delivery);
    if (HasFailure()) return;
  }
}

std::string test_name(const ::testing::TestParamInfo<WireCase>& info) {
  std::string out = info.param.name;
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return out;
}

INSTANTIATE_TEST_SUITE_P(Cases, Wire, ::testing::ValuesIn(WireCase::all(kFolder)), test_name);

}  // namespace
}  // namespace sluice::test::cases_test
