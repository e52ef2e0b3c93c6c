// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_protocol.h"

#include <charconv>

namespace sluice::stores {
namespace {

void append_number(std::string& to, char kind, std::size_t n) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
  to.push_back(kind);
  to.append(digits, end);
  to.append("\r\n");
}

}  // namespace

void write_command(std::string& to, std::span<const std::string_view> arguments) {
  append_number(to, '*', arguments.size());
  for (std::string_view argument : arguments) {
    append_number(to, '$', argument.size());
    to.append(argument).append("\r\n");
  }
}

bool is_replica(std::string_view error) noexcept {
  return error.starts_with("READONLY ") ||
         (error.starts_with("ERR Error running script") && error.find("-READONLY ") != error.npos);
}

bool ReplyReader::feed(std::string_view bytes) noexcept {
  if (!fault_.empty() || !reader_) return false;
  if (!bounds_.pass(bytes)) {
    fault_ = bounds_.fault();
    return false;
  }
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return true;
  fault_ = reader_->errstr;
  return false;
}

RedisReply ReplyReader::next() noexcept {
  if (!fault_.empty() || !reader_) return nullptr;
  void* reply = nullptr;
  if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
    fault_ = reader_->errstr[0] ? reader_->errstr : "not the protocol of Redis";
    return nullptr;
  }
  return RedisReply(static_cast<redisReply*>(reply));
}

}  // namespace sluice::stores
