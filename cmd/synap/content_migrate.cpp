#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <memory>

#include "base/log.h"
#include "content/local/local_store.h"
#include "content/migration.h"
#include "content/s3/s3_store.h"
#include "pod/config.h"
#include "pod/data_directory.h"
#include "synap/commands.h"
#include "synap/environment.h"
#include "synap/output.h"

namespace synap::cli {
namespace {

struct MigrateOptions {
  std::string to;
  std::string data = "./synap-data";
  std::optional<std::string> file;
  bool is_json = false;
};

constexpr std::chrono::seconds kBetweenWords{5};

/// How far an earlier call came, kept in the data directory until all is done:
///   where content goes \n pieces \n bytes \n the name that was the last \n
class Bookmark {
 public:
  Bookmark(const pod::DataDirectory& directory, std::string path, std::string goal)
      : directory_(directory), path_(std::move(path)), goal_(std::move(goal)) {}

  content::Migrated read() const {
    std::ifstream file(path_);
    std::string goal;
    content::Migrated at;
    if (!std::getline(file, goal) || goal != goal_) return {};
    if (!(file >> at.count >> at.bytes >> at.after)) return {};
    return at;
  }
  Result<> write(const content::Migrated& at) const {
    return directory_.write_secret(
        path_, fmt::format("{}\n{}\n{}\n{}\n", goal_, at.count, at.bytes, at.after));
  }
  void remove() const { ::unlink(path_.c_str()); }

 private:
  const pod::DataDirectory& directory_;
  const std::string path_;
  const std::string goal_;
};

void say(const content::Migrated& at) {
  write_log(LogLevel::kInfo, "content", "{count} pieces of content are there, {bytes}",
            {{"count", at.count}, {"bytes", pod::size_text(at.bytes)}});
}

Result<content::Migrated> migrate(const MigrateOptions& options) {
  if (options.to != "s3" && options.to != "local") {
    return fail(Code::kBadRequest, "--to is s3 or local: where content is to be");
  }
  auto config = pod::load_config({.file = options.file, .environment = pod_environment()});
  if (!config) return fail(config.error());
  const auto place = pod::place_of(config->pod.database);
  if (auto there = pod::DataDirectory::check_holds_pod(options.data, place); !there) {
    return fail(there.error());
  }
  // Held until the end, so that no pod changes anything meanwhile.
  auto directory = pod::DataDirectory::open(options.data, place);
  if (!directory) return fail(directory.error());
  const auto& settings = config->pod.content.s3;
  auto bucket = content::S3Store::open(settings);
  if (!bucket) return fail(bucket.error());
  auto files = content::LocalStore::open((*directory)->content());
  if (!files) return fail(files.error());
  const bool is_to_s3 = options.to == "s3";
  content::ContentStore* from = files->get();
  content::ContentStore* to = bucket->get();
  if (!is_to_s3) std::swap(from, to);

  ThreadExecutor executor("migrate");
  if (auto works = sync_wait(executor, (*bucket)->check()); !works) return fail(works.error());
  const Bookmark bookmark(
      **directory, options.data + "/content.migration",
      fmt::format("{} {} {}/{}", options.to, settings.endpoint, settings.bucket, settings.prefix));
  auto begin = bookmark.read();
  if (begin.count > 0) say(begin);
  auto last_word = std::chrono::steady_clock::now();
  const auto tell = [&](const content::Migrated& at) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_word > kBetweenWords) {
      last_word = now;
      say(at);
    }
    return bookmark.write(at);
  };
  auto done = sync_wait(executor, content::migrate(*from, *to, std::move(begin), tell));
  if (done) bookmark.remove();
  return done;
}

int run(const MigrateOptions& options) {
  ::umask(0077);
  const auto done = migrate(options);
  if (!done) return report(done.error(), options.is_json);
  if (options.is_json) {
    print_json(Json::object({{"count", done->count}, {"bytes", done->bytes}}));
    return kExitOk;
  }
  print_line(fmt::format(
      "{} pieces of content, {}, are there, and compared; what they were copied from is left. "
      "Start the pod with content = \"{}\", and let `synap doctor --deep` look",
      done->count, pod::size_text(done->bytes), options.to));
  return kExitOk;
}

}  // namespace

Command content_migrate_command() {
  auto options = std::make_shared<MigrateOptions>();
  return {
      .words = "content migrate",
      .docs =
          "Copy the text of notes from the data directory to the bucket that the pod's settings "
          "name, or back, while the pod is stopped. Each piece is read back and compared. "
          "Called again after it was broken off, it goes on where it was.",
      .example = "synap content migrate --to s3 --config synap.toml --data ./synap-data",
      .options = {{.name = "--to",
                   .docs = "Where content is to be: s3 or local.",
                   .target = &options->to,
                   .is_required = true,
                   .values = {"s3", "local"}},
                  {"--data", "The pod's directory. Default: ./synap-data", &options->data,
                   "SYNAP_DATA"},
                  {"--config", "The pod's settings; SYNAP_* variables are read, too.",
                   &options->file, "SYNAP_CONFIG"},
                  {"--json", "Print JSON, errors too (on stderr).", &options->is_json}},
      .run = [options] { return run(*options); },
      .outlives_readers = true};
}

}  // namespace synap::cli
