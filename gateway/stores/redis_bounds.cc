// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sluice::stores {
namespace {

constexpr std::size_t kLongestHead = 24;  // a kind, a number of 64 bits, CR LF
constexpr std::string_view kKinds = "+-:$*";
constexpr const char* kNoProtocol = "not the protocol of Redis";

}  // namespace

bool RedisBounds::pass(std::string_view bytes) {
  while (fault_.empty() && !bytes.empty()) {
    std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    if (skip_ != 0) {
      skip_ -= taken;
      if (skip_ == 0) end_of_value();
    } else {
      std::size_t end = bytes.find('\n');
      taken = std::min(end, bytes.size() - 1) + 1;
      head_.append(bytes.substr(0, std::min(taken, kLongestHead - head_.size())));
      const char before = end > 0 && end != std::string_view::npos ? bytes[end - 1] : before_;
      before_ = bytes[taken - 1];
      bytes_ += taken;
      if (kKinds.find(head_.front()) == std::string_view::npos) {
        fault_ = kNoProtocol;
      } else if (bytes_ > most_.bytes) {
        fault_ = fmt::format("a reply of more than {} bytes", most_.bytes);
      } else if (end != std::string_view::npos) {
        end_of_line(before);
      }
    }
    bytes.remove_prefix(taken);
  }
  return fault_.empty();
}

// The reader ends a line at CR LF, and where it does not the two would be of different minds from then on.
void RedisBounds::end_of_line(char before) {
  const std::string head = std::exchange(head_, {});
  if (before != '\r') {
    fault_ = kNoProtocol;
    return;
  }
  const char kind = head.front();
  if (kind == '+' || kind == '-' || kind == ':') return end_of_value();
  std::int64_t announced = 0;
  const char* end = head.data() + head.size();
  auto read = std::from_chars(head.data() + 1, end, announced);
  bool whole = read.ec == std::errc() && std::string_view(read.ptr, end) == "\r\n";
  if (!whole || announced < -1) {
    fault_ = kNoProtocol;
  } else if (announced == -1) {
    end_of_value();
  } else if (kind == '$') {
    take_text(announced);
  } else {
    take_array(announced);
  }
}

void RedisBounds::take_text(std::int64_t announced) {
  auto size = static_cast<std::uint64_t>(announced);
  if (size > most_.bytes - bytes_) {
    fault_ = fmt::format("a reply with a text of {} bytes is longer than {} bytes", size, most_.bytes);
    return;
  }
  skip_ = size + 2;
  bytes_ += static_cast<std::size_t>(size);
}

void RedisBounds::take_array(std::int64_t announced) {
  auto count = static_cast<std::uint64_t>(announced);
  if (count > most_.elements - elements_) {
    fault_ = fmt::format("a reply with a list of {} elements is larger than {}", count, most_.elements);
    return;
  }
  elements_ += static_cast<std::size_t>(count);
  awaited_ += count;
  end_of_value();
}

void RedisBounds::end_of_value() noexcept {
  if (--awaited_ != 0) return;
  awaited_ = 1;
  elements_ = bytes_ = 0;
}

}  // namespace sluice::stores
