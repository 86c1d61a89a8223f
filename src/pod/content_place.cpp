#include "pod/content_place.h"

#include <fmt/format.h>

#include "pod/pod.h"

namespace synap::pod {
namespace {

// The newest: a copy that was broken off goes by the order of names, and has not come to them.
constexpr int kLookedAt = 3;

struct Known {
  std::string place{kFirstContentPlace};
  std::vector<std::string> newest;  // paths of content
};

Known known(db::Tx& tx) {
  Known found;
  {
    auto rows = tx.query("SELECT place FROM content_place");
    if (rows.next()) found.place = rows.text(0);
  }
  auto rows = tx.query(
      "SELECT file_path FROM notes_data WHERE version > 0 ORDER BY id DESC LIMIT $1", kLookedAt);
  while (rows.next()) found.newest.push_back(rows.text(0));
  return found;
}

Error elsewhere(const Known& known, const std::string& place, std::string_view path) {
  return {Code::kPreconditionFailed,
          fmt::format("The texts of this pod are in {}. Its settings (content, s3_bucket, "
                      "s3_prefix) name {}, and {} is not there. Set them as they were, or copy "
                      "the texts: `synap content migrate`",
                      known.place, place, path),
          nullptr};
}

}  // namespace

std::vector<db::Database::Migration> content_place_migrations() {
  return {{"pod.2", R"(
CREATE TABLE content_place(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  place TEXT NOT NULL
) STRICT;
)"}};
}

std::string content_place(const ContentOptions& options) {
  return options.is_in_s3 ? fmt::format("{} at {}", options.s3.bucket, options.s3.endpoint)
                          : std::string();
}

std::string place_of_texts(const ContentOptions& options) {
  if (!options.is_in_s3) return std::string(kFirstContentPlace);
  const auto& prefix = options.s3.prefix;
  return fmt::format("the bucket {}{}", content_place(options),
                     prefix.empty() ? "" : ", below " + prefix);
}

Task<Result<>> enter_content_place(db::Database& database, content::ContentStore& content,
                                   std::string place) {
  auto before = co_await database.read_at_start(known);
  if (!before) co_return fail(before.error());
  if (before->place == place) co_return Result<>{};
  for (const auto& path : before->newest) {
    auto key = content::ContentKey::parse(path);
    if (!key) continue;  // a damaged row, which the doctor tells of
    const auto size = co_await content.size(*std::move(key));
    if (size) continue;
    if (size.error().code != Code::kNotFound) co_return fail(size.error());
    co_return fail(elsewhere(*before, place, path));
  }
  co_return co_await database.write([&](db::Tx& tx) {
    tx.run(
        "INSERT INTO content_place(id, place) VALUES (1, $1) ON CONFLICT(id) DO UPDATE SET place = "
        "$1",
        place);
  });
}

}  // namespace synap::pod
