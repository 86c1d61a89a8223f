#include "synap/key_source.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "outbound/url.h"
#include "pod/config.h"
#include "pod/data_directory.h"
#include "synap/contexts.h"
#include "synap/file.h"
#include "synap/http.h"
#include "synap/suggestion.h"

namespace synap::cli {
namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:4400";
constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
// A key has 49 characters; what is this long is another file.
constexpr std::size_t kKeyFileMax = 4096;
constexpr auto kNoKey = "it holds something else than one key";

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// Some editors write a mark of the encoding before a text.
std::string_view without_mark(std::string_view text) {
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  return text;
}

// Of the environment; nothing where it is not set.
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::string full_path(const std::string& path) {
  std::error_code failed;
  const auto full = std::filesystem::absolute(path, failed);
  return failed ? path : full.lexically_normal().string();
}

// Whoever signed in to one pod once and is in the directory of another may mean this one.
std::string other_pod(const ClientOptions& options, const Context& context) {
  const auto here = url_in(data_of(options));
  if (!options.context.empty() || here.empty() || is_same_place(here, context.url)) return "";
  return fmt::format(
      "the pod of {} is, or was, at {}; this asks the one of the context {}, {} (--data {})",
      data_of(options), here, context.name, context.url, data_of(options));
}

// The key of the data directory. That of the default one is for this machine only: it is no
// business of whoever answers elsewhere.
void take_key_of_directory(const ClientOptions& options, PodAndKey& found) {
  const auto path = full_path(data_of(options) + "/owner.key");
  if (options.data.empty() && !pod::is_loopback(host_of(found.url))) {
    found.origin = fmt::format("none, as {} is for this machine only", path);
    found.advice = "say --key KEY or SYNAP_KEY, or `synap login` once";
    return;
  }
  auto file = read_key_file(path);
  found.key = std::move(file.key);
  found.origin = !found.key.empty() ? path
                 : file.is_missing  ? fmt::format("none, as there is no {}", path)
                                    : fmt::format("none; {}: {}", path, file.problem);
  if (file.is_missing) {
    found.advice = fmt::format(
        "there is no {}: run this where the pod was started, or say --data DIR, --key KEY or "
        "SYNAP_KEY",
        path);
  } else if (!file.problem.empty()) {
    found.advice = fmt::format("{}: {}; or say --key KEY or SYNAP_KEY", path, file.problem);
  }
}

// The context that is meant: the one that is named, or the current one where nothing is said of
// where the pod is.
Result<std::optional<Context>> context_of(const ClientOptions& options) {
  const bool has_place = !options.url.empty() || !options.data.empty();
  if (options.context.empty() && has_place) return std::nullopt;
  const auto contexts = load_contexts();
  if (!contexts) return fail(contexts.error());
  const auto& name = options.context.empty() ? contexts->current : options.context;
  const auto* found = contexts->find(name);
  if (found != nullptr) return *found;
  if (options.context.empty()) return std::nullopt;
  return fail(Code::kBadRequest,
              fmt::format("There is no context \"{}\"{}`synap contexts` lists them, `synap login` "
                          "makes one",
                          name, did_you_mean(name, contexts->names())));
}

}  // namespace

std::string url_in(const std::string& data) {
  const auto text = read_file(pod::DataDirectory::url_of(data), {.bytes_max = kKeyFileMax});
  auto url = text ? trimmed(*text) : "";
  return host_of(url).empty() ? "" : url;
}

bool is_same_place(std::string_view url, std::string_view other) {
  const auto one = outbound::parse_url(std::string(url));
  const auto two = outbound::parse_url(std::string(other));
  if (!one || !two) return url == other;
  const bool is_here = pod::is_loopback(one->host) && pod::is_loopback(two->host);
  return one->port == two->port && (one->host == two->host || is_here);
}

Result<std::string> given_key(const std::string& text, std::string_view origin) {
  // One that is empty is what a script gives whose secret is missing: not to be taken for the
  // owner.
  auto key = trimmed(without_mark(text));
  if (key.empty()) {
    return fail(Code::kBadRequest,
                fmt::format("{} is empty: give a key, or leave it out to use the owner's, from "
                            "DATA/owner.key",
                            origin));
  }
  if (key.find_first_of("\r\n") != std::string::npos) {
    return fail(Code::kBadRequest,
                fmt::format("{} has a line end in it, which no key has", origin));
  }
  return key;
}

KeyFile read_key_file(const std::string& path) {
  const auto bytes = read_file(path, {.bytes_max = kKeyFileMax});
  if (!bytes) {
    switch (bytes.error().code) {
      case Code::kNotFound:
        return {.key = "", .problem = "", .is_missing = true};
      case Code::kPayloadTooLarge:
        return {.key = "", .problem = kNoKey};
      default:
        return {.key = "", .problem = "it " + bytes.error().message};
    }
  }
  std::string_view text = *bytes;
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    return {.key = "", .problem = "it is UTF-16, as some Windows programs write: save it as UTF-8"};
  }
  auto key = trimmed(without_mark(text));
  if (key.empty()) return {.key = "", .problem = "it is empty"};
  const bool is_word = key.find_first_of(" \t\r\n") == std::string::npos;
  for (const char c : key) {
    if (!is_word || static_cast<unsigned char>(c) <= 0x20 ||
        static_cast<unsigned char>(c) >= 0x7f) {
      return {.key = "", .problem = kNoKey};
    }
  }
  return {.key = std::move(key), .problem = ""};
}

Result<PodAndKey> find_pod_and_key(const ClientOptions& options) {
  // "entities update ID --data '{…}'" would change nothing, and say that it is done.
  if (options.data.starts_with('{')) {
    return fail(Code::kBadRequest,
                "--data is the directory of a pod, and no JSON; a field of that name is "
                "--input-data");
  }
  const auto context = context_of(options);
  if (!context) return fail(context.error());
  PodAndKey found{.url = options.url, .key = "", .origin = "", .advice = ""};
  if (*context) found.url = (*context)->url;
  if (*context) found.other_pod = other_pod(options, **context);
  if (found.url.empty()) found.url = url_in(data_of(options));
  if (found.url.empty()) found.url = kDefaultUrl;
  while (found.url.ends_with('/')) found.url.pop_back();
  // Where clients of tRPC are told to look.
  if (constexpr std::string_view kTrpc = "/trpc"; found.url.ends_with(kTrpc)) {
    found.url.resize(found.url.size() - kTrpc.size());
  }
  if (host_of(found.url).empty()) {
    return fail(
        Code::kBadRequest,
        fmt::format("--url must be http://HOST:PORT or https://…; it is \"{}\"", found.url));
  }
  const auto of_environment = variable("SYNAP_KEY");
  if (const auto& given = options.key ? options.key : of_environment) {
    found.origin = given == of_environment ? "SYNAP_KEY" : options.key_origin;
    auto key = given_key(*given, found.origin);
    if (!key) return fail(key.error());
    found.key = std::move(*key);
  } else if (*context) {
    found.key = (*context)->key;
    found.origin = fmt::format("context {}", (*context)->name);
  } else {
    take_key_of_directory(options, found);
  }
  return found;
}

}  // namespace synap::cli
