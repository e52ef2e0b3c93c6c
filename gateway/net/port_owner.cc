// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/port_owner.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace sluice::net {
namespace {

namespace fs = std::filesystem;

// Socket inodes in state LISTEN (0A) on `port`, from the table that proc(5) describes.
void listening_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream in(table);
  std::string line;
  char suffix[8];
  std::snprintf(suffix, sizeof suffix, ":%04X", port);
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, state, skip, inode;
    words >> slot >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) words >> skip;
    words >> inode;
    if (state == "0A" && local.ends_with(suffix)) inodes.insert("socket:[" + inode + "]");
  }
}

// The same for the listening socket (state 01, flag __SO_ACCEPTCON) bound to `path`: proc(5), /proc/net/unix.
void listening_inodes(std::string_view path, std::set<std::string>& inodes) {
  std::ifstream in("/proc/net/unix");
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string address, count, protocol, flags, type, state, inode, name;
    words >> address >> count >> protocol >> flags >> type >> state >> inode >> std::ws;
    std::getline(words, name);
    if (flags == "00010000" && name == path) inodes.insert("socket:[" + inode + "]");
  }
}

bool holds(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code ec;
  for (fs::directory_iterator fd(process / "fd", ec), end; !ec && fd != end; fd.increment(ec)) {
    auto target = fs::read_symlink(fd->path(), ec);
    if (!ec && inodes.contains(target.string())) return true;
    ec.clear();
  }
  return false;
}

std::string owner_of(const std::set<std::string>& inodes) {
  std::error_code ec;
  for (fs::directory_iterator p("/proc", ec), end; !inodes.empty() && !ec && p != end; p.increment(ec)) {
    auto pid = p->path().filename().string();
    if (pid.empty() || pid[0] < '0' || pid[0] > '9' || !holds(p->path(), inodes)) continue;
    std::ifstream comm(p->path() / "comm");
    std::string name;
    std::getline(comm, name);
    return " (in use by " + name + ", pid " + pid + ")";
  }
  return {};
}

}  // namespace

std::string port_owner(std::uint16_t port) {
  std::set<std::string> inodes;
  listening_inodes("/proc/net/tcp", port, inodes);
  listening_inodes("/proc/net/tcp6", port, inodes);
  return owner_of(inodes);
}

std::string socket_owner(std::string_view path) {
  std::set<std::string> inodes;
  listening_inodes(path, inodes);
  return owner_of(inodes);
}

}  // namespace sluice::net
