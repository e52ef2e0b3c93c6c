// SPDX-License-Identifier: Apache-2.0
// EndpointFiles: the files with targets that upstreams draw from. Each is read when a snapshot is built and
// again when it has changed, also by a link that leads elsewhere; a file that is then bad, or gone, leaves
// the targets of before in force. Control thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "gateway/server/looks.h"
#include "gateway/server/watched_files.h"
#include "gateway/upstream/source.h"
#include "gateway/upstream/target_table.h"

namespace sluice::server {

class EndpointFiles {
 public:
  // Without `control` files are read once and not watched: enough to check a configuration.
  explicit EndpointFiles(boost::asio::io_context* control);
  EndpointFiles(const EndpointFiles&) = delete;

  struct Opened {
    std::shared_ptr<upstream::ListSource> source;
    bool uses_tls = false;  // some target has an https:// URL
  };
  // The source with the targets of that file as it is now, the same one as long as anybody holds it. An Error
  // if the file is bad and there are none of before. `may_use_tls`: TLS settings were written.
  base::Result<Opened> open(const std::string& path, upstream::TargetTable& targets,
                            const std::shared_ptr<upstream::TargetGroup>& group, bool may_use_tls);

  // Takes up what has changed; happens by itself, a few times a second.
  void look();

 private:
  struct Entry {
    std::weak_ptr<upstream::ListSource> source;
    std::shared_ptr<upstream::TargetGroup> group;
    upstream::TargetTable* targets = nullptr;
    WatchedFiles file;
    bool empty = false;
    bool uses_tls = false;  // targets with TLS may come
    bool early = false;     // they are there, and settings of TLS are not in force yet
  };
  using Key = std::pair<std::string, std::string>;  // upstream and path
  // "" or why it cannot be used.
  static std::string read(const std::string& path, Entry& entry, upstream::ListSource& source, bool building);

  std::map<Key, Entry> entries_;
  std::optional<Looks> looks_;
};

}  // namespace sluice::server
