// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include <pugixml.hpp>

#include "gateway/base/key_hash.h"
#include "gateway/json/scan.h"

namespace sluice::compose {
namespace {

using Element = pugi::xml_node;

class Writer {
 public:
  Writer(const std::vector<std::string>& lists, json::Output& out) : lists_(lists), out_(out) {}

  // False: nested too deeply.
  bool member(const Element& element, unsigned depth) {
    name("", element.name());
    return value(element, depth);
  }

 private:
  void name(std::string_view prefix, std::string_view name) {
    out_ << '"' << prefix;
    out_.escape(name);
    out_ << "\":";
  }
  void text(std::string_view text) {
    out_ << '"';
    out_.escape(text);
    out_ << '"';
  }
  static std::string text_of(const Element& element) {
    std::string out;
    for (const Element& child : element.children())
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) out += child.value();
    return out;
  }
  bool value(const Element& element, unsigned depth) {
    if (depth > json::kDeepest / 2) return false;  // a list and an object for each element
    std::string content = text_of(element);
    bool has_children = element.find_child([](const Element& c) { return c.type() == pugi::node_element; });
    if (!has_children && !element.first_attribute()) {
      text(content);
      return true;
    }
    out_ << '{';
    bool first = true;
    auto comma = [&] {
      if (!first) out_ << ',';
      first = false;
    };
    for (const auto& attribute : element.attributes()) {
      comma();
      name("-", attribute.name());
      text(attribute.value());
    }
    if (!content.empty()) {
      comma();
      name("#", "text");
      text(content);
    }
    // By name, in the order of the first of each.
    std::vector<std::vector<Element>> groups;
    std::unordered_map<std::string_view, std::size_t, base::TextHash> by_name;
    for (const Element& child : element.children()) {
      if (child.type() != pugi::node_element) continue;
      auto [at, added] = by_name.try_emplace(child.name(), groups.size());
      if (added) groups.emplace_back();
      groups[at->second].push_back(child);
    }
    for (const auto& group : groups) {
      comma();
      if (!children(group, depth + 1)) return false;
    }
    out_ << '}';
    return true;
  }

  // All children of one name.
  bool children(const std::vector<Element>& group, unsigned depth) {
    std::string_view called = group[0].name();
    bool list = group.size() > 1 || std::find(lists_.begin(), lists_.end(), called) != lists_.end();
    if (!list) return member(group[0], depth);
    name("", called);
    out_ << '[';
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (i != 0) out_ << ',';
      if (!value(group[i], depth)) return false;
    }
    out_ << ']';
    return true;
  }

  const std::vector<std::string>& lists_;
  json::Output& out_;
};

}  // namespace

std::string xml_to_json(std::string_view xml, const std::vector<std::string>& lists, json::Output& out) {
  pugi::xml_document document;
  auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_trim_pcdata);
  if (!parsed) return fmt::format("{} at byte {}", parsed.description(), parsed.offset + 1);
  if (!document.document_element()) return "there is no element";
  out << '{';
  if (!Writer(lists, out).member(document.document_element(), 0)) return "nested too deeply";
  out << '}';
  return {};
}

}  // namespace sluice::compose
