#include "pod/pod_identity.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/uuid.h"

namespace synap::pod {
namespace {

struct Known {
  std::string id;
  bool is_new = false;
  bool has_texts = false;
};

Known known(db::Tx& tx, const Uuid& id_if_new) {
  Known found;
  const std::int64_t added = tx.run(
      "INSERT INTO pod_identity(one, id) VALUES (1, $1) ON CONFLICT (one) DO NOTHING", id_if_new);
  found.is_new = added > 0;
  {
    auto rows = tx.query("SELECT id FROM pod_identity");
    if (rows.next()) found.id = rows.uuid(0).value_or(id_if_new).to_string();
  }
  auto rows = tx.query("SELECT 1 FROM notes_data WHERE version > 0 LIMIT 1");
  found.has_texts = rows.next();
  return found;
}

std::unexpected<Error> refused(std::string sentence) {
  return fail(Code::kPreconditionFailed, std::move(sentence));
}

}  // namespace

std::vector<db::Database::Migration> pod_identity_migrations() {
  return {{"pod.3", R"(
CREATE TABLE pod_identity(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  id BLOB NOT NULL
) STRICT;
)"},
          {"pod.5", R"(
-- Of which users' signing keys for apps are made, where many nodes have the same.
CREATE TABLE pod_secret(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  secret TEXT NOT NULL
) STRICT;
)"}};
}

Task<Result<>> enter_data_directory(db::Database& database, const DataDirectory& directory,
                                    Texts texts) {
  const auto id = Uuid::v7();
  const auto of_database = co_await database.write([id](db::Tx& tx) { return known(tx, id); });
  if (!of_database) co_return fail(of_database.error());
  const auto path = std::filesystem::path(directory.pod_id()).parent_path().string();
  const auto id_of_directory = DataDirectory::first_line(directory.pod_id());
  if (id_of_directory == of_database->id) co_return Result<>{};
  if (!id_of_directory.empty()) {
    co_return refused(
        fmt::format("The data directory {} is of another pod than the database. Set `database` as "
                    "it was for this directory, or use another --data",
                    path));
  }
  if (has_data(path)) {
    co_return refused(
        fmt::format("The data directory {} has an owner.key or content, but no pod.id which says "
                    "that they belong to the database. Use another --data",
                    path));
  }
  if (texts == Texts::kHereForAll && !of_database->is_new) {
    co_return refused(fmt::format(
        "The pod in this database has its texts in files, and the data directory {0} does not say "
        "that these are there. Keep texts where all nodes reach them (content = \"s3\"), or make "
        "{0}/content a directory that all nodes share, and copy the pod.id of the first node to "
        "{0}/pod.id",
        path));
  }
  if (texts != Texts::kElsewhere && of_database->has_texts) {
    co_return refused(fmt::format(
        "The texts of the pod in this database are in another data directory than {}, "
        "which is empty. Name that one (--data), or keep texts where all can reach them "
        "(content = \"s3\")",
        path));
  }
  co_return directory.write_secret(directory.pod_id(), of_database->id + "\n");
}

Task<Result<std::string>> shared_secret(db::Database& database, std::string own, Sharing sharing) {
  co_return co_await database.write([&](db::Tx& tx) {
    if (sharing == Sharing::kMany) {
      tx.run("INSERT INTO pod_secret(one, secret) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
             own);
    }
    auto rows = tx.query("SELECT secret FROM pod_secret");
    return rows.next() ? rows.text(0) : own;
  });
}

}  // namespace synap::pod
