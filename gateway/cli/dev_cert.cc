// SPDX-License-Identifier: Apache-2.0
// sluice dev-cert: a local authority and a certificate of it, for development. The authority is made once and
// kept, so that it has to be trusted once; its key can make certificates for any name and is readable by its
// owner alone.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "gateway/cli/verbs.h"
#include "gateway/config/load.h"
#include "gateway/http/authority.h"
#include "gateway/net/address.h"
#include "gateway/net/tls_certificate.h"
#include "gateway/net/tls_issue.h"

namespace sluice::cli {
namespace {

constexpr std::time_t kDay = 24 * 60 * 60;
constexpr std::time_t kAuthorityDays = 3650;
constexpr std::time_t kCertificateDays = 397;  // browsers believe no longer ones

struct Failure {
  std::string what;
};

// $XDG_DATA_HOME or what stands for it (XDG Base Directory Specification).
std::string default_directory() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data) return std::string(data) + "/sluice";
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::string(home) + "/.local/share/sluice";
  throw Failure{"there is no HOME to keep the authority in; say where with --dir"};
}

// Whole or not at all, and never readable by others in between.
void write(const std::string& path, const std::string& text, mode_t mode) {
  std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool good = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  int error = errno;
  if (fd >= 0 && ::close(fd) != 0) good = false;
  if (good && ::rename(fresh.c_str(), path.c_str()) == 0) return;
  if (good) error = errno;
  ::unlink(fresh.c_str());
  throw Failure{"cannot write " + path + ": " + std::strerror(error)};
}

std::string read(const std::string& path) {
  auto [text, why] = config::system_environment().read(path, 1 << 20);
  if (!text) throw Failure{"cannot read " + path + ": " + why};
  return std::move(*text);
}

struct Authority {
  net::X509Ptr certificate;
  net::KeyPtr key;
  bool fresh = false;
};

Authority make_authority(const std::string& directory) {
  char host[256] = "this machine";
  ::gethostname(host, sizeof host - 1);
  std::time_t now = std::time(nullptr);
  Authority ca{nullptr, net::make_key("P-256"), true};
  ca.certificate = net::issue({fmt::format("Sluice development CA on {}", host).substr(0, 64),
                               {},
                               true,
                               false,
                               now - kDay,
                               now + kAuthorityDays * kDay},
                              ca.key.get(), nullptr, nullptr);
  if (!ca.certificate) throw Failure{"cannot make an authority: " + net::openssl_reason()};
  write(directory + "/ca.key", net::to_pem(ca.key.get()), 0600);
  write(directory + "/ca.pem", net::to_pem(ca.certificate.get()), 0644);
  return ca;
}

// The one that is kept, or a new one.
Authority authority(const std::string& directory) {
  std::string cert = directory + "/ca.pem", key = directory + "/ca.key";
  if (::access(cert.c_str(), F_OK) != 0 && ::access(key.c_str(), F_OK) != 0) return make_authority(directory);
  auto all = net::parse_certificates(read(cert));
  if (!all) throw Failure{cert + " " + all.error().detail};
  auto own = net::parse_key(read(key));
  if (!own) throw Failure{key + " " + own.error().detail};
  auto made = net::make_certificate(std::move(*all), std::move(*own));
  if (!made) throw Failure{key + " " + made.error().detail};
  if (made->expires() <= std::time(nullptr) + kDay)
    throw Failure{cert + " has expired; remove it and ca.key to get a new authority"};
  return {std::move(made->leaf), std::move(made->key), false};
}

void check_name(const std::string& name) {
  if (net::Address::parse(name, 0)) return;
  std::string_view host = name;
  if (host.starts_with("*.")) host.remove_prefix(2);
  auto parsed = http::parse_authority(host);
  if (!parsed || parsed->has_port) throw Failure{"`" + name + "` is neither a host name nor an IP address"};
}

// What the files are called after: the first name, without what has a meaning to shells.
std::string file_name(const std::string& name) {
  std::string out = name.starts_with("*.") ? "wildcard." + name.substr(2) : name;
  for (char& c : out)
    if (c == ':' || c == '/') c = '-';
  return out;
}

void dev_cert(const std::vector<std::string>& names, const std::string& directory, bool client) {
  for (const auto& name : names) check_name(name);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw Failure{"cannot make the directory " + directory + ": " + error.message()};
  auto ca = authority(directory);
  std::time_t now = std::time(nullptr);
  auto key = net::make_key("P-256");
  auto made = net::issue(
      {names.front().substr(0, 64), names, false, client, now - kDay, now + kCertificateDays * kDay},
      key.get(), ca.certificate.get(), ca.key.get());
  if (!made) throw Failure{"cannot make a certificate: " + net::openssl_reason()};
  std::string base = directory + "/" + file_name(names.front());
  write(base + ".key", net::to_pem(key.get()), 0600);
  write(base + ".pem", net::to_pem(made.get()) + net::to_pem(ca.certificate.get()), 0644);
  if (client) {
    fmt::print(
        stderr,
        "{} authority: {}/ca.pem; the client shows its certificate with `curl --cert {}.pem --key {}.key`\n",
        ca.fresh ? "New" : "Known", directory, base, base);
    fmt::print("client_auth: {{mode: require, ca: \"{}/ca.pem\"}}\n", directory);
    return;
  }
  fmt::print(stderr, "{} authority: {}/ca.pem; clients must trust it, as in `curl --cacert {}/ca.pem`\n",
             ca.fresh ? "New" : "Known", directory, directory);
  fmt::print(
      "listeners:\n  secure:\n    bind: \":8443\"\n    tls:\n      certs: [{{cert: \"{}.pem\", key: "
      "\"{}.key\"}}]\n",
      base, base);
}

}  // namespace

void add_dev_cert(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::vector<std::string> names;
    std::string directory;
    bool client = false;
  };
  auto* verb =
      app.add_subcommand("dev-cert", "Makes a certificate for development, and an authority to trust");
  auto args = std::make_shared<Arguments>();
  verb->add_option("names", args->names, "Host names and IP addresses (localhost, 127.0.0.1 and ::1)")
      ->type_name("NAME");
  verb->add_option("-d,--dir", args->directory, "Where to keep them ($XDG_DATA_HOME/sluice)")
      ->type_name("DIR");
  verb->add_flag("--client", args->client, "For a client, which shows it, instead of a server");
  verb->footer("Prints what to paste into a configuration. Never use these for other people's traffic.");
  verb->callback([args, &exit_code] {
    try {
      auto names = args->names;
      if (names.empty()) names = {"localhost", "127.0.0.1", "::1"};
      dev_cert(names, args->directory.empty() ? default_directory() : args->directory, args->client);
    } catch (const Failure& failure) {
      fmt::print(stderr, "sluice: {}\n", failure.what);
      exit_code = 2;
    }
  });
}

}  // namespace sluice::cli
