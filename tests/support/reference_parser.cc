// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_parser.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <string>

#include <boost/beast/http/basic_parser.hpp>

#include "gateway/base/strings.h"
#include "gateway/http/authority.h"
#include "gateway/http/uri.h"

namespace sluice::test {
namespace {

namespace beast = boost::beast::http;
using namespace sluice::http;
using namespace sluice::http::h1;
using base::Reason;

// 1. Names and characters, one by one.

FieldId field_id(std::string_view name) noexcept {
  for (std::size_t i = 1; i <= static_cast<std::size_t>(FieldId::x_request_id); ++i)
    if (base::equal_ignoring_case(name, field_name(static_cast<FieldId>(i)))) return static_cast<FieldId>(i);
  return FieldId::other;
}

constexpr bool printable(unsigned char c) { return c > 0x20 && c < 0x7F; }

bool valid_query(std::string_view query) noexcept {
  return std::all_of(query.begin(), query.end(),
                     [](char c) { return printable(static_cast<unsigned char>(c)) && c != '#'; });
}

// 2. The authority.

constexpr std::size_t kMaxHost = 255;

bool host_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Every label between dots has a character; one dot at the very end is the root.
bool valid_name(std::string_view host) noexcept {
  if (host.empty() || host.size() > kMaxHost || host.front() == '.') return false;
  char before = 0;
  for (char c : host) {
    if (!host_char(c) || (c == '.' && before == '.')) return false;
    before = c;
  }
  return true;
}

base::Result<Authority> parse_authority(std::string_view text) {
  if (text.starts_with('[')) return http::parse_authority(text);
  std::string_view host = text.substr(0, text.find(':'));
  if (!valid_name(host)) return base::fail(Reason::bad_request);
  if (host.size() == text.size()) return Authority{host, 0, false};
  std::string_view rest = text.substr(host.size() + 1);
  auto port = base::parse_decimal(rest);
  if (!port || *port == 0 || *port > 65535 || rest.size() > 5) return base::fail(Reason::bad_request);
  return Authority{host, static_cast<std::uint16_t>(*port), true};
}

std::string_view normalise_host(std::string_view host, base::Arena& arena) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return arena.copy(base::to_lower(host));
}

// 3. Beast's parser, filling Fields with views.

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
  void on_field_impl(beast::field, Text name_text, Text value_text, Code& ec) override {
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
    FieldId id = field_id(name);
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

// 4. What the fields say about the body and the connection.

// The fields of a head and what the parser noticed about their names.
struct FieldView {
  const Fields* fields;
  FieldSet seen;
  FieldSet repeated;
  Version version;

  bool has(FieldId id) const noexcept { return (seen & field_set(id)) != 0; }
  bool repeats(FieldId id) const noexcept { return (repeated & field_set(id)) != 0; }
};

// More connection options than any client sends; a bound on the work of removing what they name.
constexpr int kMaxOptions = 32;
constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();

struct Options {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool te = false;
};

base::Result<void> add_option(std::string_view option, Reason ambiguous, Options& out) {
  if (base::equal_ignoring_case(option, "close")) {
    out.close = true;
    return {};
  }
  switch (field_id(option)) {
    case FieldId::keep_alive:
      out.keep_alive = true;
      break;
    case FieldId::upgrade:
      out.upgrade = true;
      break;
    case FieldId::te:
      out.te = true;
      break;
    case FieldId::content_length:
    case FieldId::host:
    case FieldId::transfer_encoding:
      return base::fail(ambiguous, "Connection names a field that the message cannot do without");
    default:
      break;
  }
  return {};
}

base::Result<Options> read_options(const FieldView& head, Reason ambiguous) {
  Options options;
  int count = 0;
  for (const Field& line : head.fields->lines()) {
    if (line.id != FieldId::connection) continue;
    std::string_view rest = line.value, option;
    while (base::next_token(rest, option)) {
      if (++count > kMaxOptions) return base::fail(ambiguous, "Connection holds too many options");
      auto added = add_option(option, ambiguous, options);
      if (!added) return std::move(added).unexpected();
    }
  }
  return options;
}

// Not just "chunked": a list of codings that ends in one "chunked" is valid but unknown here (501); all else
// leaves the end of the message in doubt (RFC 9112 sections 6.1 and 6.3).
base::Unexpected refuse_coding(std::string_view value, Reason ambiguous) {
  bool request = ambiguous == Reason::bad_request;
  auto comma = value.rfind(',');
  std::string_view last = base::trim(comma == value.npos ? value : value.substr(comma + 1));
  std::string_view before = comma == value.npos ? std::string_view{} : value.substr(0, comma);
  bool tokens = std::all_of(before.begin(), before.end(),
                            [](char c) { return token_char(c) || c == ',' || c == ' ' || c == '\t'; });
  if (tokens && base::equal_ignoring_case(last, "chunked") && !base::trim(before).empty() &&
      !base::has_token(before, "chunked"))
    return base::fail(request ? Reason::not_implemented : ambiguous, "a transfer coding other than chunked");
  return base::fail(ambiguous, "Transfer-Encoding is not exactly \"chunked\"");
}

base::Result<Framing> read_length(const FieldView& head, Reason ambiguous) {
  if (head.repeats(FieldId::content_length)) return base::fail(ambiguous, "more than one Content-Length");
  auto length = base::parse_decimal(head.fields->value(FieldId::content_length));
  if (!length) return base::fail(ambiguous, "Content-Length is not one decimal number");
  if (*length > kMaxLength) return base::fail(ambiguous, "Content-Length is too large");
  return Framing{Framing::Kind::length, *length};
}

base::Result<Framing> declared_framing(const FieldView& head, Reason ambiguous) {
  bool coded = head.has(FieldId::transfer_encoding), measured = head.has(FieldId::content_length);
  if (!coded) return measured ? read_length(head, ambiguous) : Framing{};
  if (measured) return base::fail(ambiguous, "both Transfer-Encoding and Content-Length");
  if (head.version == Version::http_1_0) return base::fail(ambiguous, "Transfer-Encoding in HTTP/1.0");
  if (head.repeats(FieldId::transfer_encoding))
    return base::fail(ambiguous, "more than one Transfer-Encoding");
  std::string_view value = head.fields->value(FieldId::transfer_encoding);
  if (!base::equal_ignoring_case(value, "chunked")) return refuse_coding(value, ambiguous);
  return Framing{Framing::Kind::chunked, 0};
}

base::Result<void> read_connection(const FieldView& head, Reason ambiguous, Control& out) {
  bool modern = head.version == Version::http_1_1;
  out.keep_alive = modern;
  if (!head.has(FieldId::connection)) return {};
  auto options = read_options(head, ambiguous);
  if (!options) return std::move(options).unexpected();
  out.keep_alive = !options->close && (modern || options->keep_alive);
  out.upgrade = modern && options->upgrade && head.has(FieldId::upgrade);
  out.te_trailers = modern && options->te && base::has_token(head.fields->value(FieldId::te), "trailers");
  return {};
}

base::Result<void> read_expect(const FieldView& head, Control& out) {
  // RFC 9110 section 10.1.1: from an HTTP/1.0 client it means nothing.
  if (!head.has(FieldId::expect) || head.version == Version::http_1_0) return {};
  for (const Field& line : head.fields->lines()) {
    if (line.id == FieldId::expect && !base::equal_ignoring_case(line.value, "100-continue"))
      return base::fail(Reason::expectation, "Expect asks for something other than 100-continue");
  }
  out.expect_continue = out.framing.kind == Framing::Kind::chunked || out.framing.length > 0;
  return {};
}

bool masquerades(const Field& line) noexcept {
  constexpr std::string_view kNames[] = {"content-length", "transfer-encoding"};
  auto same = [](char a, char b) {
    return b == '-' ? !std::isalnum(static_cast<unsigned char>(a)) : base::lower(a) == b;
  };
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view name) {
    return std::equal(line.name.begin(), line.name.end(), name.begin(), name.end(), same);
  });
}

