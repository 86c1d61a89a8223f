#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>

#include "pod/pod.h"
#include "synap/commands.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

struct ResetOptions {
  std::string data = "./synap-data";
  std::string database;
  bool revokes_all = false;
  bool is_json = false;
};

std::string sentence_of(const pod::OwnerReset& reset, const std::string& path) {
  auto sentence = fmt::format("{} has a new key, in {}, which only you can read",
                              reset.is_new_user ? "a new owner" : "the owner", path);
  if (reset.revoked > 0) {
    sentence += fmt::format("; {} other key{} of owners {} revoked", reset.revoked,
                            reset.revoked == 1 ? "" : "s", reset.revoked == 1 ? "is" : "are");
  }
  return sentence;
}

int reset(const ResetOptions& options) {
  ::umask(0077);
  auto reset = pod::Pod::reset_owner(
      {.data = options.data, .database = options.database, .revokes_others = options.revokes_all});
  if (!reset) return report(reset.error(), options.is_json);
  std::error_code failed;
  const auto path = std::filesystem::absolute(reset->path, failed).lexically_normal().string();
  if (options.is_json) {
    print_json(Json::object({{"userId", reset->user_id},
                             {"keyId", reset->key_id},
                             {"path", path},
                             {"isNewUser", reset->is_new_user},
                             {"revoked", reset->revoked}}));
  } else {
    print_line(printable(sentence_of(*reset, path)));
  }
  return kExitOk;
}

}  // namespace

Command keys_reset_command() {
  auto options = std::make_shared<ResetOptions>();
  return {.words = "keys reset",
          .docs =
              "Bring an owner back into a pod that is stopped. The first owner gets a new key, "
              "in DATA/owner.key; where there is no owner, one is made. Other keys go on "
              "working, unless --revoke-all says that those of owners do not.",
          .example = "synap keys reset --data ./synap-data",
          .options = {{"--data", "The pod's directory. Default: ./synap-data", &options->data,
                       "SYNAP_DATA"},
                      {"--database", "The pod's database, if it is on a PostgreSQL server.",
                       &options->database, "SYNAP_DATABASE"},
                      {"--revoke-all", "Revoke all other keys of owners.", &options->revokes_all},
                      {"--json", "Print JSON, errors too (on stderr).", &options->is_json}},
          .run = [options] { return reset(*options); }};
}

}  // namespace synap::cli
