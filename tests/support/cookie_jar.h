// SPDX-License-Identifier: Apache-2.0
// CookieJar: what a browser keeps of Set-Cookie and sends back, as far as tests of one host need it; and
// parameter(), which reads a URL's query as the server at its other end would.
#pragma once
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace sluice::test {

class CookieJar {
 public:
  // The value of one Set-Cookie line.
  void take(std::string_view line) {
    auto end = line.find(';');
    auto equals = line.find('=');
    std::string name(line.substr(0, equals));
    lines[name] = line;
    if (line.find("Max-Age=0") != line.npos) {
      cookies.erase(name);
    } else {
      cookies[name] = line.substr(equals + 1, end - equals - 1);
    }
  }
  // "a=1; b=2", "" without any.
  std::string text() const {
    std::string out;
    for (const auto& [name, value] : cookies) out += (out.empty() ? "" : "; ") + name + "=" + value;
    return out;
  }

  std::map<std::string, std::string> cookies;
  std::map<std::string, std::string> lines;  // as they were last set, by name
};

// Of a URL or a form, decoded; "" if there is none.
inline std::string parameter(std::string_view url, const std::string& name) {
  std::string_view query = url.substr(url.find('?') == url.npos ? 0 : url.find('?') + 1);
  while (!query.empty()) {
    auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.substr(0, pair.find('=')) != name) continue;
    std::string out;
    for (std::size_t i = pair.find('=') + 1; i < pair.size(); ++i) {
      if (pair[i] != '%') {
        out += pair[i];
        continue;
      }
      out += static_cast<char>(std::strtol(std::string(pair.substr(i + 1, 2)).c_str(), nullptr, 16));
      i += 2;
    }
    return out;
  }
  return "";
}

}  // namespace sluice::test
