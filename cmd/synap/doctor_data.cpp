#include "synap/doctor_data.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "events/damage.h"
#include "pod/data_directory.h"
#include "pod/features.h"
#include "synap/doctor_content.h"
#include "synap/doctor_database.h"
#include "synap/doctor_examples.h"

namespace synap::cli {
namespace {

using Status = Check::Status;
using Row = DoctorDatabase::Row;

Check check_database(DoctorDatabase& database, const DataOptions& options) {
  const auto found = database.examine(options.is_deep);
  if (!found) {
    return {"database", Status::kFail, "damaged: " + found.error().message.substr(0, 500)};
  }
  const bool is_here = options.database.empty();
  return {"database", found->is_doubtful ? Status::kWarn : Status::kOk,
          found->what +
              (options.is_pod_running
                   ? fmt::format("; read beside the pod (pid {}) that has it", options.pid)
                   : "") +
              (options.is_deep || !is_here ? "" : "; indexes are compared with --deep only")};
}

Check check_schema(DoctorDatabase& database, const DataOptions& options) {
  std::set<std::string, std::less<>> known;
  for (const auto name : pod::migration_names(options.database)) known.emplace(name);
  std::set<std::string, std::less<>> retired;
  for (const auto& migration : pod::retired_migrations()) retired.emplace(migration.name);
  bool is_retired = false;
  Examples unknown;
  std::size_t count = 0;
  auto done =
      database.each("SELECT name FROM migrations ORDER BY applied_at, name", [&](const Row& row) {
        ++count;
        if (retired.contains(row[0])) is_retired = true;
        if (!known.contains(row[0])) unknown.add(std::string(row[0]));
      });
  if (!done) return {"schema", Status::kFail, "it cannot be read: " + done.error().message};
  if (is_retired) {
    return {"schema", Status::kFail,
            "made by Synap 0.1.0, whose data directories are not read any more; make a new one"};
  }
  if (unknown.count() > 0) {
    return {"schema", Status::kFail,
            fmt::format("made by a newer synap ({}); this one must not write it", unknown.text())};
  }
  if (count < known.size()) {
    return {"schema", Status::kOk,
            fmt::format("of an older synap; the next start adds {} changes", known.size() - count)};
  }
  return {"schema", Status::kOk, "of this version"};
}

// "018f…-…" of 32 hexadecimal digits; anything else as it is.
std::string id_text(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (hex.size() == 32 && (i == 8 || i == 12 || i == 16 || i == 20)) text += '-';
    text += hex[i] >= 'A' && hex[i] <= 'F' ? static_cast<char>(hex[i] | 0x20) : hex[i];
  }
  return text;
}

// What names a row of a read model for people.
std::string key_of(const DoctorDatabase& database, std::string_view table) {
  if (table.ends_with("_versions_data")) {
    return database.hex("entity") + " || ' version ' || version";
  }
  return database.hex("id");
}

bool is_state_of_note(std::string_view state) {
  static constexpr std::array<std::string_view, 3> kStates = {"creating", "live", "deleting"};
  return std::ranges::find(kStates, state) != kStates.end();
}

Check check_events(DoctorDatabase& database, const DataOptions& options) {
  Examples broken;
  Examples missing;
  std::string count = "0";
  auto done = database.each("SELECT coalesce(max(position), 0) FROM events",
                            [&](const Row& row) { count = row[0]; });
  if (done && options.is_deep) {
    std::int64_t expected = 1;
    done = database.each(
        fmt::format(
            "SELECT position, data, metadata, {}, content_hash, salt, CASE WHEN salt IS NULL "
            "THEN 1 ELSE 0 END FROM events ORDER BY position",
            database.hex("id")),
        [&](const Row& row) {
          const auto position = std::stoll(std::string(row[0]));
          if (position > expected) {
            missing.add(position == expected + 1 ? fmt::to_string(expected)
                                                 : fmt::format("{} to {}", expected, position - 1));
          }
          expected = position + 1;
          events::EventFields event;
          event.data = row[1];
          event.metadata = row[2];
          const bool is_erased = row[6] == "1";
          const events::StoredProof proof{.salt = is_erased ? std::nullopt : std::optional(row[5]),
                                          .content_hash = row[4]};
          if (!events::has_content(event, proof)) {
            broken.add(fmt::format("position {}, id {}", row[0], id_text(row[3])));
          }
        });
  }
  if (!done) return {"events", Status::kFail, "they cannot be read: " + done.error().message};
  if (missing.count() > 0) {
    return {"events", Status::kFail,
            fmt::format("of {} events, some are not there any more (position {})", count,
                        missing.text())};
  }
  if (broken.count() > 0) {
    return {"events", Status::kFail,
            fmt::format("of {} events, the data of {} is damaged ({})", count, broken.count(),
                        broken.text())};
  }
  return {"events", Status::kOk,
          fmt::format("{} events{}", count,
                      options.is_deep ? ", the data of each is what was recorded"
                                      : "; their data is read with --deep only")};
}

// The columns of read models that hold JSON, and those that hold one of a few words. What is wrong
// in others is found by comparison with the log: synap projections verify.
Check check_rows(DoctorDatabase& database) {
  auto columns = database.columns_of_data("data");
  const auto states = database.columns_of_data("state");
  if (!columns || !states) {
    return {"rows", Status::kFail,
            "they cannot be read: " + (columns ? states.error() : columns.error()).message};
  }
  for (const auto& column : *states) {
    if (column.table == "notes_data") columns->push_back(column);
  }
  Result<> done;
  Examples damaged;
  std::int64_t count = 0;
  for (const auto& column : *columns) {
    if (!done) break;
    const bool is_state = column.name == "state";
    // A note that is not made yet has no data.
    const auto unmade = column.table == "notes_data" && !is_state ? " WHERE version > 0" : "";
    done = database.each(
        fmt::format("SELECT {0}, {1} FROM {2}{3}", key_of(database, column.table), column.name,
                    column.table, unmade),
        [&](const Row& row) {
          ++count;
          const auto json = is_state ? Result<Json>() : parse_json(row[1]);
          const bool is_fine = is_state ? is_state_of_note(row[1]) : json && json->is_object();
          if (!is_fine) {
            damaged.add(fmt::format("{} of {} {}", column.name, column.table, id_text(row[0])));
          }
        });
  }
  if (!done) return {"rows", Status::kFail, "they cannot be read: " + done.error().message};
  if (damaged.count() > 0) {
    return {"rows", Status::kFail,
            fmt::format("{} rows of read models are damaged ({}); the log has what they said: "
                        "synap projections rebuild makes them again",
                        damaged.count(), damaged.text())};
  }
  return {"rows", Status::kOk, fmt::format("{} values of read models can be read", count)};
}

}  // namespace

