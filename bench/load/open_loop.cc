// SPDX-License-Identifier: Apache-2.0
// Open-loop load: asks at a fixed rate whatever the answers do, and measures each answer from the moment at
// which its request was due, so that a stall counts for every request that it delayed. Closed-loop tools such
// as wrk wait for the answer and so leave out just the requests that would have suffered.
//
// With several requests at once, each on a connection of its own, all of them are due at the same moment and what
// is measured is the slowest: what somebody waits for who asks several services side by side. The rate, and
// what is printed, then count such groups.
//
// Usage: open_loop PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS [--at-once N]
// Prints: sent answered failed p50 p90 p99 p99.9 max        (latencies in microseconds)
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/common.h"

namespace {

struct Connection {
  int fd = -1;
  std::size_t asked = 0;   // the group of the request in flight
  std::string head;        // of its answer, until complete
  std::int64_t left = -1;  // of the answer's body; negative while the head is read
};

class OpenLoop {
 public:
  OpenLoop(std::uint16_t port, const std::string& path, double rate, double seconds, int connections,
           unsigned at_once)
      : port_(port),
        interval_(static_cast<Nanoseconds>(1e9 / rate)),
        total_(static_cast<std::size_t>(rate * seconds)),
        at_once_(at_once),
        connections_(static_cast<std::size_t>(connections)),
        unanswered_(total_, at_once) {
    request_ = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    latencies_.reserve(total_);
  }

  void run();
  void print() const;

 private:
  void connect_all();
  void arm_timer();
  void send_due();
  void ask(Connection& c, std::size_t group);
  void receive(Connection& c);
  void answered(std::size_t group);
  void give_up(std::size_t group);
  Nanoseconds due(std::size_t group) const { return began_ + static_cast<Nanoseconds>(group) * interval_; }
  bool take(Connection& c, std::string_view bytes);  // whether the answer is complete

  std::uint16_t port_;
  Nanoseconds interval_;
  std::size_t total_;  // groups
  unsigned at_once_;   // requests of each
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  std::deque<std::size_t> waiting_;   // groups of requests that are due, but every connection was busy
  std::vector<unsigned> unanswered_;  // requests of each group; none of one that has failed
  std::string request_;
  std::vector<Nanoseconds> latencies_;
  std::size_t sent_ = 0, failed_ = 0;
  Nanoseconds began_ = 0;
  int epoll_ = -1, timer_ = -1;
};

void OpenLoop::connect_all() {
  for (auto& c : connections_) {
    c.fd = connect_to(port_);
    watch(epoll_, c.fd, &c);
    idle_.push_back(&c);
  }
}

void OpenLoop::arm_timer() {
  Nanoseconds next = due(sent_);
  itimerspec when{.it_interval = {}, .it_value = {next / 1'000'000'000, next % 1'000'000'000}};
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void OpenLoop::ask(Connection& c, std::size_t group) {
  c.asked = group;
  c.left = -1;
  c.head.clear();
  if (write(c.fd, request_.data(), request_.size()) != static_cast<ssize_t>(request_.size())) give_up(group);
}

void OpenLoop::answered(std::size_t group) {
  if (unanswered_[group] != 0 && --unanswered_[group] == 0) latencies_.push_back(now() - due(group));
}

void OpenLoop::give_up(std::size_t group) {
  if (unanswered_[group] != 0) ++failed_;
  unanswered_[group] = 0;
}

void OpenLoop::send_due() {
  std::uint64_t ticks = 0;
  if (read(timer_, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("timerfd");
  for (Nanoseconds t = now(); sent_ < total_; ++sent_) {
    if (due(sent_) > t) break;
    for (unsigned i = 0; i < at_once_; ++i) {
      if (idle_.empty()) {
        waiting_.push_back(sent_);
        continue;
      }
      ask(*idle_.back(), sent_);
      idle_.pop_back();
    }
  }
  if (sent_ < total_) arm_timer();
}

bool OpenLoop::take(Connection& c, std::string_view bytes) {
  if (c.left < 0) {
    c.head.append(bytes);
    auto end = c.head.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (c.head.compare(9, 3, "200") != 0) give_up(c.asked);
    auto at = c.head.find("ontent-");
    while (at != std::string::npos && strncasecmp(c.head.data() + at, "ontent-length:", 14) != 0)
      at = c.head.find("ontent-", at + 1);
    std::int64_t length = at == std::string::npos ? 0 : std::atoll(c.head.c_str() + at + 14);
    c.left = length - static_cast<std::int64_t>(c.head.size() - end - 4);
  } else {
    c.left -= static_cast<std::int64_t>(bytes.size());
  }
  return c.left == 0;
}

void OpenLoop::receive(Connection& c) {
  static char buffer[65536];
  ssize_t got = read(c.fd, buffer, sizeof buffer);
  if (got <= 0) {
    give_up(c.asked);
    close(c.fd);
    return;
  }
  if (!take(c, {buffer, static_cast<std::size_t>(got)})) return;
  answered(c.asked);
  if (waiting_.empty()) {
    idle_.push_back(&c);
    return;
  }
  ask(c, waiting_.front());
  waiting_.pop_front();
}

void OpenLoop::run() {
  epoll_ = epoll_create1(0);
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  connect_all();
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event) != 0) fail("epoll_ctl");
  began_ = now() + 10'000'000;
  arm_timer();
  // Whatever is not answered two seconds after the last request was due counts as failed.
  Nanoseconds end = due(total_) + 2'000'000'000;
  while (latencies_.size() + failed_ < total_ && now() < end) {
    epoll_event ready[256];
    int count = epoll_wait(epoll_, ready, 256, 100);
    for (int i = 0; i < count; ++i) {
      if (ready[i].data.ptr) {
        receive(*static_cast<Connection*>(ready[i].data.ptr));
      } else {
        send_due();
      }
    }
  }
}

void OpenLoop::print() const {
  auto sorted = latencies_;
  std::sort(sorted.begin(), sorted.end());
  auto at = [&](double part) { return quantile(sorted, part); };
  std::printf("%zu %zu %zu %.1f %.1f %.1f %.1f %.1f\n", sent_, sorted.size(), sent_ - sorted.size(), at(0.5),
              at(0.9), at(0.99), at(0.999), at(1.0));
}

}  // namespace

int main(int argc, char** argv) {
  int at_once = argc == 8 && std::strcmp(argv[6], "--at-once") == 0 ? std::atoi(argv[7]) : 1;
  if ((argc != 6 && argc != 8) || at_once < 1) {
    std::fprintf(stderr,
                 "usage: open_loop PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS [--at-once N]\n");
    return 2;
  }
  OpenLoop load(static_cast<std::uint16_t>(std::atoi(argv[1])), argv[2], std::atof(argv[3]),
                std::atof(argv[4]), std::atoi(argv[5]), static_cast<unsigned>(at_once));
  load.run();
  load.print();
}
