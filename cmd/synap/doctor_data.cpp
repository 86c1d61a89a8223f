#include "synap/doctor_data.h"

#include <fmt/format.h>
#include <unistd.h>

#include <set>

#include "base/json.h"
#include "pod/data_directory.h"
#include "pod/features.h"
#include "synap/doctor_content.h"
#include "synap/doctor_database.h"
#include "synap/doctor_examples.h"

namespace synap::cli {
namespace {

using Status = Check::Status;
using Row = DoctorDatabase::Row;

Check check_pages(DoctorDatabase& database, const DataOptions& options) {
  const std::string how = options.is_deep ? "integrity_check" : "quick_check";
  std::string problem;
  auto done = database.each("PRAGMA " + how, [&](const Row& row) {
    problem += problem.empty() ? "" : "; ";
    problem += row[0];
  });
  if (!done) problem = done.error().message;
  if (problem != "ok") {
    return {"database", Status::kFail, "damaged: " + problem.substr(0, 500)};
  }
  return {"database", Status::kOk,
          fmt::format("{} finds nothing wrong{}{}", how,
                      options.is_pod_running
                          ? fmt::format("; read beside the pod (pid {}) that has it", options.pid)
                          : "",
                      options.is_deep ? "" : "; indexes are compared with --deep only")};
}

Check check_schema(DoctorDatabase& database) {
  std::set<std::string, std::less<>> known;
  for (const auto name : pod::migration_names()) known.emplace(name);
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

Check check_events(DoctorDatabase& database, const DataOptions& options) {
  Examples broken;
  Examples missing;
  std::string count = "0";
  auto done = database.each("SELECT coalesce(max(position), 0) FROM events",
                            [&](const Row& row) { count = row[0]; });
  if (done && options.is_deep) {
    std::int64_t expected = 1;
    done = database.each(
        "SELECT position, data, metadata FROM events ORDER BY position", [&](const Row& row) {
          const auto position = std::stoll(std::string(row[0]));
          if (position > expected) {
            missing.add(position == expected + 1 ? fmt::to_string(expected)
                                                 : fmt::format("{} to {}", expected, position - 1));
          }
          expected = position + 1;
          const bool is_json =
              parse_json(row[1]).has_value() && (row[2].empty() || parse_json(row[2]).has_value());
          if (!is_json) broken.add(std::string(row[0]));
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
            fmt::format("of {} events, the data of {} is damaged (position {})", count,
                        broken.count(), broken.text())};
  }
  return {"events", Status::kOk,
          fmt::format("{} events{}", count,
                      options.is_deep ? ", the data of each can be read"
                                      : "; their data is read with --deep only")};
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
  if (::access((options.data + "/synap.db").c_str(), F_OK) != 0) {
    return {{"database", Status::kOk, "there is none yet"}};
  }
  auto database = DoctorDatabase::open(options.data, options.is_pod_running);
  if (!database) {
    return {{"database", Status::kFail, "it cannot be opened: " + database.error().message}};
  }
  std::vector<Check> checks = {check_pages(**database, options)};
  checks.push_back(check_schema(**database));
  checks.push_back(check_content(**database, options));
  checks.push_back(check_events(**database, options));
  return checks;
}

}  // namespace synap::cli
