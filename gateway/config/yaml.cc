// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace sluice::config {

namespace {

std::string_view view(const yaml_char_t* text) noexcept {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

Place place(std::uint32_t file, const yaml_mark_t& mark) noexcept {
  return {file, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

Extent extent(std::uint32_t file, const yaml_event_t& event) noexcept {
  Place end = place(file, event.end_mark);
  return {place(file, event.start_mark), end.line, end.column};
}

struct Rewording {
  std::string_view problem, message, hint;
};

// The library speaks of tokens; these are the mistakes that people make.
constexpr Rewording kRewordings[] = {
    {"mapping values are not allowed in this context", "a `:` is not expected here",
     "check the indentation of this line, or quote the text that holds the `:`"},
    {"did not find expected key", "expected a key or the end of the mapping",
     "check the indentation of this line and the quotes and brackets before it"},
    {"did not find expected '-' indicator", "expected `-` or the end of the list",
     "check the indentation of this line"},
    {"did not find expected ',' or '}'", "expected `,` or `}`",
     "inside {...}, quote texts that hold { } [ ] or a comma, and every ${...}"},
    {"did not find expected ',' or ']'", "expected `,` or `]`",
     "inside [...], quote texts that hold { } [ ] or a comma, and every ${...}"},
    {"could not find expected ':'", "expected `:` after the key", "check the indentation of this line"},
    {"found unexpected end of stream", "the file ends inside a quoted text", "close the quotes"},
    {"found unexpected document indicator", "`---` or `...` inside a quoted text", "close the quotes"},
    {"found character that cannot start any token", "a plain text cannot start with this character",
     "quote the text"},
    {"block sequence entries are not allowed in this context", "a list item (`-`) is not expected here",
     "start the list on a line of its own, or check the indentation"},
    {"found unknown escape character", "unknown escape in a double-quoted text",
     "write \\\\ for a backslash, or use single quotes"},
    {"did not find expected node content", "a value is missing here",
     "quote an empty text, and a text that starts with ,"},
    {"found incompatible YAML document", "only YAML 1.1 and 1.2 can be read", ""},
};

// Where the line (from 0) begins; the end of the text when there is none.
std::size_t line_begin(std::string_view text, std::size_t line) noexcept {
  std::size_t at = 0;
  for (; line > 0; --line) {
    at = text.find_first_of("\r\n", at);
    if (at == std::string_view::npos) return text.size();
    at += text.substr(at).starts_with("\r\n") ? 2 : 1;
  }
  return at;
}

// One past the last character that is not blank.
Place end_of(std::string_view text, std::uint32_t file) noexcept {
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  Place at{file, 1, 1};
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool breaks = text[i] == '\n' || (text[i] == '\r' && text.substr(i, 2) != "\r\n");
    if (breaks)
      at = {file, at.line + 1, 1};
    else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && text[i] != '\r')
      ++at.column;
  }
  return at;
}

// Does the line begin with a tab among its blanks? By far the most frequent cause of a syntax error.
bool indented_with_tab(std::string_view text, std::size_t line) noexcept {
  text.remove_prefix(line_begin(text, line));
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

// What the library was in the middle of, in our words; "" when that says nothing to people.
std::string unfinished(std::string_view context) {
  static constexpr std::pair<std::string_view, std::string_view> kThings[] = {
      {"block mapping", "mapping"},
      {"flow mapping", "mapping {...}"},
      {"block collection", "list"},
      {"flow sequence", "list [...]"},
      {"quoted scalar", "quoted text"},
      {"block scalar", "block of text"},
      {"simple key", "key"}};
  for (const auto& [theirs, ours] : kThings)
    if (context.find(theirs) != std::string_view::npos) return std::string(ours);
  return {};
}

void report(const yaml_parser_t& parser, std::string_view text, std::uint32_t file,
            Diagnostics& diagnostics) {
  if (parser.error == YAML_MEMORY_ERROR) return diagnostics.error({file}, "", "out of memory");
  std::string_view problem = parser.problem ? parser.problem : "not YAML";
  Place at = place(file, parser.problem_mark);
  if (indented_with_tab(text, parser.problem_mark.line))
    return diagnostics.error({file, at.line, 1}, "", "a tab in the indentation: YAML wants blanks");
  std::string message(problem), hint;
  for (const Rewording& r : kRewordings) {
    if (r.problem != problem) continue;
    message = r.message;
    hint = r.hint;
  }
  std::string thing = parser.context ? unfinished(parser.context) : std::string();
  Place last = end_of(text, file);
  bool at_end = !(at < last);
  if (at_end) at = last;  // the library counts on behind the last line
  if (at_end && !thing.empty()) {
    at = place(file, parser.context_mark);  // where it began says more
    message = "the " + thing + " that begins here does not end";
  } else if (!thing.empty() && parser.context_mark.line != parser.problem_mark.line) {
    message +=
        " (in the " + thing + " that begins at line " + std::to_string(parser.context_mark.line + 1) + ")";
  }
  diagnostics.error(at, "", std::move(message), std::move(hint));
}

class Reader {
 public:
  Reader(std::uint32_t file, TreeBuilder& tree, Diagnostics& diagnostics)
      : file_(file), tree_(tree), diagnostics_(diagnostics) {}

  // False when reading must stop.
  bool take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        return begin_document(event);
      case YAML_SCALAR_EVENT:
        scalar(event);
        break;
      case YAML_ALIAS_EVENT:
        tree_.alias(extent(file_, event), std::string(view(event.data.alias.anchor)));
        break;
      case YAML_SEQUENCE_START_EVENT:
        refuse_tag(event.data.sequence_start.tag, event);
        tree_.open(Kind::sequence, extent(file_, event), view(event.data.sequence_start.anchor));
        break;
      case YAML_MAPPING_START_EVENT:
        refuse_tag(event.data.mapping_start.tag, event);
        tree_.open(Kind::mapping, extent(file_, event), view(event.data.mapping_start.anchor));
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        tree_.close(extent(file_, event));
        break;
      default:
        break;
    }
    return !tree_.stopped();
  }

 private:
  bool begin_document(const yaml_event_t& event) {
    if (event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end)
      diagnostics_.error(place(file_, event.start_mark), "", "%TAG is not supported");
    if (!std::exchange(seen_document_, true)) return true;
    diagnostics_.error(place(file_, event.start_mark), "", "a second document starts here",
                       "one document a file; `include` joins files");
    return false;
  }

  void scalar(const yaml_event_t& event) {
    const auto& s = event.data.scalar;
    refuse_tag(s.tag, event);
    std::string_view text(reinterpret_cast<const char*>(s.value), s.length);
    tree_.scalar(extent(file_, event), text, s.style != YAML_PLAIN_SCALAR_STYLE, view(s.anchor));
  }

  // Does not quote the tag: it may be a secret that happens to begin with an exclamation mark.
  void refuse_tag(const yaml_char_t* tag, const yaml_event_t& event) {
    if (tag)
      diagnostics_.error(place(file_, event.start_mark), "", "tags (`!`) are not supported",
                         "quote a text that starts with !, and every value that is to be a text");
  }

  std::uint32_t file_;
  TreeBuilder& tree_;
  Diagnostics& diagnostics_;
  bool seen_document_ = false;
};

struct ParserCloser {
  void operator()(yaml_parser_t* parser) const noexcept { yaml_parser_delete(parser); }
};

}  // namespace

bool parse_yaml(std::string_view text, std::uint32_t file, TreeBuilder& tree, Diagnostics& diagnostics) {
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) {
    diagnostics.error({file}, "", "out of memory");
    return false;
  }
  std::unique_ptr<yaml_parser_t, ParserCloser> closer(&parser);
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  Reader reader(file, tree, diagnostics);
  for (;;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) {
      report(parser, text, file, diagnostics);
      return false;
    }
    bool last = event.type == YAML_STREAM_END_EVENT;
    bool go_on = reader.take(event);
    yaml_event_delete(&event);
    if (!go_on) return false;
    if (last) return true;
  }
}

}  // namespace sluice::config