std::vector<Check> check_data(const DataOptions& options) {
  if (const auto why = unreadable(options.data); !why.empty()) {
    return {{"database", Status::kFail, why}};
  }
  if (pod::has_lost_its_database(options.data)) {
    return {{"database", Status::kFail,
             "synap.db is missing or empty, beside content or an owner.key that belong to it; put "
             "it back from a backup"}};
  }
  const bool is_on_server = pod::has_pod_id(options.data);
  if (is_on_server && options.database.empty()) {
    return {{"database", Status::kWarn,
             "it is on a server, and was not looked at: --config FILE, or SYNAP_DATABASE, as the "
             "pod has it, says where it is"}};
  }
  if (!is_on_server && ::access((options.data + "/synap.db").c_str(), F_OK) != 0) {
    return {{"database", Status::kOk, "there is none yet"}};
  }
  auto database = is_on_server ? DoctorDatabase::open_on_server(options.database)
                               : DoctorDatabase::open(options.data, options.is_pod_running);
  if (!database) {
    return {{"database", Status::kFail, "it cannot be opened: " + database.error().message}};
  }
  std::vector<Check> checks = {check_database(**database, options)};
  checks.push_back(check_schema(**database, options));
  checks.push_back(check_content(**database, options));
  checks.push_back(check_events(**database, options));
  if (options.is_deep) checks.push_back(check_rows(**database));
  return checks;
}

}  // namespace synap::cli
