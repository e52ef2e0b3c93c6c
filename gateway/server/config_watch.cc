// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/config_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/base/log.h"
#include "gateway/config/load.h"

namespace sluice::server {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

std::string parent_of(const std::string& path) {
  auto parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Where something happens if the file changes: its directory, and those of whatever its links lead to.
void add_directories(const std::string& file, std::set<std::string>& out) {
  out.insert(parent_of(file));
  std::error_code error;
  auto real = fs::canonical(file, error);
  if (!error) out.insert(parent_of(real.string()));
}

}  // namespace

class ConfigWatch::Watching : public std::enable_shared_from_this<ConfigWatch::Watching> {
 public:
  Watching(asio::io_context& control, std::function<void()> changed, WatchTimes times)
      : events_(control), settle_(control), look_(control), changed_(std::move(changed)), times_(times) {
    int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0) {
      events_.assign(fd);
    } else {
      base::log(base::Level::warning, std::string("no file events, files are looked at every few seconds: ") +
                                          std::strerror(errno));
    }
  }

  void begin() {
    wait_for_events();
    look_later();
  }
  void end() {
    changed_ = nullptr;
    boost::system::error_code ignored;
    if (events_.is_open()) events_.close(ignored);
    settle_.cancel();
    look_.cancel();
  }

  // Of one that could not be read as a whole, the files of before may still be parts.
  void watch(const config::Document& document, const WatchedFiles& read) {
    auto files = document.files(), patterns = document.patterns();
    if (!document.complete() || !document.root()) {
      files.insert(files.end(), watched_.begin(), watched_.end());
      for (const auto& [pattern, known] : patterns_) patterns.push_back(pattern);
    }
    watch(files, patterns, read);
  }

  void watch(const std::vector<std::string>& files, const std::vector<std::string>& patterns,
             const WatchedFiles& read = {}) {
    files_.only(files, read);
    auto before = std::exchange(patterns_, {});
    for (const auto& pattern : patterns) {
      auto known = before.find(pattern);
      const auto* meant = known == before.end() ? read.matches(pattern) : &known->second;
      patterns_[pattern] = meant ? *meant : matches(pattern);
    }
    watched_ = files;
    std::set<std::string> wanted;
    for (const auto& file : files) add_directories(file, wanted);
    for (const auto& pattern : patterns) wanted.insert(parent_of(pattern));
    watch_directories(std::move(wanted));
  }

 private:
  static std::vector<std::string> matches(const std::string& pattern) {
    return config::system_environment().matches(pattern).names;
  }

  // Directories that are gone and came back have another watch: all are asked for each time, which changes
  // nothing for those that are watched.
  void watch_directories(std::set<std::string> wanted) {
    if (!events_.is_open()) return;
    std::map<std::string, int> now;
    for (const auto& directory : wanted) {
      int id = ::inotify_add_watch(events_.native_handle(), directory.c_str(), kEvents | IN_ONLYDIR);
      if (id >= 0) now[directory] = id;
    }
    std::set<int> used;
    for (const auto& [directory, id] : now) used.insert(id);
    for (const auto& [directory, id] : watches_)
      if (!used.contains(id)) ::inotify_rm_watch(events_.native_handle(), id);
    watches_ = std::move(now);
  }

  void wait_for_events() {
    if (!events_.is_open()) return;
    events_.async_wait(asio::posix::descriptor_base::wait_read,
                       [weak = weak_from_this()](boost::system::error_code error) {
                         auto self = weak.lock();
                         if (!self || error || !self->changed_) return;
                         self->drain_events();
                         self->look_when_settled();
                         self->wait_for_events();
                       });
  }

  // What they say does not matter, that there are some does.
  void drain_events() {
    alignas(inotify_event) std::array<char, 4096> buffer;
    while (::read(events_.native_handle(), buffer.data(), buffer.size()) > 0) {
    }
  }

  // Each event puts it off, but not for ever: a file that something writes to all the time is looked at too.
  void look_when_settled() {
    auto now = std::chrono::steady_clock::now();
    if (!settling_) first_event_ = now;
    settling_ = true;
    settle_.expires_at(std::min(now + times_.settle, first_event_ + 8 * times_.settle));
    settle_.async_wait([weak = weak_from_this()](boost::system::error_code stopped) {
      auto self = weak.lock();
      if (stopped || !self || !self->changed_) return;
      self->settling_ = false;
      self->look();
    });
  }

  void look_later() {
    look_.expires_after(times_.look);
    look_.async_wait([weak = weak_from_this()](boost::system::error_code stopped) {
      auto self = weak.lock();
      if (stopped || !self || !self->changed_) return;
      self->look();
      self->look_later();
    });
  }

  // Two looks that see the same make a change, the first one only the suspicion of it.
  void look() {
    bool moved = files_.moved();
    for (auto& [pattern, known] : patterns_) {
      auto found = matches(pattern);
      if (found == known) continue;
      known = std::move(found);
      moved = true;
    }
    if (moved) {
      suspected_ = true;
      return look_when_settled();
    }
    if (!std::exchange(suspected_, false)) return;
    auto changed = changed_;  // it may end the watch
    changed();
  }

  asio::posix::stream_descriptor events_;
  asio::steady_timer settle_, look_;
  std::function<void()> changed_;
  WatchTimes times_;
  WatchedFiles files_;
  std::vector<std::string> watched_;
  std::map<std::string, std::vector<std::string>> patterns_;  // and what matched them
  std::map<std::string, int> watches_;                        // by directory
  std::chrono::steady_clock::time_point first_event_{};
  bool settling_ = false;
  bool suspected_ = false;
};

ConfigWatch::ConfigWatch(asio::io_context& control, std::function<void()> changed, WatchTimes times)
    : watching_(std::make_shared<Watching>(control, std::move(changed), times)) {
  watching_->begin();
}

ConfigWatch::~ConfigWatch() { watching_->end(); }

void ConfigWatch::watch(const config::Document& document, const WatchedFiles& read) {
  watching_->watch(document, read);
}

void ConfigWatch::watch(const std::vector<std::string>& files, const std::vector<std::string>& patterns) {
  watching_->watch(files, patterns);
}

}  // namespace sluice::server
