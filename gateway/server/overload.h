// SPDX-License-Identifier: Apache-2.0
// Overload: looks after the memory of the process, and tells the workers how short it is (net/pressure.h).
// While it is, they also give back what they can do without: connections on which nothing is asked, buffers
// kept for reuse, and at the utmost exchanges under way. Control thread. Where there is no limit of memory it
// does nothing at all.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/observe/series.h"
#include "gateway/server/listeners.h"
#include "gateway/server/memory_files.h"
#include "gateway/server/overload_config.h"
#include "gateway/server/strain_levels.h"

namespace sluice::server {

// Bytes.
struct MemoryReading {
  std::uint64_t resident = 0;
  std::uint64_t sockets =
      0;  // of the system, for the cgroup; told only where its limit is the one that counts
};

class Overload {
 public:
  using Milliseconds = std::chrono::milliseconds;
  // Between two looks: where less than half of the limit is used, less than three quarters, and otherwise.
  // Clients of a local network fill some megabytes in the last.
  static constexpr Milliseconds kPeriod{250}, kShortPeriod{50}, kShortestPeriod{10};

  // All must outlive it.
  Overload(boost::asio::io_context& control, Workers& workers);
  Overload(const Overload&) = delete;

  // In place of what the system says.
  void read_by(std::function<MemoryReading()> read) { read_ = std::move(read); }
  // Of the configuration in force.
  void use(const OverloadConfig& config);
  // Adds its metrics for as long as the registrations live, which must not be longer than it does.
  std::vector<observe::ScrapeRegistration> at_scrape(observe::SeriesStore& store);

 private:
  MemoryReading system_reading() const;
  std::uint64_t limit_of(const MemoryLimit& limit) const;
  void wait();
  void look();
  Milliseconds period() const noexcept;
  void tell(net::Strain before, std::uint64_t used);
  void relieve(net::Strain before);

  Workers& workers_;
  boost::asio::steady_timer timer_;
  MemoryFiles files_;
  std::function<MemoryReading()> read_;
  MemoryLimit setting_{MemoryLimit::Kind::off, {}};
  std::uint64_t limit_ = 0;  // 0: none
  std::uint64_t used_ = 0;   // when it was last looked
  MemoryLevels levels_;
  Milliseconds since_limit_{0}, since_relief_{0}, since_trim_{0};
};

}  // namespace sluice::server
