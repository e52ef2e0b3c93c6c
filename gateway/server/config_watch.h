// SPDX-License-Identifier: Apache-2.0
// ConfigWatch: tells when the files of a configuration have changed: edited in place, replaced by a rename as
// editors do it, or exchanged as a whole by the links of a Kubernetes volume; also when a file comes or goes
// that an `include` pattern means. inotify watches the directories and says when to look; what is looked at
// are the files themselves, so an event that is missed only makes it later. Changes are told once the files
// have kept still for a moment. Control thread.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/config/node.h"
#include "gateway/server/watched_files.h"

namespace sluice::server {

struct WatchTimes {
  std::chrono::milliseconds settle = std::chrono::milliseconds(250);  // without a further change
  std::chrono::milliseconds look = std::chrono::seconds(5);           // for file systems that send no events
};

class ConfigWatch {
 public:
  // `changed` is called from a handler of `control`, and may call watch().
  ConfigWatch(boost::asio::io_context& control, std::function<void()> changed, WatchTimes times = {});
  ConfigWatch(const ConfigWatch&) = delete;
  // Nothing is told afterwards.
  ~ConfigWatch();

  // From now on these: the files that the document was read from. Those that were watched before are compared
  // with what they were when last looked at, and others with what they were in `read`, patterns for files too,
  // so that nothing is missed that happens while they are read: name the first file before it is read for the
  // first time.
  void watch(const config::Document& document, const WatchedFiles& read = {});
  void watch(const std::vector<std::string>& files, const std::vector<std::string>& patterns);

 private:
  class Watching;
  std::shared_ptr<Watching> watching_;
};

}  // namespace sluice::server
