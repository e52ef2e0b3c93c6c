// SPDX-License-Identifier: Apache-2.0
// OtlpQueue: puts records (otlp_record.h) into batches, and sends them one after the other, again after a
// pause where the collector asks for patience. It holds one batch on its way and one that is being filled;
// more stays where it waits, in the rings of the workers. Used by the log writer's thread through LogSink.
// Time is given to it, and so is the wire, so that tests own both.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/observe/otlp_config.h"

namespace sluice::observe {

// What a collector has answered. Without a status there was no answer, and `error` says why: it completes
// "http://collector:4318/v1/logs ...".
struct OtlpAnswer {
  unsigned status = 0;
  std::string body;
  std::string retry_after;
  std::string error;
};

class OtlpWire {
 public:
  virtual ~OtlpWire() = default;
  // One request at a time. `done` is called once, by run().
  virtual void post(std::string body, std::function<void(OtlpAnswer)> done) = 0;
  // Goes on with it, at most that long, and returns early when it has ended.
  virtual void run(std::chrono::milliseconds at_most) = 0;
  // Where it goes, for people.
  virtual const std::string& where() const noexcept = 0;
};

class OtlpQueue {
 public:
  static constexpr std::size_t kMostBytes = 4u << 20;                            // of a batch
  static constexpr base::Duration kSpeaksAtMostEvery = std::chrono::minutes(1);  // of trouble
  static constexpr base::Duration kFirstPause = std::chrono::seconds(1);         // doubles with each try
  static constexpr base::Duration kLongestPause = std::chrono::seconds(30);  // also where more is asked for

  OtlpQueue(const OtlpConfig& config, std::unique_ptr<OtlpWire> wire);
  OtlpQueue(const OtlpQueue&) = delete;

  // Takes a record, with or without its "\n"; false if it has no room until the batch before is gone.
  bool take(std::string_view record, base::SteadyTime now);
  // Sends what is due.
  void step(base::SteadyTime now);
  // All that it holds is due from now on: there will be no more.
  void close() noexcept { closing_ = true; }
  // Is there a request whose answer is waited for?
  bool under_way() const noexcept { return sending_; }
  bool holds_nothing() const noexcept { return filling_.count == 0 && flight_.count == 0; }
  OtlpWire& wire() noexcept { return *wire_; }
  // Gives up what it holds, and returns how many records that were.
  std::uint64_t abandon() noexcept;

  // Any thread.
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
  std::uint64_t unreachable() const noexcept { return unreachable_.load(std::memory_order_relaxed); }

 private:
  struct Batch {
    std::string text;  // of a request, up to its last record
    std::uint64_t count = 0;
    base::SteadyTime since{};  // its first record, or its first request
  };
  void begin_flight(base::SteadyTime now);
  void send();
  void heard(const OtlpAnswer& answer, base::SteadyTime now);
  void delivered(const OtlpAnswer& answer, base::SteadyTime now);
  void refuse(const OtlpAnswer& answer, base::SteadyTime now);
  void wait(const OtlpAnswer& answer, base::SteadyTime now);
  void land() noexcept;
  enum class Trouble : unsigned char { none, some_refused, refused, waits, gives_up };
  void trouble(Trouble kind, const std::string& why, base::SteadyTime now);
  base::Duration pause(const OtlpAnswer& answer);

  const OtlpConfig config_;
  const std::string opening_;  // of a request, before its first record
  std::unique_ptr<OtlpWire> wire_;
  Batch filling_, flight_;
  std::unique_ptr<OtlpAnswer> answer_;  // to the request before, not looked at yet
  bool sending_ = false;
  bool closing_ = false;
  unsigned tries_ = 0;
  base::SteadyTime again_at_{};
  Trouble trouble_ = Trouble::none;  // that was spoken of
  std::map<Trouble, base::SteadyTime> spoke_at_;
  std::minstd_rand random_;
  std::atomic<std::uint64_t> refused_{0}, unreachable_{0};
};

// A request up to its first record, and what stands behind its last one.
std::string otlp_opening(const OtlpConfig& config);
inline constexpr std::string_view kOtlpClosing = "]}]}]}";

}  // namespace sluice::observe
