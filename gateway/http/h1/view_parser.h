// SPDX-License-Identifier: Apache-2.0
// ViewParser: Boost.Beast's basic_parser reading one complete head into Fields as views. Private to
// parser.cc. It knows syntax only; the meaning of fields is judged in framing.cc and target.cc.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "gateway/http/fields.h"

namespace sluice::http::h1 {

namespace beast = boost::beast::http;

// Our id of a name that Beast knows by number, else looked up by text.
FieldId field_id(beast::field known, std::string_view name) noexcept;

// The start line as Beast read it.
struct StartLine {
  beast::verb verb = beast::verb::unknown;
  std::string_view method;
  std::string_view target;
  std::string_view reason;
  int status = 0;
  int version = 11;
};

template <bool kRequest>
class ViewParser final : public beast::basic_parser<kRequest> {
 public:
  using Text = boost::beast::string_view;
  using Code = boost::beast::error_code;

  // `head` and `out` must outlive the parser.
  ViewParser(std::string_view head, std::size_t max_fields, Fields& out) noexcept
      : head_(head), out_(&out), max_fields_(max_fields) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // the scanner counted
    this->skip(true);  // heads only: no body state, no body limit
  }

  // Beast's verdict; success only if `head` is one whole head and no more.
  Code run() {
    Code ec;
    std::size_t used = this->put(boost::asio::const_buffer(head_.data(), head_.size()), ec);
    if (!ec && (used != head_.size() || !this->is_header_done())) ec = beast::error::unexpected_body;
    return ec;
  }

  const StartLine& start() const noexcept { return start_; }
  std::size_t lines() const noexcept { return lines_; }
  // Names that occur, and names that occur more than once; FieldId::other counts for nothing.
  FieldSet seen() const noexcept { return seen_; }
  FieldSet repeated() const noexcept { return repeated_; }

 private:
  static std::string_view view(Text t) noexcept { return {t.data(), t.size()}; }

  void on_request_impl(beast::verb verb, Text method, Text target, int version, Code&) override {
    start_.verb = verb;
    start_.method = view(method);
    start_.target = view(target);
    start_.version = version;
  }
  void on_response_impl(int status, Text reason, int version, Code&) override {
    start_.status = status;
    start_.reason = view(reason);
    start_.version = version;
  }
  void on_field_impl(beast::field known, Text name_text, Text value_text, Code& ec) override {
    std::string_view name = view(name_text), value = view(value_text);
    // A folded value was joined in Beast's own buffer: the view would not outlive it.
    if (value.data() < head_.data() || value.data() >= head_.data() + head_.size()) {
      ec = beast::error::bad_value;
      return;
    }
    if (++lines_ > max_fields_) {
      ec = beast::error::header_limit;
      return;
    }
    FieldId id = field_id(known, name);
    FieldSet bit = field_set(id);
    repeated_ |= seen_ & bit;
    seen_ |= bit;
    const char* name_end = name.data() + name.size();
    bool plain = value.data() == name_end + 2 && name_end[1] == ' ' && value.data()[value.size()] == '\r';
    if (plain) {
      out_->add_received(name, value, id);
    } else if (std::find(name_end, value.data(), '\r') != value.data()) {
      ec = beast::error::bad_value;  // folded after an empty first line: Beast does not join that one
    } else {
      out_->add(name, value);
    }
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text text, Code&) override { return text.size(); }
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text text, Code&) override { return text.size(); }
  void on_finish_impl(Code&) override {}

  std::string_view head_;
  Fields* out_;
  std::size_t max_fields_;
  std::size_t lines_ = 0;
  FieldSet seen_ = 0;
  FieldSet repeated_ = 0;
  StartLine start_;
};

}  // namespace sluice::http::h1
