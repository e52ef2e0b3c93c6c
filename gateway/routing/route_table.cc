// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/route_table.h"

#include <algorithm>

#include <re2/re2.h>

#include "gateway/base/assert.h"
#include "gateway/routing/explanation.h"
#include "gateway/routing/search.h"

namespace sluice::routing {
namespace {

using Outcome = Lookup::Outcome;

// The path from its segment `index` on; "" if it has fewer.
std::string_view from_segment(std::string_view path, std::size_t index) {
  std::size_t at = 1;
  for (; index > 0; --index) {
    auto slash = path.find('/', at);
    if (slash == std::string_view::npos) return {};
    at = slash + 1;
  }
  return path.substr(at);
}

void capture_groups(const TableParts& parts, const Entry& entry, std::string_view path, Captures& captures) {
  re2::StringPiece groups[kMaxGroups + 1];
  const RE2& regex = *parts.regexes[entry.regex];
  regex.Match({path.data(), path.size()}, 0, path.size(), RE2::ANCHOR_BOTH, groups,
              regex.NumberOfCapturingGroups() + 1);
  for (const CaptureSlot& slot : parts.capture_slots(entry)) {
    const re2::StringPiece& group = groups[slot.index];
    captures.add({parts.text(slot.name), {group.data(), group.size()}});
  }
}

void capture_segments(const TableParts& parts, const Entry& entry, std::string_view path,
                      Captures& captures) {
  for (const CaptureSlot& slot : parts.capture_slots(entry)) {
    std::string_view rest = from_segment(path, slot.index);
    captures.add({parts.text(slot.name), slot.tail ? rest : rest.substr(0, rest.find('/'))});
  }
}

void capture(const TableParts& parts, const Entry& entry, std::string_view path, Captures& captures) {
  if (entry.captures == 0) return;
  if (entry.regex != kNone) return capture_groups(parts, entry, path, captures);
  capture_segments(parts, entry, path, captures);
}

}  // namespace

Captures& Captures::operator=(const Captures& other) noexcept {
  size_ = other.size_;
  std::copy_n(other.slots_, size_, slots_);
  return *this;
}

std::optional<std::string_view> Captures::find(std::string_view name) const noexcept {
  for (const Capture& c : all())
    if (c.name == name) return c.value;
  return std::nullopt;
}

void Captures::add(Capture c) noexcept {
  SLUICE_ASSERT(size_ < kMaxCaptures);
  slots_[size_++] = c;
}

RouteTable::RouteTable() : RouteTable(std::make_unique<const TableParts>()) {}
RouteTable::RouteTable(std::unique_ptr<const TableParts> parts) : parts_(std::move(parts)) {}
RouteTable::RouteTable(const RouteTable&) = default;
RouteTable& RouteTable::operator=(const RouteTable&) = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;
RouteTable::~RouteTable() = default;

Lookup RouteTable::find(const Arrival& arrival, Trace* trace) const {
  const http::RequestHead& request = arrival.head;
  Lookup out;
  std::vector<Seen> seen;
  Search search(*parts_, arrival, trace ? &seen : nullptr);
  if (const Entry* winner = search.run()) {
    out.outcome = winner->redirected ? Outcome::redirected : Outcome::matched;
    out.route = winner->route;
    out.match = winner->match;
    out.prefix = search.prefix();
    capture(*parts_, *winner, request.path, out.captures);
    if (trace) explain(*parts_, arrival, seen, winner, *trace);
    return out;
  }
  bool options = request.method == http::Method::options;
  if (search.allow() != 0) {
    out.outcome = options ? Outcome::options : Outcome::method_not_allowed;
    out.allow = MethodNames::allowed(search.allow());
    out.route = search.ruled_out()->route;
    out.match = search.ruled_out()->match;
  } else if (options && request.path == "*") {
    out.outcome = Outcome::options;
  }
  if (trace) explain(*parts_, arrival, seen, nullptr, *trace);
  return out;
}

MethodSet RouteTable::allowed(const Arrival& arrival) const {
  Search search(*parts_, arrival);
  MethodSet all = search.methods();
  return all == 0 ? 0 : MethodNames::allowed(all);
}

std::string RouteTable::method_names(MethodSet methods) const { return parts_->methods.text(methods); }

std::size_t RouteTable::memory() const noexcept { return parts_->memory(); }

}  // namespace sluice::routing
