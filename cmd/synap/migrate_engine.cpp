#include <fmt/format.h>
#include <sys/stat.h>

#include "base/log.h"
#include "pod/config.h"
#include "pod/engine_move.h"
#include "synap/commands.h"
#include "synap/environment.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

struct MoveOptions {
  std::string from;
  std::string to;
  std::optional<std::string> file;
  bool is_json = false;
};

bool is_on_server(std::string_view place) {
  return place.starts_with("postgres://") || place.starts_with("postgresql://");
}

Result<pod::MovedEngine> move(const MoveOptions& options) {
  const bool is_to_server = is_on_server(options.to);
  if (is_on_server(options.from) == is_to_server) {
    return fail(Code::kBadRequest,
                "One of --from and --to is the pod's directory, and the other one a database on a "
                "PostgreSQL server, as postgres://user@host/database");
  }
  auto config = pod::load_config({.file = options.file, .environment = pod_environment()});
  if (!config) return fail(config.error());
  pod::EngineMoveOptions asked{.pod = std::move(config->pod),
                               .url = is_to_server ? options.to : options.from,
                               .is_to_server = is_to_server,
                               .tell = [](std::string_view done) {
                                 write_log(LogLevel::kInfo, "migrate-engine", "{done}",
                                           {{"done", std::string(done)}});
                               }};
  asked.pod.data = is_to_server ? options.from : options.to;
  return pod::move_engine(asked);
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::string what_was_moved(const pod::MovedEngine& moved) {
  const auto log =
      fmt::format("{} events with an unbroken chain that ends in {}", moved.events, moved.head);
  if (moved.was_there) {
    return "It is there already: " + log + ". `synap projections verify` looks at the read models";
  }
  const auto models = fmt::format("{} read models were made again from the log", moved.projections);
  return fmt::format(
      "{}, and {} other rows\n{}{}", log, moved.rows, models,
      moved.different.empty()
          ? ", and are as they were"
          : "; of these, what was there before was something else: " + listed(moved.different));
}

int run(const MoveOptions& options) {
  ::umask(0077);
  const auto moved = move(options);
  if (!moved) return report(moved.error(), options.is_json);
  if (options.is_json) {
    Json::Array different;
    for (const auto& name : moved->different) different.emplace_back(name);
    print_json(Json::object({{"events", moved->events},
                             {"head", moved->head},
                             {"rows", moved->rows},
                             {"projections", moved->projections},
                             {"wasThere", moved->was_there},
                             {"different", Json(std::move(different))}}));
    return moved->different.empty() ? kExitOk : kExitFailure;
  }
  print_line(what_was_moved(*moved));
  print_line(is_on_server(options.to)
                 ? fmt::format("Start the pod with --data {} and the setting `database` = that of "
                               "--to. {}/synap.db.left is what it had before",
                               options.from, options.from)
                 : fmt::format("Start the pod with --data {} and without the setting `database`. "
                               "What the server has is left as it was",
                               options.to));
  return moved->different.empty() ? kExitOk : kExitFailure;
}

}  // namespace

Command migrate_engine_command() {
  auto options = std::make_shared<MoveOptions>();
  return {
      .words = "migrate-engine",
      .docs =
          "Move a stopped pod's database from its directory to a PostgreSQL server, or back: "
          "events with their chain, runs, jobs and all else that does not follow from events. "
          "The copy is verified, read models are made again from it and compared. Called again "
          "after it was broken off, it goes on where it was.",
      .example = "synap migrate-engine --from ./synap-data --to postgres://synap@db/synap",
      .options = {{.name = "--from",
                   .docs = "Where it is: the pod's directory, or postgres://user@host/database.",
                   .target = &options->from,
                   .is_required = true},
                  {.name = "--to",
                   .docs = "Where it goes: postgres://user@host/database, which is empty, or "
                           "the pod's directory.",
                   .target = &options->to,
                   .is_required = true},
                  {"--config", "The pod's settings; SYNAP_* variables are read, too.",
                   &options->file, "SYNAP_CONFIG"},
                  {"--json", "Print JSON, errors too (on stderr).", &options->is_json}},
      .run = [options] { return run(*options); },
      .outlives_readers = true};
}

}  // namespace synap::cli
