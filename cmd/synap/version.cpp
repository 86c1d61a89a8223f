#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"

namespace synap::cli {
namespace {

// Whoever asks for a version does not wait long for a pod that says nothing.
constexpr std::chrono::seconds kSilenceMax{5};

struct Answering {
  const char* who = "pod";   // as --json says it: "pod", "older pod", "something else", "nobody"
  std::string version = {};  // of a pod that says it
  std::string what = {};     // otherwise: what is there
};

// A pod says its version in the description of what it can do, which anybody may read.
Answering who_answers(PodClient& pod) {
  const auto page = pod.get("/openapi.json");
  if (!page) return {.who = "nobody", .what = fmt::format("none answers at {}", pod.url())};
  const auto document = parse_json(page->body);
  const Json* info = document ? document->find("info") : nullptr;
  if (info != nullptr && info->string_or("title", "") == "Synap") {
    return {.version = std::string(info->string_or("version", ""))};
  }
  if (pod.is_pod()) {
    return {.who = "older pod",
            .what = fmt::format("one that does not say its version answers at {}: it is older than "
                                "this program",
                                pod.url())};
  }
  return {.who = "something else",
          .what = fmt::format(
              "none: what answers at {} is no Synap pod (status {}{})", pod.url(), page->status,
              page->location.empty() ? "" : fmt::format(", which leads to {}", page->location))};
}

int version(const ClientOptions& options) {
  auto pod = PodClient::make(options);
  if (!pod) return report(pod.error(), options.is_json);
  pod->set_silence_max(kSilenceMax);
  const auto [who, of_pod, what] = who_answers(*pod);
  if (options.is_json) {
    Json versions = Json::object({{"synap", SYNAP_VERSION}, {"url", pod->url()}});
    versions.set("pod", of_pod.empty() ? Json() : Json(of_pod)).set("answering", who);
    if (!what.empty()) versions.set("message", what);
    print_json(versions);
    return kExitOk;
  }
  print_line(fmt::format("synap  {}", SYNAP_VERSION));
  if (of_pod.empty()) {
    print_line(printable(fmt::format("pod    {}", what)));
    return kExitOk;
  }
  print_line(printable(fmt::format("pod    {} at {}", of_pod, pod->url())));
  if (of_pod != SYNAP_VERSION) {
    tell("they are of different versions: what one of them does not know is refused with a word");
  }
  return kExitOk;
}

}  // namespace

Command version_command() {
  auto options = std::make_shared<ClientOptions>();
  return {.words = "version",
          .docs = "Say which version this program is, and which the pod is, if one answers.",
          .example = "synap version",
          .options = client_options(*options),
          .run = [options] { return version(*options); }};
}

}  // namespace synap::cli
