// SPDX-License-Identifier: Apache-2.0
#include "tests/support/wire_case.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace sluice::test {
namespace {

int value_of(std::string_view digits, int base) {
  int out = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    throw std::invalid_argument("not a number: " + std::string(digits));
  return out;
}

// "text*N" repeated.
std::string repeated(std::string_view inside) {
  auto star = inside.rfind('*');
  if (star == inside.npos) throw std::invalid_argument("\\{text*N} without *");
  std::string text = unescaped(inside.substr(0, star)), out;
  for (int n = value_of(inside.substr(star + 1), 10); n > 0; --n) out += text;
  return out;
}

// The escape after a backslash at `at`, which it moves past it.
std::string escape(std::string_view text, std::size_t& at) {
  char c = at < text.size() ? text[at++] : ' ';
  switch (c) {
    case 'r':
      return "\r";
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '0':
      return std::string(1, '\0');
    case '\\':
      return "\\";
    case 'x':
      at += 2;
      return std::string(1, static_cast<char>(value_of(text.substr(at - 2, 2), 16)));
    case '{': {
      auto end = text.find('}', at);
      if (end == text.npos) throw std::invalid_argument("\\{ without }");
      auto inside = text.substr(at, end - at);
      at = end + 1;
      return repeated(inside);
    }
    default:
      throw std::invalid_argument("an unknown escape");
  }
}

class Parser {
 public:
  explicit Parser(WireCase& out) : out_(out) {}

  void line(std::string_view line) {
    auto space = line.find(' ');
    auto mark = line.substr(0, space);
    auto text = space == line.npos ? std::string_view{} : line.substr(space + 1);
    if (mark == "#") {
      out_.about += std::string(text) + "\n";
    } else if (mark == "=") {
      verdict(text);
    } else if (mark == "!") {
      manner(text);
    } else if (!sent(mark, text) && !answered(mark, text) && !received(mark, text) && !seen(mark, text)) {
      throw std::invalid_argument("unknown mark " + std::string(mark));
    }
  }

  void finish() {
    if (out_.about.empty()) throw std::invalid_argument("the case does not say what it is about");
    if (!ended_) throw std::invalid_argument("neither `= close` nor `= keep`");
    for (auto& request : out_.requests) add_lines(request, out_.sends);
  }

 private:
  void manner(std::string_view text) {
    if (text == "half-close") {
      out_.half_close = true;
    } else if (text == "whole") {
      out_.whole = true;
    } else {
      throw std::invalid_argument("unknown manner");
    }
  }

  void verdict(std::string_view text) {
    if (text == "close" || text == "keep") {
      out_.keep = text == "keep";
      ended_ = true;
      return;
    }
    WireCase::Response response;
    response.status = value_of(text.substr(0, 3), 10);
    text.remove_prefix(std::min<std::size_t>(4, text.size()));
    auto to = text.find("to ");
    if (to != text.npos) response.method = text.substr(to + 3);
    response.reason = text.substr(0, to);
    while (response.reason.ends_with(' ')) response.reason.pop_back();
    out_.responses.push_back(std::move(response));
  }

  bool sent(std::string_view mark, std::string_view text) {
    if (mark == ">") out_.sends += unescaped(text) + "\r\n";
    if (mark == ">>") out_.sends += unescaped(text);
    return mark == ">" || mark == ">>";
  }

  bool answered(std::string_view mark, std::string_view text) {
    if (mark == "$") out_.answer += unescaped(text) + "\r\n";
    if (mark == "$>") out_.answer += unescaped(text);
    if (mark == "$!") out_.answer_closes = true;
    return mark.starts_with('$');
  }

  bool received(std::string_view mark, std::string_view text) {
    if (!mark.starts_with('<')) return false;
    if (out_.responses.empty()) throw std::invalid_argument("no response to say that of");
    auto& response = out_.responses.back();
    if (mark == "<") response.lines.push_back(unescaped(text));
    if (mark == "<!") response.absent.emplace_back(text);
    if (mark == "<>") response.body = response.body.value_or("") + unescaped(text);
    if (mark == "<+") response.trailers.push_back(unescaped(text));
    if (mark == "<?") response.cut = true;
    return true;
  }

  bool seen(std::string_view mark, std::string_view text) {
    if (!mark.starts_with('^')) return false;
    if (mark == "^!" && text == "nothing") return out_.no_request = true;
    if (mark == "^" && text.ends_with(" HTTP/1.1")) out_.requests.emplace_back();
    if (out_.requests.empty()) throw std::invalid_argument("no request line to say that of");
    auto& request = out_.requests.back();
    if (mark == "^") request.head.push_back(unescaped(text));
    if (mark == "^>") request.body += unescaped(text);
    if (mark == "^+") request.trailers.push_back(unescaped(text));
    if (mark == "^!") request.cut = true;
    return true;
  }

  // Puts what the gateway adds in the place of "...".
  static void add_lines(WireCase::Request& request, std::string_view sends) {
    auto dots = std::find(request.head.begin(), request.head.end(), "...");
    if (dots == request.head.end()) return;
    bool old = sends.find(" HTTP/1.0\r\n") != std::string_view::npos;
    std::vector<std::string> added = {"X-Forwarded-For: 127.0.0.1"};
    for (const auto& line : request.head)
      if (line.starts_with("Host: ")) added.push_back("X-Forwarded-" + line);
    added.insert(added.end(), {"X-Forwarded-Proto: http", old ? "Via: 1.0 sluice" : "Via: 1.1 sluice"});
    auto at = request.head.erase(dots);
    request.head.insert(at, added.begin(), added.end());
  }

  WireCase& out_;
  bool ended_ = false;
};

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    char c = text[at++];
    if (c == '\\') {
      out += escape(text, at);
    } else {
      out += c;
    }
  }
  return out;
}

WireCase WireCase::parse(std::string name, std::string_view text) {
  WireCase out;
  out.name = std::move(name);
  Parser parser(out);
  int number = 0;
  auto complain = [&](const std::exception& e) {
    throw std::invalid_argument(out.name + ":" + std::to_string(number) + ": " + e.what());
  };
  try {
    while (!text.empty()) {
      ++number;
      auto line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      if (!line.empty()) parser.line(line);
    }
    parser.finish();
  } catch (const std::exception& e) {
    complain(e);
  }
  return out;
}

std::vector<WireCase> WireCase::all(const std::string& folder) {
  std::vector<WireCase> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".wire") continue;
    auto name = entry.path().lexically_relative(folder).replace_extension();
    out.push_back(parse(name.string(), content(entry.path())));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace sluice::test
