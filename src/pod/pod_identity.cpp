#include "pod/pod_identity.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/uuid.h"

namespace synap::pod {
namespace {

struct Known {
  std::string id;  // empty: it is nobody's so far
  bool has_texts = false;
};

std::string id_of(db::Tx& tx) {
  auto rows = tx.query("SELECT id FROM pod_identity");
  return rows.next() ? rows.uuid(0).value_or(Uuid()).to_string() : std::string();
}

bool has_texts(db::Tx& tx) {
  return tx.query("SELECT 1 FROM notes_data WHERE version > 0 LIMIT 1").next();
}

// Of PostgreSQL.
bool has_table(db::Tx& tx, std::string_view table) {
  auto rows = tx.query("SELECT to_regclass($1) IS NOT NULL", table);
  return rows.next() && rows.integer(0) != 0;
}

std::string path_of(const DataDirectory& directory) {
  return std::filesystem::path(directory.pod_id()).parent_path().string();
}

// Why the directory is not to be that of the database's pod; empty: it may be.
std::string refusal(const Known& of_database, const DataDirectory& directory, Texts texts) {
  const auto path = path_of(directory);
  const auto id_of_directory = DataDirectory::first_line(directory.pod_id());
  if (!id_of_directory.empty()) {
    if (id_of_directory == of_database.id) return {};
    return fmt::format(
        "The data directory {} is of another pod than the database. Set `database` as it was for "
        "this directory, or use another --data",
        path);
  }
  if (has_data(path)) {
    return fmt::format(
        "The data directory {} has an owner.key or content, but no pod.id which says that they "
        "belong to the database. Use another --data",
        path);
  }
  if (texts == Texts::kHereForAll && !of_database.id.empty()) {
    return fmt::format(
        "The pod in this database has its texts in files, and the data directory {0} does not say "
        "that these are there. Keep texts where all nodes reach them (content = \"s3\"), or make "
        "{0}/content a directory that all nodes share, and copy the pod.id of the first node to "
        "{0}/pod.id",
        path);
  }
  if (texts != Texts::kElsewhere && of_database.has_texts) {
    return fmt::format(
        "The texts of the pod in this database are in another data directory than {}, which is "
        "empty. Name that one (--data), or keep texts where all can reach them (content = \"s3\")",
        path);
  }
  return {};
}

bool is_refused(db::Tx& tx, const std::string& why) {
  if (!why.empty()) tx.abort({Code::kPreconditionFailed, why, nullptr});
  return !why.empty();
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

void check_data_directory(db::Tx& tx, const DataDirectory& directory, Texts texts) {
  // A pod that is on its way here, or has left: whoever looks for that tells it (engine_move.h).
  if (has_table(tx, "engine_move") && tx.query("SELECT 1 FROM engine_move").next()) return;
  // Each by itself: what was moved here has an id, and no read models until a pod has started.
  Known of_database;
  if (has_table(tx, "pod_identity")) of_database.id = id_of(tx);
  if (has_table(tx, "notes_data")) of_database.has_texts = has_texts(tx);
  if (tx.ok()) is_refused(tx, refusal(of_database, directory, texts));
}

Task<Result<>> enter_data_directory(db::Database& database, const DataDirectory& directory,
                                    Texts texts) {
  std::string id;
  const auto entered = co_await database.write([&, id_if_new = Uuid::v7()](db::Tx& tx) {
    const Known of_database{.id = id_of(tx), .has_texts = has_texts(tx)};
    if (!tx.ok() || is_refused(tx, refusal(of_database, directory, texts))) return;
    id = of_database.id;
    if (!id.empty()) return;
    tx.run("INSERT INTO pod_identity(one, id) VALUES (1, $1)", id_if_new);
    id = id_if_new.to_string();
  });
  if (!entered) co_return entered;
  if (DataDirectory::first_line(directory.pod_id()) == id) co_return Result<>{};
  co_return directory.write_secret(directory.pod_id(), id + "\n");
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
