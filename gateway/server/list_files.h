// SPDX-License-Identifier: Apache-2.0
// ListFiles: the files of addresses that filters use. Each is read once, however many filters name it, and
// again when it has changed; a file that is then bad, or gone, leaves the addresses of before in force.
// Control thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "gateway/chain/ip_list.h"
#include "gateway/server/looks.h"
#include "gateway/server/watched_files.h"

namespace sluice::server {

class ListFiles {
 public:
  // Without `control` files are read once and not watched: enough to check a configuration.
  explicit ListFiles(boost::asio::io_context* control);
  ListFiles(const ListFiles&) = delete;

  // The list of that file as it is now; the same one as long as anybody holds it. An Error otherwise.
  base::Result<std::shared_ptr<const chain::IpList>> open(const std::string& path, std::size_t workers);

 private:
  struct Entry {
    std::weak_ptr<chain::IpList> list;
    WatchedFiles file;
  };
  static base::Result<chain::IpList::Set> read(const std::string& path);
  void look();

  std::map<std::string, Entry> entries_;
  std::optional<Looks> looks_;
};

}  // namespace sluice::server
