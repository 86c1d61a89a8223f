#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "pod/config.h"
#include "synap/commands.h"
#include "synap/doctor_checks.h"
#include "synap/doctor_content.h"
#include "synap/doctor_data.h"
#include "synap/environment.h"
#include "synap/output.h"
#include "synap/table.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

using Status = Check::Status;

std::string_view word(Status status) {
  return status == Status::kOk ? "ok" : status == Status::kWarn ? "warn" : "fail";
}

// What has a port and says nothing is looked at no longer than this.
constexpr std::chrono::seconds kSilenceMax{5};

struct DoctorOptions {
  ClientOptions client;
  std::optional<std::string> file;  // of a pod's settings
  bool is_deep = false;
};

// As a person would write it: no "/./", nothing behind the name.
std::string plain_path(const std::string& path) {
  auto plain = std::filesystem::path(path).lexically_normal();
  if (!plain.has_filename() && plain.has_relative_path()) plain = plain.parent_path();
  return plain.string();
}

// Where the pod's database and content are, as its settings say in a file or in the environment;
// flags of `serve` nobody else knows.
struct Places {
  std::optional<content::S3Settings> bucket;
  std::string database;
};
Result<Places> places_of(const DoctorOptions& options) {
  const auto is_set = [](const char* name) { return std::getenv(name) != nullptr; };
  const bool is_said = options.file || is_set("SYNAP_CONTENT") || is_set("SYNAP_DATABASE") ||
                       is_set("SYNAP_DATABASE_FILE");
  if (!is_said) return Places{};
  auto config = pod::load_config({.file = options.file, .environment = pod_environment()});
  if (!config) return fail(config.error());
  Places places{.bucket = {}, .database = config->pod.database};
  if (config->pod.content.is_in_s3) places.bucket = std::move(config->pod.content.s3);
  return places;
}

Result<std::vector<Check>> examine(const DoctorOptions& options) {
  auto pod = PodClient::make(options.client);
  if (!pod) return fail(pod.error());
  pod->set_silence_max(kSilenceMax);
  auto places = places_of(options);
  if (!places) return fail(places.error());
  const auto data = plain_path(data_of(options.client));
  std::vector<Check> checks = {check_directory(data), check_fsync(data), check_space(data),
                               check_clock(data), check_sqlite()};
  // Held until the data are read, so that no pod begins to write in between.
  const LockProbe probe(data);
  for (auto& check : check_data({.data = data,
                                 .is_pod_running = probe.is_pod_running(),
                                 .pid = probe.pid(),
                                 .is_deep = options.is_deep,
                                 .s3 = places->bucket,
                                 .database = places->database})) {
    checks.push_back(std::move(check));
  }
  if (places->bucket) checks.push_back(check_bucket(*places->bucket));
  checks.push_back(check_key_file(data));
  if (probe.is_pod_running()) {
    checks.push_back(check_pod(*pod, data));
    if (checks.back().status == Status::kOk) checks.push_back(check_key(*pod));
    for (auto& check : checks_of_pod(*pod)) checks.push_back(std::move(check));
  } else {
    checks.push_back(check_port(*pod));
  }
  return checks;
}

Colour colour_of(Status status) {
  if (status == Status::kOk) return Colour::kGood;
  return status == Status::kWarn ? Colour::kBusy : Colour::kBad;
}

std::size_t longest_name(const std::vector<Check>& checks) {
  std::size_t longest = 0;
  for (const auto& check : checks) longest = std::max(longest, check.name.size());
  return longest;
}

// Sentences, which are broken and not cut: what is left out may be what helps.
std::string table_text(const std::vector<Check>& checks) {
  constexpr std::size_t kStatusWidth = 7;
  const auto name_width = longest_name(checks) + 2;
  const auto beside = kStatusWidth + name_width;
  std::string text = padded("STATUS", kStatusWidth) + padded("CHECK", name_width) + "FOUND\n";
  // Beside two columns a narrow terminal has no room for the name of a file: it stands below.
  constexpr std::size_t kFoundMin = 40;
  constexpr std::size_t kBelow = 2;
  const bool is_narrow = terminal_width() < beside + kFoundMin;
  const auto indent = is_narrow ? kBelow : beside;
  for (const auto& [name, status, message] : checks) {
    text += coloured(padded(word(status), kStatusWidth), colour_of(status), has_colour()) +
            (is_narrow ? name + "\n" + std::string(indent, ' ') : padded(name, name_width)) +
            wrapped(printable(message), terminal_width(), indent, indent) + "\n";
  }
  return text;
}

int doctor(const DoctorOptions& options) {
  const auto checks = examine(options);
  if (!checks) return report(checks.error(), options.client.is_json);
  const bool is_well = std::ranges::find(*checks, Status::kFail, &Check::status) == checks->end();
  const auto name_width = longest_name(*checks);
  Json all = Json::array();
  for (const auto& [name, status, message] : *checks) {
    all.push_back(Json::object({{"name", name}, {"status", word(status)}, {"message", message}}));
    if (!options.client.is_json && !is_terminal()) {
      print_line(
          printable(fmt::format("{:<4}  {:<{}}  {}", word(status), name, name_width, message)));
    }
  }
  if (!options.client.is_json && is_terminal()) page(table_text(*checks));
  if (options.client.is_json) print_json(Json::object({{"ok", is_well}, {"checks", all}}));
  return is_well ? kExitOk : kExitFailure;
}

}  // namespace

Command doctor_command() {
  auto options = std::make_shared<DoctorOptions>();
  Command command{
      .words = "doctor",
      .docs =
          "Look at the data directory, the disk, the clock, the database, the files it names, "
          "the port and the key, and say of each whether it is well: ok, warn or fail, and "
          "what was not looked at. Exit code 1 if something fails. Changes nothing, but that "
          "where content is in a bucket an object is put there and removed again.",
      .example = "synap doctor --data ./synap-data",
      .options = client_options(options->client),
      .run = [options] { return doctor(*options); },
      .outlives_readers = true};
  command.options.push_back(
      {"--deep", "Also read every index, every event's data and every file, and compare checksums.",
       &options->is_deep});
  command.options.push_back(
      {"--config",
       "The pod's settings, which say where its database and its content are; SYNAP_* variables "
       "do, too.",
       &options->file, "SYNAP_CONFIG"});
  return command;
}

}  // namespace synap::cli
