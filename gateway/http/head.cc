// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/head.h"

#include <array>
#include <string>

namespace sluice::http {
namespace {

constexpr std::array<std::string_view, kMethods> kMethodNames = {
    "other", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
};

struct Phrase {
  int status;
  std::string_view text;
};

// RFC 9110 section 15, and of the other codes in the IANA registry those that real servers send.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

constexpr int kFirst = 100, kLast = 599;

constexpr std::array<std::uint8_t, kLast - kFirst + 1> make_index() {
  std::array<std::uint8_t, kLast - kFirst + 1> index{};
  for (std::size_t i = 0; i < std::size(kPhrases); ++i)
    index[static_cast<std::size_t>(kPhrases[i].status - kFirst)] = static_cast<std::uint8_t>(i + 1);
  return index;
}
constexpr auto kIndex = make_index();

}  // namespace

Method method(std::string_view text) noexcept {
  for (std::size_t i = 1; i < kMethods; ++i)
    if (text == kMethodNames[i]) return static_cast<Method>(i);
  return Method::other;
}

std::string_view name(Method method) noexcept { return kMethodNames[static_cast<std::size_t>(method)]; }

bool idempotent(Method method) noexcept {
  switch (method) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::delete_:
    case Method::options:
    case Method::trace:
      return true;
    case Method::other:
    case Method::post:
    case Method::patch:
    case Method::connect:
      return false;
  }
  return false;
}

base::Unexpected refuse_length(std::uint64_t max_body) {
  return base::fail(base::Reason::body_too_large,
                    "Content-Length exceeds the limit of " + std::to_string(max_body) + " bytes");
}

std::string_view name(Version version) noexcept {
  switch (version) {
    case Version::http_1_0:
      return "HTTP/1.0";
    case Version::http_1_1:
      return "HTTP/1.1";
    case Version::http_2:
      return "HTTP/2";
  }
  return "";
}

std::string_view status_phrase(int status) noexcept {
  if (status < kFirst || status > kLast) return "";
  std::uint8_t i = kIndex[static_cast<std::size_t>(status - kFirst)];
  return i == 0 ? std::string_view{} : kPhrases[i - 1].text;
}

bool bodiless(Method request, int status) noexcept {
  if (request == Method::head || status < 200 || status == 204 || status == 304) return true;
  return request == Method::connect && status < 300;
}

}  // namespace sluice::http