// 5. The target and Host.

base::Unexpected refuse(const char* what) { return base::fail(Reason::bad_request, what); }

std::uint16_t port_or(const Authority& a, std::uint16_t missing) noexcept {
  return a.has_port ? a.port : missing;
}

// What the target itself says about the authority, if it does.
struct Origin {
  std::string_view text;
  Authority authority;
  std::uint16_t default_port = 0;  // what a missing port means, here and in Host
};

base::Result<void> read_path_and_query(std::string_view target, RequestHead& out) {
  SplitTarget parts = split_target(target);
  if (!valid_query(parts.query)) return refuse("a character in the query that must be encoded");
  auto path =
      normalise_path(parts.path, out.fields.arena(), {.encoded_slash = true, .encoded_backslash = true});
  if (!path) return std::move(path).unexpected();
  out.path = *path;
  out.query = parts.query;
  out.has_query = parts.has_query;
  return {};
}

// Length of "http://" or "https://" in any case at the front, 0 if neither is there.
std::size_t scheme_length(std::string_view target) noexcept {
  for (std::string_view scheme : {"http://", "https://"})
    if (base::equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

base::Result<Origin> read_absolute(RequestHead& out) {
  std::size_t scheme = scheme_length(out.target);
  if (scheme == 0) return refuse("the request target is neither a path nor an http or https URI");
  std::string_view rest = out.target.substr(scheme);
  std::string_view text = rest.substr(0, rest.find_first_of("/?#"));
  auto authority = parse_authority(text);
  if (!authority) return std::move(authority).unexpected();
  rest.remove_prefix(text.size());

  base::Result<void> read;
  if (rest.empty()) {
    out.path = out.method == Method::options ? "*" : "/";  // RFC 9112 section 3.2.4
  } else if (rest.front() == '?') {
    read = read_path_and_query(out.fields.arena().join("/", rest), out);
  } else {
    read = read_path_and_query(rest, out);
  }
  if (!read) return std::move(read).unexpected();
  return Origin{text, *authority, static_cast<std::uint16_t>(scheme == 7 ? 80 : 443)};
}

base::Result<Origin> read_authority_form(const RequestHead& out) {
  auto authority = parse_authority(out.target);
  if (!authority) return std::move(authority).unexpected();
  if (!authority->has_port) return refuse("the target of CONNECT has no port");
  return Origin{out.target, *authority, authority->port};
}

// An Origin without text when the target is a path or "*".
base::Result<Origin> read_form(RequestHead& out) {
  if (out.method == Method::connect) return read_authority_form(out);
  if (out.target == "*") {
    if (out.method != Method::options) return refuse("the target \"*\" is for OPTIONS only");
    out.path = "*";
    return Origin{};
  }
  if (!out.target.starts_with('/')) return read_absolute(out);
  auto read = read_path_and_query(out.target, out);
  if (!read) return std::move(read).unexpected();
  return Origin{};
}

bool agree(const Origin& origin, const Authority& host) noexcept {
  return base::equal_ignoring_case(origin.authority.host, host.host) &&
         port_or(origin.authority, origin.default_port) == port_or(host, origin.default_port);
}

base::Result<void> read_target(const FieldView& head, RequestHead& out) {
  auto origin = read_form(out);
  if (!origin) return std::move(origin).unexpected();
  if (head.repeats(FieldId::host)) return refuse("more than one Host");
  if (!head.has(FieldId::host)) {
    if (out.version != Version::http_1_0) return refuse("no Host");
    out.authority = origin->text;
    out.host = normalise_host(origin->authority.host, out.fields.arena());
    return {};
  }
  std::string_view text = head.fields->value(FieldId::host);
  auto host = parse_authority(text);
  if (!host) return std::move(host).unexpected();
  // RFC 9112 section 3.2.2 lets the target win; but a client must send the same in both (section 3.2), and
  // whoever does not is aiming at a server that reads the other one.
  if (!origin->text.empty() && !agree(*origin, *host)) return refuse("the request target and Host disagree");
  out.authority = origin->text.empty() ? text : origin->text;
  out.host = normalise_host(host->host, out.fields.arena());
  return {};
}

// 6. Whole heads.

struct Complaint {
  beast::error code;
  bool in_fields;
  const char* text;
};

// Beast's verdicts in words. What comes from a field gets its line number.
constexpr Complaint kComplaints[] = {
    {beast::error::bad_method, false, "the method is not a token"},
    {beast::error::bad_target, false, "the request target holds a control character"},
    {beast::error::bad_version, false, "the start line does not name HTTP/1.0 or HTTP/1.1 in its place"},
    {beast::error::bad_status, false, "the status is not a number of three digits"},
    {beast::error::bad_reason, false, "the reason phrase holds a control character"},
    {beast::error::bad_line_ending, true, "a carriage return without a line feed after it"},
    {beast::error::bad_field, true, "the field name is not a token directly before a colon"},
    {beast::error::bad_value, true, "the value holds a control character, is folded, or is a malformed list"},
    {beast::error::bad_content_length, true,
     "Content-Length is not one decimal number, or stands beside Transfer-Encoding"},
    {beast::error::multiple_content_length, true, "more than one Content-Length"},
    {beast::error::bad_transfer_encoding, true,
     "Transfer-Encoding is repeated or stands beside Content-Length"},
    {beast::error::need_more, false, "the head is incomplete"},
    {beast::error::unexpected_body, false, "bytes after the end of the head"},
};

base::Error explain(const boost::beast::error_code& ec, std::size_t lines, bool request) {
  if (ec == beast::error::header_limit)
    return {request ? Reason::header_too_large : Reason::response_invalid, "too many field lines"};
  for (const Complaint& c : kComplaints) {
    if (ec != c.code) continue;
    if (!c.in_fields) return {request ? Reason::bad_request : Reason::upstream_protocol, c.text};
    return {request ? Reason::bad_request : Reason::response_invalid,
            "field line " + std::to_string(lines + 1) + ": " + c.text};
  }
  return {request ? Reason::bad_request : Reason::upstream_protocol, ec.message()};
}

std::string_view text_of(std::span<const char> head) noexcept { return {head.data(), head.size()}; }

Version version_of(int beast_version) noexcept {
  return beast_version == 11 ? Version::http_1_1 : Version::http_1_0;
}

base::Result<void> check_names(const Fields& fields, Reason ambiguous) {
  for (const Field& line : fields.lines()) {
    if (line.id != FieldId::other || !masquerades(line)) [[likely]]
      continue;
    return base::fail(ambiguous, "a field name that servers of the CGI family take for a framing field");
  }
  return {};
}

// What a body would mean for a request that cannot have one.
base::Result<void> check_body_allowed(const RequestHead& head, const Framing& framing) {
  bool body = framing.kind == Framing::Kind::chunked || framing.length > 0;
  if (body && (head.method == Method::trace || head.method == Method::connect))
    return base::fail(Reason::bad_request, "a body with TRACE or CONNECT");
  return {};
}

base::Result<Control> judge_request(const FieldView& view, RequestHead& out) {
  Control control;
  if (auto ok = check_names(out.fields, Reason::bad_request); !ok) return std::move(ok).unexpected();
  if (auto ok = read_target(view, out); !ok) return std::move(ok).unexpected();
  auto framing = declared_framing(view, Reason::bad_request);
  if (!framing) return std::move(framing).unexpected();
  control.framing = *framing;
  if (auto ok = check_body_allowed(out, *framing); !ok) return std::move(ok).unexpected();
  if (auto ok = read_connection(view, Reason::bad_request, control); !ok) return std::move(ok).unexpected();
  if (auto ok = read_expect(view, control); !ok) return std::move(ok).unexpected();
  return control;
}

base::Result<void> check_switch(const Control& control, const Asked& asked) {
  if (!asked.upgrade)
    return base::fail(Reason::upstream_protocol, "status 101 although no upgrade was asked for");
  if (!control.upgrade)
    return base::fail(Reason::upstream_protocol, "status 101 without Upgrade and Connection: upgrade");
  return {};
}

base::Result<Control> judge_response(const FieldView& view, const Asked& asked, const ResponseHead& out) {
  Control control;
  if (auto ok = check_names(out.fields, Reason::response_invalid); !ok) return std::move(ok).unexpected();
  auto framing = declared_framing(view, Reason::response_invalid);
  if (!framing) return std::move(framing).unexpected();
  if (auto ok = read_connection(view, Reason::response_invalid, control); !ok)
    return std::move(ok).unexpected();
  if (out.status == 101)
    if (auto ok = check_switch(control, asked); !ok) return std::move(ok).unexpected();

  bool claims_body = framing->kind == Framing::Kind::chunked || framing->length > 0;
  if (bodiless(asked.method, out.status)) {
    // RFC 9112 section 6.1 forbids such a claim; the server may well send the body, so nothing may follow it.
    if (claims_body && (out.status < 200 || out.status == 204)) control.keep_alive = false;
    return control;
  }
  control.framing = *framing;
  if (framing->kind == Framing::Kind::none) {
    control.framing.kind = Framing::Kind::until_close;
    control.keep_alive = false;
  }
  return control;
}

}  // namespace

base::Result<http::h1::Control> reference_request(std::span<const char> head, const http::HeadLimits& limits,
                                                  http::RequestHead& out) {
  std::string_view text = text_of(head);
  while (text.starts_with("\r\n")) text.remove_prefix(2);
  if (text.size() > limits.head) return base::fail(Reason::header_too_large, "the head is too long");
  out.fields.clear();
  ViewParser<true> parser(text, limits.fields, out.fields);
  if (auto ec = parser.run()) return base::Unexpected{explain(ec, parser.lines(), true)};

  const StartLine& start = parser.start();
  if (start.target.size() > limits.uri)
    return base::fail(Reason::uri_too_long, "the request target is too long");
  out.method = http::method(start.method);
  out.method_text = start.method;
  out.version = version_of(start.version);
  out.target = start.target;
  out.path = out.query = out.authority = out.host = {};
  out.has_query = false;
  return judge_request({&out.fields, parser.seen(), parser.repeated(), out.version}, out);
}

base::Result<http::h1::Control> reference_response(std::span<const char> head, const http::HeadLimits& limits,
                                                   const http::h1::Asked& asked, http::ResponseHead& out) {
  std::string_view text = text_of(head);
  if (text.size() > limits.head) return base::fail(Reason::response_invalid, "the head is too long");
  out.fields.clear();
  ViewParser<false> parser(text, limits.fields, out.fields);
  if (auto ec = parser.run()) return base::Unexpected{explain(ec, parser.lines(), false)};

  out.status = parser.start().status;
  out.reason = parser.start().reason;
  out.version = version_of(parser.start().version);
  if (out.status < 100 || out.status > 599)
    return base::fail(Reason::upstream_protocol, "the status is not a number from 100 to 599");
  return judge_response({&out.fields, parser.seen(), parser.repeated(), out.version}, asked, out);
}

}  // namespace sluice::test
