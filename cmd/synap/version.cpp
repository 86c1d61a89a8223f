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

// A pod says its version in the description of what it can do, which anybody may read.
std::string version_of(PodClient& pod) {
  const auto page = pod.get("/openapi.json");
  const auto document = page ? parse_json(page->body) : fail(page.error());
  const Json* info = document ? document->find("info") : nullptr;
  const bool is_pod = info != nullptr && info->string_or("title", "") == "Synap";
  return is_pod ? std::string(info->string_or("version", "")) : "";
}

int version(const ClientOptions& options) {
  auto pod = PodClient::make(options);
  if (!pod) return report(pod.error(), options.is_json);
  pod->set_silence_max(kSilenceMax);
  const auto of_pod = version_of(*pod);
  if (options.is_json) {
    Json versions = Json::object({{"synap", SYNAP_VERSION}, {"url", pod->url()}});
    versions.set("pod", of_pod.empty() ? Json() : Json(of_pod));
    print_line(versions.dump());
    return kExitOk;
  }
  print_line(fmt::format("synap  {}", SYNAP_VERSION));
  if (of_pod.empty()) {
    print_line(fmt::format("pod    none answers at {}", pod->url()));
  } else {
    print_line(printable(fmt::format("pod    {} at {}", of_pod, pod->url())));
    if (of_pod != SYNAP_VERSION) {
      tell("they are of different versions: what one of them does not know is refused with a word");
    }
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
