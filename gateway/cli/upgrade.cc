// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/upgrade.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/config/amounts.h"

namespace sluice::cli {

using base::Level;
using base::log;

namespace {

constexpr auto kTakesSockets = std::chrono::seconds(10);
constexpr auto kServes = std::chrono::seconds(60);

std::vector<std::string> arguments_of_this_process() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string all((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::string> out;
  for (std::size_t at = 0; at < all.size();) {
    out.emplace_back(all.c_str() + at);
    at += out.back().size() + 1;
  }
  return out;
}

// As it is called now: once the file is replaced the system tells another name.
std::string program_of_this_process() {
  std::error_code error;
  auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : path.string();
}

}  // namespace

Upgrade::Start Upgrade::this_program() {
  return {program_of_this_process(), arguments_of_this_process(), kServes};
}

Upgrade::Upgrade(boost::asio::io_context& control, server::Gateway& gateway,
                 std::function<void(pid_t)> serves, Start start)
    : gateway_(gateway),
      serves_(std::move(serves)),
      channel_(control),
      timer_(control),
      start_(std::move(start)) {}

void Upgrade::begin() {
  if (running()) return log(Level::warning, "an upgrade is under way already");
  log(Level::info, "upgrading: starting " + start_.program);
  auto sockets = gateway_.hand_out();
  auto started =
      net::Successor::start(start_.program, start_.arguments, sockets, gateway_.hand_over(), kTakesSockets);
  for (const auto& s : sockets)
    for (int fd : s.fds) ::close(fd);
  if (!started) return failed(started.error().detail);
  successor_.emplace(std::move(*started));
  channel_.assign(::fcntl(successor_->channel(), F_DUPFD_CLOEXEC, 0));
  listen();
  timer_.expires_after(start_.patience);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped && running() && !served_)
      failed("the new process does not serve after " + config::to_text(config::Duration(start_.patience)));
  });
}

void Upgrade::pass_on(int signal) {
  if (!running()) return;
  if (served_) {
    ::kill(successor_->pid(), signal);
  } else {
    passed_on_.insert(signal);
  }
}

void Upgrade::listen() {
  channel_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](boost::system::error_code error) {
                        if (!error && running()) heard();
                      });
}

void Upgrade::heard() {
  switch (successor_->said()) {
    case net::Successor::Said::nothing:
      return listen();
    case net::Successor::Said::ended:
      return failed("the new process ended before it served");
    case net::Successor::Said::ready:
      break;
  }
  served_ = true;  // the timer may have gone off in this very moment
  timer_.cancel();
  channel_.close();
  pid_t pid = successor_->pid();
  log(Level::info, "upgraded: process " + std::to_string(pid) + " serves");
  serves_(pid);
  for (int signal : passed_on_) ::kill(pid, signal);
}

void Upgrade::failed(const std::string& why) {
  give_up();
  log(Level::error, "not upgraded: " + why + "; this process goes on");
}

void Upgrade::give_up() {
  timer_.cancel();
  channel_.close();
  if (successor_) successor_->end();
  successor_.reset();
  passed_on_.clear();
  gateway_.take_back();
}

}  // namespace sluice::cli
